//! The folders of the archive, each on disk before anything in it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Creates the archive's folder, so that it can be read from the start.
pub(crate) fn prepare(root: &Path) -> io::Result<()> {
    make(root, root)
}

/// Creates `folder` and its parents below `root`, and syncs each to disk before its children.
pub(super) fn make(root: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|_| folder != root);
    if let Some(parent) = parent {
        make(root, parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(folder.parent().unwrap_or(root)),
    }
}

/// Syncs the names in a folder to disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a relative path of one name is the empty path.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}
