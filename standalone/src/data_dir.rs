//! The data folder: created if it is missing, and held by one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use common::data_folder::{ARCHIVE, LOCK, REPORT};
use thiserror::Error;

/// The data folder if none is named.
pub(crate) const DEFAULT: &str = "./spillway-data";

/// A folder that belongs to this process until it ends, however it ends.
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the folder cannot be used.
#[derive(Debug, Error)]
pub(crate) enum DataDirError {
    #[error(
        "the data folder {0} is in use by another spillway (process {1}); stop it, or choose \
         another folder with DATA_DIR"
    )]
    InUse(PathBuf, String),
    #[error("cannot use the data folder {0}; choose another one with DATA_DIR")]
    Io(PathBuf, #[source] io::Error),
}

impl DataDir {
    /// Creates the folder if it is missing, and locks it.
    pub(crate) fn hold(path: &Path) -> Result<Self, DataDirError> {
        let failed = |error| DataDirError::Io(path.to_owned(), error);
        std::fs::create_dir_all(path).map_err(failed)?;
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

    /// The report that the server keeps up to date.
    pub(crate) fn report(&self) -> PathBuf {
        self.path.join(REPORT)
    }
}

/// Writes down which process holds the lock.
fn sign(mut lock: &File) -> io::Result<()> {
    lock.set_len(0)?;
    writeln!(lock, "{}", std::process::id())
}

fn in_use(path: &Path) -> DataDirError {
    let holder = std::fs::read_to_string(path.join(LOCK)).unwrap_or_default();
    DataDirError::InUse(path.to_owned(), holder.trim().to_owned())
}

/// Whether a process holds the folder. If none does, this takes the lock for a moment.
pub(crate) fn is_held(path: &Path) -> bool {
    let lock = File::open(path.join(LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
