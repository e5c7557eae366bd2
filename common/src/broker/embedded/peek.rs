//! A look into the queue of a running server, from another process.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::error::QueueError;
use super::table::{Archivable, to_archive};
use crate::data_folder::QUEUE;
use crate::sqlite::{self, SqliteError};

/// A queue that is only looked at.
pub struct Peek {
    connection: Connection,
}

/// What the `work` subscription had to do at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InWork {
    /// The messages that were there.
    pub ids: HashSet<i64>,
    /// The greatest id of all that had come; a greater one came later.
    pub last: i64,
}

impl InWork {
    /// Whether the message may still be in work, for all that was seen.
    pub fn may_have(&self, id: i64) -> bool {
        id > self.last || self.ids.contains(&id)
    }
}

impl Peek {
    /// Opens the queue in `folder`, where there has to be one.
    pub fn open(folder: &Path) -> Result<Self, QueueError> {
        let connection = sqlite::look_at(&folder.join(QUEUE)).map_err(failed)?;
        Ok(Self { connection })
    }

    /// What is in work.
    pub fn in_work(&self) -> Result<InWork, QueueError> {
        // First the last one: what comes in between has a greater id.
        let last = "SELECT seq FROM sqlite_sequence WHERE name = 'messages'";
        let last = self.connection.query_row(last, [], |row| row.get(0)).optional();
        let ids = self.ids().map_err(failed)?;
        Ok(InWork { ids, last: last.map_err(failed)?.unwrap_or(0) })
    }

    /// What is still on its way to the archive.
    pub fn to_archive(&self) -> Result<Vec<Archivable>, QueueError> {
        to_archive(&self.connection, usize::MAX, usize::MAX).map_err(QueueError)
    }

    fn ids(&self) -> Result<HashSet<i64>, rusqlite::Error> {
        let mut statement = self.connection.prepare("SELECT id FROM messages WHERE work")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }
}

fn failed(error: rusqlite::Error) -> QueueError {
    QueueError(SqliteError::from(error))
}
