//! The embedded broker: a durable queue in one SQLite file, `queue.db`, with two subscriptions.
//!
//! `work` delivers each message to the processors: at least once, under a lease, with back-off
//! after a failure. `archive` reads the same messages in the order of their arrival. A message
//! leaves the file when both are done with it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use thiserror::Error;
use tokio::sync::{Notify, Semaphore};

use self::schedule::{Leased, Schedule};
use super::{Attributes, Broker, Message, PublishError};
use crate::sqlite::{Database, SqliteError};

mod inbox;
mod peek;
mod schedule;

pub use self::inbox::Inbox;
pub use self::peek::{InWork, Peek};
pub use self::schedule::{Flow, Lane};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    work INTEGER NOT NULL DEFAULT 1,
    archive INTEGER NOT NULL DEFAULT 1,
    attributes TEXT NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS to_work ON messages (id) WHERE work;
CREATE INDEX IF NOT EXISTS to_archive ON messages (id) WHERE archive;
CREATE INDEX IF NOT EXISTS to_adopt ON messages (id) WHERE work = 2;";

/// `work` of a message that the queue's own process knows.
const KNOWN: i64 = 1;
/// `work` of a message that another process put in, until [`EmbeddedQueue::adopt`] finds it.
const FOREIGN: i64 = 2;
/// Messages that are adopted at once.
const ADOPTED: i64 = 10_000;

/// Free disk below which nothing is taken any more, in bytes: room to finish what is here.
pub const MIN_FREE_BYTES: u64 = 256 << 20;
/// Bytes on their way to the disk at most.
const MAX_IN_FLIGHT_BYTES: usize = 64 << 20;
/// How long a publish may take until its result is given up.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(8);

/// How a queue behaves.
#[derive(Clone, Copy, Debug)]
pub struct QueueOptions {
    /// How long a lease lasts; a message that is not acknowledged by then is delivered again.
    pub ack_deadline: Duration,
    /// Free disk below which publishing answers [`PublishError::Full`], in bytes.
    pub min_free_bytes: u64,
    /// Which lane and whose turn a message belongs to.
    pub flow: fn(&Attributes) -> Flow,
}

/// The queue could not read or write its file.
#[derive(Debug, Error)]
#[error("the queue's file cannot be used")]
pub struct QueueError(#[source] SqliteError);

/// The durable queue in `DATA_DIR/queue.db`.
pub struct EmbeddedQueue {
    database: Database,
    folder: PathBuf,
    options: QueueOptions,
    in_flight: Semaphore,
    schedule: Mutex<Schedule>,
    changed: Notify,
}

/// A message on loan: acknowledge it, or it comes again.
#[derive(Debug)]
pub struct Lease {
    /// The message.
    pub message: Message,
    /// Failed deliveries before this one; restarts are none.
    pub attempts: u32,
    leased: Leased,
}

/// A message as the archive reads it.
#[derive(Debug)]
pub struct Archivable {
    /// The message's number in the queue; grows with time and is never used again.
    pub id: i64,
    /// The message.
    pub message: Message,
}

impl EmbeddedQueue {
    /// Opens the queue in `folder`, which exists, and makes it where it is missing. What was
    /// leased when the last process ended is due at once.
    pub fn open(folder: &Path, options: QueueOptions) -> Result<Arc<Self>, QueueError> {
        let database = Database::open(&folder.join("queue.db"), SCHEMA).map_err(QueueError)?;
        let schedule = pending(&folder.join("queue.db"), options.ack_deadline)
            .map_err(|error| QueueError(error.into()))?;
        Ok(Arc::new(Self {
            database,
            folder: folder.to_owned(),
            options,
            in_flight: Semaphore::new(MAX_IN_FLIGHT_BYTES),
            schedule: Mutex::new(schedule),
            changed: Notify::new(),
        }))
    }

    /// Leases 1 to `most` messages of `lane`, waiting until there is one. Tenants take turns.
    pub async fn lease(&self, lane: Lane, most: usize) -> Result<Vec<Lease>, QueueError> {
        loop {
            let changed = self.changed.notified();
            let leased = self.next(lane, most).await;
            let leases = self.load(leased).await.map_err(QueueError)?;
            if !leases.is_empty() {
                return Ok(leases);
            }
            let due = self.schedule().next_due();
            let wait = due.map_or(Duration::from_secs(3600), |due| due - Instant::now().min(due));
            drop(tokio::time::timeout(wait, changed).await);
        }
    }

    /// The work on the message is done for good.
    pub async fn acknowledge(&self, lease: &Lease) -> Result<(), QueueError> {
        let id = lease.leased.id;
        self.database
            .write(move |db| finish(db, id, "work", "archive"))
            .await
            .map_err(QueueError)?;
        self.schedule().done(&lease.leased);
        self.changed.notify_waiters();
        Ok(())
    }

    /// The delivery failed: the message comes again after a while, and the failure is counted.
    pub async fn fail(&self, lease: &Lease) -> Result<(), QueueError> {
        if self.schedule().failed(&lease.leased, Instant::now()) {
            self.count_failures(vec![lease.leased.id]).await?;
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// Gives the message back untried: it is due at once, and nothing is counted.
    pub fn release(&self, lease: &Lease) {
        self.schedule().released(&lease.leased);
        self.changed.notify_waiters();
    }

    /// Messages that the `work` subscription still has, leased ones included.
    pub fn backlog(&self) -> usize {
        self.schedule().len()
    }

    /// The next 0 to `most` messages for the archive, oldest first, no more than `bytes` of them
    /// but for the last; the same ones again until [`EmbeddedQueue::archived`] is told.
    pub async fn to_archive(
        &self,
        most: usize,
        bytes: usize,
    ) -> Result<Vec<Archivable>, QueueError> {
        self.database.read(move |db| to_archive(db, most, bytes)).await.map_err(QueueError)
    }

    /// The archive has these on disk.
    pub async fn archived(&self, ids: Vec<i64>) -> Result<(), QueueError> {
        let write =
            move |db: &Connection| ids.iter().try_for_each(|id| finish(db, *id, "archive", "work"));
        self.database.write(write).await.map_err(QueueError)
    }

    /// Ready when something was published, acknowledged or given back since this call.
    pub fn changed(&self) -> impl Future<Output = ()> {
        self.changed.notified()
    }

    /// Takes up what other processes have put in through an [`Inbox`]. Returns how many messages.
    pub async fn adopt(&self) -> Result<usize, QueueError> {
        if !self.database.read(has_foreign).await.map_err(QueueError)? {
            return Ok(0);
        }
        let adopted = self.database.write(adopt).await.map_err(QueueError)?;
        let count = adopted.len();
        let mut schedule = self.schedule();
        adopted.into_iter().for_each(|(id, attempts, flow)| schedule.add(&flow, id, attempts));
        drop(schedule);
        self.changed.notify_waiters();
        Ok(count)
    }

    async fn next(&self, lane: Lane, most: usize) -> Vec<Leased> {
        let (leased, expired) = {
            let mut schedule = self.schedule();
            let expired = schedule.wake(Instant::now());
            let next = |_| schedule.next(lane, Instant::now());
            ((0..most).map_while(next).collect(), expired)
        };
        if !expired.is_empty()
            && let Err(error) = self.count_failures(expired).await
        {
            tracing::warn!(%error, "expired leases were not counted");
        }
        leased
    }

    async fn load(&self, leased: Vec<Leased>) -> Result<Vec<Lease>, SqliteError> {
        if leased.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = leased.iter().map(|leased| leased.id).collect();
        let messages = match self.database.read(move |db| read(db, &ids)).await {
            Ok(messages) => messages,
            Err(error) => {
                let mut schedule = self.schedule();
                leased.iter().for_each(|leased| schedule.released(leased));
                return Err(error);
            }
        };
        Ok(leased.into_iter().zip(messages).filter_map(|(l, m)| self.lend(l, m)).collect())
    }

    /// A message that is not there any more was acknowledged after its lease had expired.
    fn lend(&self, leased: Leased, message: Option<Message>) -> Option<Lease> {
        if message.is_none() {
            self.schedule().done(&leased);
        }
        Some(Lease { message: message?, attempts: leased.attempts, leased })
    }

    async fn count_failures(&self, ids: Vec<i64>) -> Result<(), QueueError> {
        let sql = "UPDATE messages SET attempts = attempts + 1 WHERE id = ?";
        let count = move |db: &Connection| {
            let mut statement = db.prepare_cached(sql)?;
            ids.iter().try_for_each(|id| Ok(statement.execute([id]).map(drop)?))
        };
        self.database.write(count).await.map_err(QueueError)
    }

    async fn insert(&self, messages: Vec<Message>) -> Result<(), SqliteError> {
        let rows: Vec<_> =
            messages.into_iter().map(|m| ((self.options.flow)(&m.attributes), m)).collect();
        let insert = move |db: &Connection| -> Result<Vec<(i64, Flow)>, SqliteError> {
            rows.into_iter()
                .map(|(flow, message)| Ok((insert(db, &flow, &message, KNOWN)?, flow)))
                .collect()
        };
        let inserted = self.database.write(insert).await?;
        let mut schedule = self.schedule();
        inserted.into_iter().for_each(|(id, flow)| schedule.add(&flow, id, 0));
        drop(schedule);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn publish_all(&self, messages: Vec<Message>) -> Result<(), PublishError> {
        has_room(&self.folder, self.options.min_free_bytes)?;
        let bytes: usize = messages.iter().map(Message::size).sum();
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let _permit = self
            .in_flight
            .try_acquire_many(permits)
            .map_err(|_| PublishError::Full("too many bytes wait for the disk"))?;
        let inserted = tokio::time::timeout(PUBLISH_TIMEOUT, self.insert(messages)).await;
        inserted
            .map_err(|slow| PublishError::Unavailable(slow.into()))?
            .map_err(|error| PublishError::Unavailable(error.into()))
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue as the gateway sees it.
pub struct EmbeddedBroker(pub Arc<EmbeddedQueue>);

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let count = messages.len();
        let queue = Arc::clone(&self.0);
        // A task of its own: a client that hangs up drops the request, but what was written must
        // still be scheduled.
        let published = tokio::spawn(async move { queue.publish_all(messages).await }).await;
        let published = published.map_err(|end| PublishError::Unavailable(end.into())).flatten();
        (0..count).map(|_| published.as_ref().map(drop).map_err(again)).collect()
    }

    async fn probe(&self) -> Result<(), PublishError> {
        has_room(&self.0.folder, self.0.options.min_free_bytes)
    }

    async fn flush(&self) {}
}

/// The messages of one request are one transaction, so all have the same fate.
fn again(error: &PublishError) -> PublishError {
    match error {
        PublishError::Full(why) => PublishError::Full(why),
        PublishError::Unavailable(cause) => PublishError::Unavailable(cause.to_string().into()),
        PublishError::Refused(cause) => PublishError::Refused(cause.to_string().into()),
    }
}

fn pending(path: &Path, ack_deadline: Duration) -> Result<Schedule, rusqlite::Error> {
    let db = Connection::open(path)?;
    // The first condition is the index's; the second leaves what is still to be adopted.
    let mut statement = db.prepare(
        "SELECT id, attempts, lane, tenant FROM messages WHERE work AND work = 1 ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut schedule = Schedule::new(ack_deadline);
    while let Some(row) = rows.next()? {
        let (id, attempts, flow) = scheduled(row)?;
        schedule.add(&flow, id, attempts);
    }
    Ok(schedule)
}

fn scheduled(row: &Row<'_>) -> rusqlite::Result<(i64, u32, Flow)> {
    let lane = if row.get(2)? { Lane::Slow } else { Lane::Fast };
    Ok((row.get(0)?, row.get(1)?, Flow { lane, tenant: row.get(3)? }))
}

fn has_foreign(db: &Connection) -> Result<bool, SqliteError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM messages WHERE work = 2)";
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

fn adopt(db: &Connection) -> Result<Vec<(i64, u32, Flow)>, SqliteError> {
    let sql = "SELECT id, attempts, lane, tenant FROM messages WHERE work = 2 ORDER BY id LIMIT ?";
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map([ADOPTED], scheduled)?;
    let found: Vec<_> = found.collect::<Result<_, _>>()?;
    let last = found.last().map_or(0, |(id, ..)| *id);
    let update = "UPDATE messages SET work = ? WHERE work = 2 AND id <= ?";
    db.prepare_cached(update)?.execute([KNOWN, last])?;
    Ok(found)
}

fn to_archive(db: &Connection, most: usize, bytes: usize) -> Result<Vec<Archivable>, SqliteError> {
    let sql = "SELECT id, attributes, data FROM messages WHERE archive ORDER BY id";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let (mut found, mut size) = (Vec::new(), 0);
    while found.len() < most && size < bytes {
        let Some(row) = rows.next()? else { break };
        let message = message(row)?;
        size += message.size();
        found.push(Archivable { id: row.get(0)?, message });
    }
    Ok(found)
}

fn has_room(folder: &Path, min_free_bytes: u64) -> Result<(), PublishError> {
    let disk =
        rustix::fs::statvfs(folder).map_err(|error| PublishError::Unavailable(error.into()))?;
    if disk.f_bavail * disk.f_frsize < min_free_bytes {
        return Err(PublishError::Full("the disk is nearly full"));
    }
    Ok(())
}

fn insert(db: &Connection, flow: &Flow, message: &Message, work: i64) -> Result<i64, SqliteError> {
    let sql = "INSERT INTO messages (lane, tenant, attributes, data, work) VALUES (?, ?, ?, ?, ?)";
    let attributes = serde_json::json!(message.attributes).to_string();
    let row = params![flow.lane == Lane::Slow, flow.tenant, attributes, message.data, work];
    db.prepare_cached(sql)?.execute(row)?;
    Ok(db.last_insert_rowid())
}

fn read(db: &Connection, ids: &[i64]) -> Result<Vec<Option<Message>>, SqliteError> {
    let sql = "SELECT id, attributes, data FROM messages WHERE id = ? AND work";
    let mut statement = db.prepare_cached(sql)?;
    ids.iter().map(|id| Ok(statement.query_row([id], message).optional()?)).collect()
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let attributes: String = row.get(1)?;
    let attributes = serde_json::from_str(&attributes).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, error.into())
    })?;
    Ok(Message { data: row.get(2)?, attributes })
}

/// Marks one subscription as done, and removes the message when the other is done too.
fn finish(db: &Connection, id: i64, done: &str, other: &str) -> Result<(), SqliteError> {
    let delete = format!("DELETE FROM messages WHERE id = ? AND NOT {other}");
    if db.prepare_cached(&delete)?.execute([id])? == 0 {
        let update = format!("UPDATE messages SET {done} = 0 WHERE id = ?");
        db.prepare_cached(&update)?.execute([id])?;
    }
    Ok(())
}
