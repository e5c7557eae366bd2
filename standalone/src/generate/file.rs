//! The file of the events, one JSON object a line.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use serde_json::Value;

/// Written beside the file and then renamed: whoever reads it, reads all of it.
pub(super) fn write(out: &Path, events: impl Iterator<Item = Value>) -> io::Result<()> {
    // Renaming would put a file in the place of a device, such as /dev/stdout.
    if fs::metadata(out).is_ok_and(|known| !known.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    let mut beside = out.as_os_str().to_owned();
    beside.push(".partial");
    let beside = Path::new(&beside);
    let written = fill(beside, events).and_then(|()| fs::rename(beside, out));
    if written.is_err() {
        drop(fs::remove_file(beside));
    }
    written
}

fn fill(path: &Path, mut events: impl Iterator<Item = Value>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    events.try_for_each(|event| writeln!(file, "{event}"))?;
    file.into_inner()?.sync_all()
}
