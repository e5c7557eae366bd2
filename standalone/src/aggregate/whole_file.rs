//! Files that readers always see whole, either the old or the new version.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

/// Writes beside `path` and then renames. Creates the folder if it is missing.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".tmp");
    let (folder, beside) = (path.with_file_name(""), path.with_file_name(name));
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(&folder)?;
    }
    let mut file = BufWriter::new(File::create(&beside)?);
    write(&mut file)?;
    file.flush()?;
    file.get_ref().sync_all()?;
    fs::rename(beside, path)
}
