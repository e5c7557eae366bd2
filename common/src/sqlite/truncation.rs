//! Empties SQLite's log from time to time, so that what was deleted or overwritten does not stay
//! readable in it.

use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// The longest time from a write until the log is emptied. SQLite by itself only overwrites the
/// log, and only once it has grown. With a shorter time, a database that is seldom written would
/// spend more fsyncs on this than on its writes.
const WITHIN: Duration = Duration::from_secs(5);
/// The longest time that the writer waits for reads that still use the log. If they take longer, it
/// tries again after [`WITHIN`].
const PATIENCE: Duration = Duration::from_millis(100);

/// When the log is emptied next.
pub(super) struct Truncation {
    /// `None` while nothing was written.
    due: Option<Instant>,
    /// How long the connection's other statements wait for a lock.
    busy_timeout: Duration,
}

impl Truncation {
    /// An earlier run may have left a log.
    pub(super) fn at_the_start(busy_timeout: Duration) -> Self {
        Self { due: Some(Instant::now() + WITHIN), busy_timeout }
    }

    /// Waits for the next job. `None` means that it is time to empty the log, and no job came before.
    pub(super) fn receive<T>(&self, jobs: &Receiver<T>) -> Result<Option<T>, RecvError> {
        let Some(due) = self.due else {
            return jobs.recv().map(Some);
        };
        match jobs.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(job) => Ok(Some(job)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(RecvError),
        }
    }

    /// Notes that something was written.
    pub(super) fn written(&mut self) {
        self.due.get_or_insert_with(|| Instant::now() + WITHIN);
    }

    /// Empties the log if it is time.
    pub(super) fn run_if_due(&mut self, connection: &Connection) {
        if self.due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        let is_empty = self.truncate(connection).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot empty the log of a database; retrying later");
            false
        });
        self.due = (!is_empty).then(|| Instant::now() + WITHIN);
    }

    /// False if a read still used the log.
    fn truncate(&self, connection: &Connection) -> Result<bool, rusqlite::Error> {
        connection.busy_timeout(PATIENCE)?;
        let busy =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        connection.busy_timeout(self.busy_timeout)?;
        Ok(busy? == 0)
    }
}
