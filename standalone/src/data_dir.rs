//! The data folder: made where it is missing, and held by one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use common::data_folder::LOCK;
use thiserror::Error;

/// A folder that is this process's own until it ends, however it ends.
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the folder cannot be used.
#[derive(Debug, Error)]
pub(crate) enum DataDirError {
    #[error(
        "the data folder {0} is in use by another spillway (process {1}); stop that one, or \
             choose another folder with DATA_DIR"
    )]
    InUse(PathBuf, String),
    #[error("the data folder {0} cannot be used")]
    Io(PathBuf, #[source] io::Error),
}

impl DataDir {
    /// Makes the folder, and takes the lock in it.
    pub(crate) fn hold(path: &Path) -> Result<Self, DataDirError> {
        let failed = |error| DataDirError::Io(path.to_owned(), error);
        std::fs::create_dir_all(path).map_err(failed)?;
        let lock_path = path.join(LOCK);
        let mut options = OpenOptions::new();
        let mut lock =
            options.create(true).truncate(false).write(true).open(&lock_path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&lock_path).unwrap_or_default();
                return Err(DataDirError::InUse(path.to_owned(), holder.trim().to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        lock.set_len(0).map_err(failed)?;
        writeln!(lock, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether a process holds the folder. Asking takes the lock for a moment where nobody does.
pub(crate) fn is_held(path: &Path) -> bool {
    let lock = File::open(path.join(LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
