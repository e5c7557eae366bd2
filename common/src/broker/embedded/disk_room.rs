//! Whether the disk has room to accept more.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::broker::PublishError;

/// Free disk space, in bytes, below which nothing more is accepted. It leaves room to finish the
/// messages in the queue.
pub const MIN_FREE_BYTES: u64 = 256 << 20;
/// How long the disk is known to have room. What is accepted meanwhile is a fraction of what is left
/// free, and to ask at every request costs as much as to read one.
const KNOWN_FOR: Duration = Duration::from_millis(50);

/// The room on the disk of a folder.
pub(super) struct DiskRoom {
    folder: PathBuf,
    min_free_bytes: u64,
    /// When it was last found to be enough.
    found: Mutex<Option<Instant>>,
}

impl DiskRoom {
    /// There is room while the disk of `folder` has so much free.
    pub(super) fn new(folder: PathBuf, min_free_bytes: u64) -> Self {
        Self { folder, min_free_bytes, found: Mutex::default() }
    }

    /// Fails with [`PublishError::Full`] if there is no room.
    pub(super) fn check(&self) -> Result<(), PublishError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.is_some_and(|at| at.elapsed() < KNOWN_FOR) {
            return Ok(());
        }
        *found = None;
        self.ask()?;
        *found = Some(Instant::now());
        Ok(())
    }

    fn ask(&self) -> Result<(), PublishError> {
        let disk = rustix::fs::statvfs(&self.folder)
            .map_err(|error| PublishError::Unavailable(error.into()))?;
        if disk.f_bavail * disk.f_frsize < self.min_free_bytes {
            return Err(PublishError::Full("the disk is nearly full"));
        }
        Ok(())
    }
}
