//! Writes events as text, one JSON object per line.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::Value;

/// Writes the events to standard output.
pub(super) fn print(events: impl Iterator<Item = Value>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    lines(&mut out, events)?;
    out.flush()
}

/// Writes the events beside `out` and then renames the file, so that nobody reads half of it.
pub(super) fn write(out: &Path, events: impl Iterator<Item = Value>) -> io::Result<()> {
    // Renaming would replace a link itself. `/dev/stdout` is one, and may lead to a file.
    if fs::symlink_metadata(out).is_ok_and(|known| !known.is_file()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a link, folder or device; use - for standard output",
        ));
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

fn lines(out: &mut impl Write, mut events: impl Iterator<Item = Value>) -> io::Result<()> {
    events.try_for_each(|event| writeln!(out, "{event}"))
}

fn fill(path: &Path, events: impl Iterator<Item = Value>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    lines(&mut file, events)?;
    file.into_inner()?.sync_all()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_a_link_to_a_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").expect("a file");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        assert!(write(&link, std::iter::once(json!(1))).is_err());
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
        write(&file, [json!(1), json!(2)].into_iter()).expect("written");
        assert_eq!(fs::read_to_string(&file).expect("the file"), "1\n2\n");
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 2);
    }
}
