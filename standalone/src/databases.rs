//! The two databases of a data folder: the queue and the documents.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::broker::embedded::{EmbeddedQueue, Inbox, Peek, QueueError, QueueOptions};
use common::data_folder::{DOCUMENTS, QUEUE};
use common::message;
use common::store::StoreError;
use common::store::embedded::{EmbeddedStore, Snapshot};
use thiserror::Error;

/// A database could not be opened.
#[derive(Debug, Error)]
pub(crate) enum DatabaseError {
    #[error(
        "cannot open the queue {0}; if the file is damaged, restore it from a backup, or move it \
         away and run `spillway replay` to publish the archived messages again"
    )]
    Queue(PathBuf, #[source] QueueError),
    #[error(
        "cannot open the store {0}; if the file is damaged, restore it from a backup, or move it \
         away and run `spillway replay` to store the archived messages again"
    )]
    Documents(PathBuf, #[source] StoreError),
}

/// Opens the queue that this process serves, and creates it if it is missing.
pub(crate) fn queue(
    folder: &Path,
    options: QueueOptions,
) -> Result<Arc<EmbeddedQueue>, DatabaseError> {
    EmbeddedQueue::open(folder, options).map_err(in_queue(folder))
}

/// Opens the queue to publish into it, whether or not another process serves it.
pub(crate) fn inbox(folder: &Path) -> Result<Inbox, DatabaseError> {
    Inbox::open(folder, message::flow).map_err(in_queue(folder))
}

/// Opens the queue to look at it.
pub(crate) fn peek(folder: &Path) -> Result<Peek, DatabaseError> {
    Peek::open(folder).map_err(in_queue(folder))
}

/// Opens the store, and creates it if it is missing.
pub(crate) fn store(folder: &Path) -> Result<EmbeddedStore, DatabaseError> {
    EmbeddedStore::open(folder).map_err(in_documents(folder))
}

/// The documents as they are now.
pub(crate) fn snapshot(folder: &Path) -> Result<Snapshot, DatabaseError> {
    Snapshot::open(folder).map_err(in_documents(folder))
}

/// Whether the folder holds a store.
pub(crate) fn has_store(folder: &Path) -> bool {
    folder.join(DOCUMENTS).is_file()
}

fn in_queue(folder: &Path) -> impl FnOnce(QueueError) -> DatabaseError {
    |error| DatabaseError::Queue(folder.join(QUEUE), error)
}

fn in_documents(folder: &Path) -> impl FnOnce(StoreError) -> DatabaseError {
    |error| DatabaseError::Documents(folder.join(DOCUMENTS), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damaged(name: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let noise: Vec<u8> = (0..8_192_u32).map(|n| (n % 251) as u8).collect();
        std::fs::write(folder.path().join(name), noise).expect("written");
        folder
    }

    fn assert_named(error: &DatabaseError, folder: &Path, name: &str) {
        let told = error.to_string();
        assert!(told.contains(&folder.join(name).display().to_string()), "{told}");
        assert!(told.contains("spillway replay"), "{told}");
    }

    #[test]
    fn a_damaged_store_is_named_with_what_to_do() {
        let folder = damaged(DOCUMENTS);
        for opened in [store(folder.path()).map(drop), snapshot(folder.path()).map(drop)] {
            assert_named(&opened.expect_err("it is damaged"), folder.path(), DOCUMENTS);
        }
    }

    #[test]
    fn a_damaged_queue_is_named_with_what_to_do() {
        let folder = damaged(QUEUE);
        let options = QueueOptions::unbounded(std::time::Duration::from_secs(1), message::flow);
        for opened in [queue(folder.path(), options).map(drop), inbox(folder.path()).map(drop)] {
            assert_named(&opened.expect_err("it is damaged"), folder.path(), QUEUE);
        }
    }
}
