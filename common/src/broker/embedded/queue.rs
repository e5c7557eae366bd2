//! The queue that serves the `work` and `archive` subscriptions of one process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{Notify, Semaphore};

use super::error::QueueError;
use super::publish::{each, has_room};
use super::schedule::{Flow, Lane, Leased, Schedule};
use super::table::{self, Archivable, KNOWN, SCHEMA};
use crate::broker::{Attributes, Broker, Message, PublishError};
use crate::budget;
use crate::data_folder::QUEUE;
use crate::sqlite::{Database, SqliteError};

/// Bytes on their way to the disk at most.
const MAX_IN_FLIGHT_BYTES: usize = 64 << 20;
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

impl EmbeddedQueue {
    /// Opens the queue in `folder`, which exists, and makes it where it is missing. What was
    /// leased when the last process ended is due at once.
    pub fn open(folder: &Path, options: QueueOptions) -> Result<Arc<Self>, QueueError> {
        let file = folder.join(QUEUE);
        let database = Database::open(&file, SCHEMA).map_err(QueueError)?;
        let schedule = table::pending(&file, options.ack_deadline)
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
            .write(move |db| table::finish(db, id, "work", "archive"))
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
        self.database.read(move |db| table::to_archive(db, most, bytes)).await.map_err(QueueError)
    }

    /// The archive has these on disk.
    pub async fn archived(&self, ids: Vec<i64>) -> Result<(), QueueError> {
        let write = move |db: &Connection| {
            ids.iter().try_for_each(|id| table::finish(db, *id, "archive", "work"))
        };
        self.database.write(write).await.map_err(QueueError)
    }

    /// Ready when something was published, acknowledged or given back since this call.
    pub fn changed(&self) -> impl Future<Output = ()> {
        self.changed.notified()
    }

    /// Takes up what other processes have put in through an [`Inbox`]. Returns how many messages.
    pub async fn adopt(&self) -> Result<usize, QueueError> {
        if !self.database.read(table::has_foreign).await.map_err(QueueError)? {
            return Ok(0);
        }
        let adopted = self.database.write(table::adopt).await.map_err(QueueError)?;
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
        let messages = match self.database.read(move |db| table::read(db, &ids)).await {
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
                .map(|(flow, message)| Ok((table::insert(db, &flow, &message, KNOWN)?, flow)))
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
        let inserted = tokio::time::timeout(budget::ADAPTER, self.insert(messages)).await;
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
        each(count, &published)
    }

    async fn probe(&self) -> Result<(), PublishError> {
        has_room(&self.0.folder, self.0.options.min_free_bytes)
    }

    async fn flush(&self) {}
}
