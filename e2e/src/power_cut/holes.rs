//! Lines of the archive that a power cut has left damaged.
//!
//! Messages are appended to a file, and are in the archive once the `fsync` after that has ended. A cut in
//! between may leave the end of what was appended, and zeros in place of its beginning. The next start cuts
//! off a last line without an end, but not a line with zeros that others follow. Such lines stay. Nothing
//! is missing: their messages are in the queue, and are archived again.

use std::fs;
use std::io;
use std::path::Path;

/// How many lines of the archive have zeros in them, which no whole line has.
pub(super) fn count(archive: &Path) -> io::Result<usize> {
    if !archive.is_dir() {
        let content = fs::read(archive)?;
        let lines = content.split(|byte| *byte == b'\n');
        return Ok(lines.filter(|line| line.contains(&0)).count());
    }
    fs::read_dir(archive)?.map(|entry| count(&entry?.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_zeros_are_counted_in_all_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("tenant").join("day");
        fs::create_dir_all(&below).expect("folders");
        fs::write(below.join("1.ndjson"), b"whole\n\0\0torn\nwhole\nto\0rn\n").expect("written");
        fs::write(below.join("2.ndjson"), b"whole\n").expect("written");
        assert_eq!(count(folder.path()).expect("read"), 2);
    }
}
