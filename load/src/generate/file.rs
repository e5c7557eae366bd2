//! The file of the events, one JSON object a line.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use serde_json::Value;

/// Written beside the file and then renamed: whoever reads it, reads all of it.
pub(super) fn write(out: &Path, events: impl Iterator<Item = Value>) -> io::Result<()> {
    // Renaming replaces a link itself, and /dev/stdout is one, which may even lead to a file.
    if fs::symlink_metadata(out).is_ok_and(|known| !known.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a link, folder or device"));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_a_link_to_one_never() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "what was there before").expect("a file");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        assert!(write(&link, std::iter::once(json!(1))).is_err());
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
        write(&file, [json!(1), json!(2)].into_iter()).expect("it is written");
        assert_eq!(fs::read_to_string(&file).expect("the file"), "1\n2\n");
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 2);
    }
}
