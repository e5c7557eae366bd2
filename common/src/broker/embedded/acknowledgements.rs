//! Acknowledgements that come while the writer is busy are written together. They have no hurry: a message
//! whose acknowledgement is lost is delivered again, and changes nothing. So they share the fsync of a
//! publish where one comes.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::table;
use crate::sqlite::{Database, SqliteError, When};

/// Acknowledgements that are not written yet.
#[derive(Clone, Default)]
pub(super) struct Acknowledgements {
    waiting: Arc<Mutex<Batch>>,
}

/// The messages, and who waits for them.
#[derive(Default)]
struct Batch {
    ids: Vec<i64>,
    senders: Vec<oneshot::Sender<Result<(), SqliteError>>>,
}

impl Acknowledgements {
    /// Returns when the end of the work on the message is on disk.
    pub(super) async fn write(&self, database: &Database, id: i64) -> Result<(), SqliteError> {
        let (sender, written) = oneshot::channel();
        if self.add(id, sender) {
            self.enqueue(database);
        }
        written.await.map_err(|_| SqliteError::Closed)?
    }

    /// True for the first one of a batch.
    fn add(&self, id: i64, sender: oneshot::Sender<Result<(), SqliteError>>) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.ids.push(id);
        waiting.senders.push(sender);
        waiting.ids.len() == 1
    }

    fn take(&self) -> Batch {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The batch is closed when the writer comes to it. A transaction that cannot begin takes no
    /// acknowledgements, so its answer goes to all that wait by then.
    fn enqueue(&self, database: &Database) {
        let taken = Arc::<Mutex<Option<Batch>>>::default();
        let (acknowledgements, batch) = (self.clone(), Arc::clone(&taken));
        let finish = move |db: &Connection| -> Result<(), SqliteError> {
            let taken = acknowledgements.take();
            let result =
                taken.ids.iter().try_for_each(|id| table::finish(db, *id, "work", "archive"));
            *batch.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
            result
        };
        let acknowledgements = self.clone();
        database.enqueue(When::Soon, finish, move |result: Result<(), SqliteError>| {
            let taken = taken.lock().unwrap_or_else(PoisonError::into_inner).take();
            let batch = taken.unwrap_or_else(|| acknowledgements.take());
            batch.senders.into_iter().for_each(|sender| drop(sender.send(result.clone())));
        });
    }
}
