//! The data folder: created if it is missing, private to its user, and held by one process at a time.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use common::data_folder::{ARCHIVE, DOCUMENTS, LOCK, QUEUE, REPORT, ROWS, RUNNING_TOTALS};
use rustix::fs::Mode;
use rustix::process::umask;
use thiserror::Error;

/// The data folder if none is named.
pub(crate) const DEFAULT: &str = "./spillway-data";

/// A folder that belongs to this process until it ends, however it ends.
pub(crate) struct HeldFolder {
    path: PathBuf,
    _lock: File,
}

/// Why the folder cannot be used.
#[derive(Debug, Error)]
pub(crate) enum HeldFolderError {
    #[error(
        "the data folder {0} is in use by another spillway (process {1}); stop it, or choose \
         another folder with DATA_DIR"
    )]
    InUse(PathBuf, String),
    #[error("cannot use the data folder {0}; choose another one with DATA_DIR")]
    Io(PathBuf, #[source] io::Error),
}

impl HeldFolder {
    /// Creates the folder if it is missing, and locks it. From now on, what this process creates is
    /// private.
    pub(crate) fn hold(path: &Path) -> Result<Self, HeldFolderError> {
        let failed = |error| HeldFolderError::Io(path.to_owned(), error);
        prepare(path).map_err(failed)?;
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        sign(&lock).map_err(failed)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The raw archive.
    pub(crate) fn archive(&self) -> PathBuf {
        self.path.join(ARCHIVE)
    }

    /// The counts of the archive so far.
    pub(crate) fn running_totals(&self) -> PathBuf {
        self.path.join(RUNNING_TOTALS)
    }

    /// The report that the server keeps up to date.
    pub(crate) fn report(&self) -> PathBuf {
        self.path.join(REPORT)
    }

    /// The same counts as rows.
    pub(crate) fn rows(&self) -> PathBuf {
        self.path.join(ROWS)
    }
}

/// Creates the folder if it is missing, for its user only. From now on, what this process creates is
/// private: SQLite and the archive take their modes from the umask. A folder that somebody else made
/// keeps its mode, since it may hold more than this.
pub(crate) fn prepare(path: &Path) -> io::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    fs::create_dir_all(path)?;
    let parts = ["", "-wal", "-shm"];
    let files = [QUEUE, DOCUMENTS].into_iter().flat_map(|name| parts.map(|part| (name, part)));
    files.map(|(name, part)| path.join(format!("{name}{part}"))).try_for_each(|file| close(&file))
}

/// Removes other users' rights to a file of an earlier version.
fn close(file: &Path) -> io::Result<()> {
    match fs::set_permissions(file, Permissions::from_mode(0o600)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes down which process holds the lock.
fn sign(mut lock: &File) -> io::Result<()> {
    lock.set_len(0)?;
    writeln!(lock, "{}", std::process::id())
}

fn in_use(path: &Path) -> HeldFolderError {
    let holder = fs::read_to_string(path.join(LOCK)).unwrap_or_default();
    HeldFolderError::InUse(path.to_owned(), holder.trim().to_owned())
}

/// Whether a process holds the folder. If none does, this takes the lock for a moment.
pub(crate) fn is_held(path: &Path) -> bool {
    let lock = File::open(path.join(LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use common::broker::embedded::QueueOptions;
    use common::message;

    use super::*;
    use crate::{archive, databases};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    fn fill(folder: &HeldFolder) {
        let options = QueueOptions::unbounded(Duration::from_secs(1), message::flow);
        let _queue = databases::queue(folder.path(), options).expect("a queue");
        let _store = databases::store(folder.path()).expect("a store");
        archive::prepare(&folder.archive()).expect("an archive");
        for entry in fs::read_dir(folder.path()).expect("the folder") {
            let path = entry.expect("an entry").path();
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), expected, "{}", path.display());
        }
    }

    #[test]
    fn the_folder_and_its_files_are_private() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("data");
        let folder = HeldFolder::hold(&path).expect("held");
        fill(&folder);
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn files_of_an_earlier_version_become_private_and_a_folder_of_somebody_else_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
        set(folder.path(), 0o755).expect("set");
        for name in [QUEUE, DOCUMENTS] {
            let path = folder.path().join(name);
            File::create(&path).expect("a file");
            set(&path, 0o644).expect("set");
        }
        fill(&HeldFolder::hold(folder.path()).expect("held"));
        assert_eq!(mode(folder.path()), 0o755);
    }
}
