//! The queue's table and its SQL statements.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::schedule::{Flow, Lane, Schedule};
use crate::broker::Message;
use crate::sqlite::SqliteError;

pub(super) const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    work INTEGER NOT NULL DEFAULT 1,
    archive INTEGER NOT NULL DEFAULT 1,
    attributes TEXT NOT NULL,
    data BLOB NOT NULL
);
DROP INDEX IF EXISTS to_work;
CREATE INDEX IF NOT EXISTS to_archive ON messages (id) WHERE archive;
CREATE INDEX IF NOT EXISTS to_adopt ON messages (id) WHERE work = 2;";

/// The value of `work` for messages that the serving process knows.
pub(super) const KNOWN: i64 = 1;
/// The value of `work` for messages from other processes, until [`adopt`] finds them.
pub(super) const FOREIGN: i64 = 2;
/// Most messages that are adopted at once.
const ADOPTED: i64 = 10_000;

/// A message for the archive.
#[derive(Debug)]
pub struct Archivable {
    /// The message's number in the queue. Numbers grow with time and are not reused.
    pub id: i64,
    /// The message.
    pub message: Message,
}

/// The messages that the archive has not taken yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unarchived {
    /// Only messages with greater numbers.
    pub after: i64,
    /// Only messages of this tenant.
    pub tenant: Option<String>,
}

pub(super) fn pending(path: &Path, ack_deadline: Duration) -> Result<Schedule, rusqlite::Error> {
    let db = Connection::open(path)?;
    let mut statement =
        db.prepare("SELECT id, attempts, lane, tenant FROM messages WHERE work = 1 ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut schedule = Schedule::new(ack_deadline);
    while let Some(row) = rows.next()? {
        let (id, attempts, flow) = scheduled(row)?;
        schedule.add(&flow, id, attempts);
    }
    Ok(schedule)
}

/// A value that this code would not write is read as none: a damaged row must not stop the others.
fn scheduled(row: &Row<'_>) -> rusqlite::Result<(i64, u32, Flow)> {
    let lane = Lane::numbered(row.get(2).unwrap_or_default());
    let tenant = row.get(3).unwrap_or_default();
    Ok((row.get(0)?, row.get(1).unwrap_or(0), Flow { lane, tenant }))
}

pub(super) fn has_foreign(db: &Connection) -> Result<bool, SqliteError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM messages WHERE work = 2)";
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

pub(super) fn adopt(db: &Connection) -> Result<Vec<(i64, u32, Flow)>, SqliteError> {
    let sql = "SELECT id, attempts, lane, tenant FROM messages WHERE work = 2 ORDER BY id LIMIT ?";
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map([ADOPTED], scheduled)?;
    let found: Vec<_> = found.collect::<Result<_, _>>()?;
    let last = found.last().map_or(0, |(id, ..)| *id);
    let update = "UPDATE messages SET work = ? WHERE work = 2 AND id <= ?";
    db.prepare_cached(update)?.execute([KNOWN, last])?;
    Ok(found)
}

pub(super) fn to_archive(
    db: &Connection,
    which: &Unarchived,
    most: usize,
    bytes: usize,
) -> Result<Vec<Archivable>, SqliteError> {
    let sql = "SELECT id, attributes, data FROM messages
        WHERE archive AND id > ?1 AND (?2 IS NULL OR tenant = ?2) ORDER BY id";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![which.after, which.tenant])?;
    let (mut found, mut size) = (Vec::new(), 0);
    while found.len() < most && size < bytes {
        let Some(row) = rows.next()? else { break };
        let message = message(row)?;
        size += message.size();
        found.push(Archivable { id: row.get(0)?, message });
    }
    Ok(found)
}

pub(super) fn insert(
    db: &Connection,
    flow: &Flow,
    message: &Message,
    work: i64,
) -> Result<i64, SqliteError> {
    let sql = "INSERT INTO messages (lane, tenant, attributes, data, work) VALUES (?, ?, ?, ?, ?)";
    let attributes = serde_json::json!(message.attributes).to_string();
    let row = params![flow.lane.number(), flow.tenant, attributes, message.data, work];
    db.prepare_cached(sql)?.execute(row)?;
    Ok(db.last_insert_rowid())
}

pub(super) fn read(db: &Connection, ids: &[i64]) -> Result<Vec<Option<Message>>, SqliteError> {
    let sql = "SELECT id, attributes, data FROM messages WHERE id = ? AND work";
    let mut statement = db.prepare_cached(sql)?;
    ids.iter().map(|id| Ok(statement.query_row([id], message).optional()?)).collect()
}

/// A damaged row becomes a message without the unreadable values. Nothing can process it, so it
/// ends up in quarantine and holds up no other message.
fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let attributes = bytes(row, 1)?.and_then(|json| serde_json::from_slice(json).ok());
    if attributes.is_none() {
        let id: i64 = row.get(0)?;
        tracing::error!(id, "a message in the queue is damaged");
    }
    let data = bytes(row, 2)?.unwrap_or_default().to_vec();
    Ok(Message { data, attributes: attributes.unwrap_or_default() })
}

/// `None` if the value is neither a text nor a blob.
fn bytes<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<Option<&'r [u8]>> {
    Ok(row.get_ref(column)?.as_bytes_or_null().ok().flatten())
}

/// Marks one subscription as done, and deletes the message if the other one is done too.
pub(super) fn finish(db: &Connection, id: i64, done: &str, other: &str) -> Result<(), SqliteError> {
    let delete = format!("DELETE FROM messages WHERE id = ? AND NOT {other}");
    if db.prepare_cached(&delete)?.execute([id])? == 0 {
        let update = format!("UPDATE messages SET {done} = 0 WHERE id = ?");
        db.prepare_cached(&update)?.execute([id])?;
    }
    Ok(())
}
