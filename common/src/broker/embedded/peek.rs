//! Reading the queue of a running server from another process.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::error::QueueError;
use super::table::{Archivable, Unarchived, to_archive};
use crate::data_folder::QUEUE;
use crate::sqlite::{self, SqliteError};

/// A queue that is only read.
pub struct Peek {
    connection: Connection,
}

/// The messages that the `work` subscription had at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InWork {
    /// The ids of these messages.
    pub ids: HashSet<i64>,
    /// The greatest id so far. Messages with greater ids came later.
    pub last: i64,
}

impl InWork {
    /// Whether the message may still be in progress.
    pub fn may_have(&self, id: i64) -> bool {
        id > self.last || self.ids.contains(&id)
    }
}

impl Peek {
    /// Opens the queue in `folder`; it must exist.
    pub fn open(folder: &Path) -> Result<Self, QueueError> {
        let connection = sqlite::look_at(&folder.join(QUEUE)).map_err(failed)?;
        Ok(Self { connection })
    }

    /// The messages that are in progress now.
    pub fn in_work(&self) -> Result<InWork, QueueError> {
        // The last id is read first: messages that arrive in between have greater ids.
        let last = "SELECT seq FROM sqlite_sequence WHERE name = 'messages'";
        let last = self.connection.query_row(last, [], |row| row.get(0)).optional();
        let ids = self.ids().map_err(failed)?;
        Ok(InWork { ids, last: last.map_err(failed)?.unwrap_or(0) })
    }

    /// All messages that are not in the archive yet.
    pub fn to_archive(&self) -> Result<Vec<Archivable>, QueueError> {
        let all = Unarchived::default();
        to_archive(&self.connection, &all, usize::MAX, usize::MAX).map_err(QueueError)
    }

    fn ids(&self) -> Result<HashSet<i64>, rusqlite::Error> {
        let mut statement = self.connection.prepare("SELECT id FROM messages WHERE work")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }
}

fn failed(error: rusqlite::Error) -> QueueError {
    QueueError(SqliteError::from(error))
}
