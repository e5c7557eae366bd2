//! The queue that serves the `work` and `archive` subscriptions of one process.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::acknowledgements::Acknowledgements;
use super::disk_room::DiskRoom;
use super::error::QueueError;
use super::fresh::Fresh;
use super::publish::each;
use super::schedule::{Flow, Lane, Leased, Schedule};
use super::table::{self, Archivable, KNOWN, SCHEMA, Unarchived};
use crate::broker::{Attributes, Broker, Message, PublishError};
use crate::budget;
use crate::data_folder::QUEUE;
use crate::sqlite::{Database, SqliteError};

/// Most bytes that wait to be written.
const MAX_IN_FLIGHT_BYTES: usize = 64 << 20;

/// The settings of a queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueOptions {
    /// How long a lease lasts. A message that is not acknowledged by then is delivered again.
    pub ack_deadline: Duration,
    /// Free disk space, in bytes, below which publishing fails with [`PublishError::Full`].
    pub min_free_bytes: u64,
    /// How long a message may wait that is not of the slow lane. While a tenant's next one has waited longer,
    /// publishing more of that tenant fails with [`PublishError::Full`].
    pub longest_wait: Duration,
    /// The lane and tenant of a message with these attributes.
    pub flow: fn(&Attributes) -> Flow,
}

impl QueueOptions {
    /// A queue that accepts messages until the disk is full, however long they wait.
    pub const fn unbounded(ack_deadline: Duration, flow: fn(&Attributes) -> Flow) -> Self {
        Self { ack_deadline, min_free_bytes: 0, longest_wait: Duration::MAX, flow }
    }
}

/// The durable queue in a data folder.
pub struct EmbeddedQueue {
    database: Database,
    room: DiskRoom,
    options: QueueOptions,
    in_flight: Semaphore,
    schedule: Mutex<Schedule>,
    /// Messages that are due soon, so that they need not be read again.
    fresh: Mutex<Fresh>,
    acknowledgements: Acknowledgements,
    changed: Notify,
}

/// A leased message, which is delivered again unless it is acknowledged.
#[derive(Debug)]
pub struct Lease {
    /// The message.
    pub message: Message,
    /// Failed deliveries before this one, not counting restarts.
    pub attempts: u32,
    leased: Leased,
}

impl EmbeddedQueue {
    /// Opens the queue in `folder`, and creates the queue (not the folder) if it is missing.
    /// Messages that were leased when the last process ended are due at once.
    pub fn open(folder: &Path, options: QueueOptions) -> Result<Arc<Self>, QueueError> {
        let file = folder.join(QUEUE);
        let database = Database::open(&file, SCHEMA).map_err(QueueError)?;
        let schedule = table::pending(&file, options.ack_deadline)
            .map_err(|error| QueueError(error.into()))?;
        Ok(Arc::new(Self {
            database,
            room: DiskRoom::new(folder.to_owned(), options.min_free_bytes),
            options,
            in_flight: Semaphore::new(MAX_IN_FLIGHT_BYTES),
            schedule: Mutex::new(schedule),
            fresh: Mutex::default(),
            acknowledgements: Acknowledgements::default(),
            changed: Notify::new(),
        }))
    }

    /// Waits for a message of `lane`, and leases up to `most`. Tenants take turns.
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

    /// Ends the lease: the work on the message is done.
    pub async fn acknowledge(&self, lease: &Lease) -> Result<(), QueueError> {
        self.acknowledgements.write(&self.database, lease.leased.id).await.map_err(QueueError)?;
        self.schedule().done(&lease.leased);
        self.changed.notify_waiters();
        Ok(())
    }

    /// Ends the lease: the delivery failed. It is counted, and the message is delivered again after
    /// a back-off.
    pub async fn fail(&self, lease: &Lease) -> Result<(), QueueError> {
        if self.schedule().failed(&lease.leased, Instant::now()) {
            self.count_failures(vec![lease.leased.id]).await?;
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// Ends the lease: nothing was tried. The message is due at once, and no attempt is counted.
    pub fn release(&self, lease: &Lease) {
        self.schedule().released(&lease.leased);
        self.changed.notify_waiters();
    }

    /// How many messages the `work` subscription still has, including leased ones.
    pub fn backlog(&self) -> usize {
        self.schedule().len()
    }

    /// Up to `most` messages for the archive, oldest first. Stops at the message that reaches
    /// `bytes`. Returns the same messages again until [`EmbeddedQueue::archived`] is called.
    pub async fn to_archive(
        &self,
        which: Unarchived,
        most: usize,
        bytes: usize,
    ) -> Result<Vec<Archivable>, QueueError> {
        let read = move |db: &Connection| table::to_archive(db, &which, most, bytes);
        self.database.read(read).await.map_err(QueueError)
    }

    /// Records that these messages are in the archive, on disk. After a crash before that, they are archived
    /// twice.
    pub async fn archived(&self, ids: Vec<i64>) -> Result<(), QueueError> {
        let write = move |db: &Connection| {
            ids.iter().try_for_each(|id| table::finish(db, *id, "archive", "work"))
        };
        self.database.write_soon(write).await.map_err(QueueError)
    }

    /// Waits until something is published, acknowledged or released.
    pub fn changed(&self) -> impl Future<Output = ()> {
        self.changed.notified()
    }

    /// Adopts messages that other processes published through an [`Inbox`](super::Inbox). Returns
    /// how many.
    pub async fn adopt(&self) -> Result<usize, QueueError> {
        if !self.database.read(table::has_foreign).await.map_err(QueueError)? {
            return Ok(0);
        }
        let adopted = self.database.write(table::adopt).await.map_err(QueueError)?;
        let count = adopted.len();
        let mut schedule = self.schedule();
        adopted.into_iter().for_each(|(id, attempts, flow)| schedule.adopt(&flow, id, attempts));
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
            tracing::warn!(%error, "cannot count expired leases as failed deliveries");
        }
        leased
    }

    async fn load(&self, leased: Vec<Leased>) -> Result<Vec<Lease>, SqliteError> {
        let (ready, missing) = self.split(leased);
        let missing = missing.into_iter().map(|(_, leased)| leased).collect();
        let read = self.read(missing).await?;
        let all = ready.into_iter().map(|(message, leased)| (leased, message)).chain(read);
        Ok(all.filter_map(|(leased, message)| self.lend(leased, message)).collect())
    }

    /// The messages that are in memory, and the ids of those that are not.
    fn split(&self, leased: Vec<Leased>) -> (Vec<Found>, Vec<Found>) {
        let mut fresh = lock(&self.fresh);
        let found = leased.into_iter().map(|leased| (fresh.take(leased.id), leased));
        found.partition(|(message, _)| message.is_some())
    }

    /// Reads the messages from the file.
    async fn read(
        &self,
        leased: Vec<Leased>,
    ) -> Result<Vec<(Leased, Option<Message>)>, SqliteError> {
        if leased.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = leased.iter().map(|leased| leased.id).collect();
        match self.database.read(move |db| table::read(db, &ids)).await {
            Ok(messages) => Ok(leased.into_iter().zip(messages).collect()),
            Err(error) => {
                let mut schedule = self.schedule();
                leased.iter().for_each(|leased| schedule.released(leased));
                Err(error)
            }
        }
    }

    /// A missing message was acknowledged after its lease had expired.
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

    /// Whether there is more than can be counted in time: some tenant's messages wait too long.
    fn is_behind(&self, flows: &[Flow]) -> bool {
        let (schedule, now) = (self.schedule(), Instant::now());
        let mut fast = flows.iter().filter(|flow| flow.lane != Lane::Slow);
        fast.any(|flow| schedule.waited(flow, now) > self.options.longest_wait)
    }

    async fn insert(&self, messages: Vec<Message>, flows: Vec<Flow>) -> Result<(), SqliteError> {
        let messages = Arc::new((messages, flows));
        let rows = Arc::clone(&messages);
        let insert = move |db: &Connection| -> Result<Vec<i64>, SqliteError> {
            let rows = rows.0.iter().zip(&rows.1);
            rows.map(|(message, flow)| table::insert(db, flow, message, KNOWN)).collect()
        };
        let ids = self.database.write(insert).await?;
        if let Some((messages, flows)) = Arc::into_inner(messages) {
            lock(&self.fresh).add(ids.iter().copied().zip(messages));
            let mut schedule = self.schedule();
            ids.iter().zip(&flows).for_each(|(id, flow)| schedule.add(flow, *id, 0));
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// Runs to its end even if nobody waits for it any more: messages that are being written keep
    /// their share of the bytes in flight, and are scheduled once they are written.
    async fn publish_all(&self, messages: Vec<Message>) -> Result<(), PublishError> {
        self.room.check()?;
        let flow = |message: &Message| (self.options.flow)(&message.attributes);
        let flows: Vec<Flow> = messages.iter().map(flow).collect();
        if self.is_behind(&flows) {
            return Err(PublishError::Full("more is sent than can be counted"));
        }
        let bytes: usize = messages.iter().map(Message::size).sum();
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let _permit = self
            .in_flight
            .try_acquire_many(permits)
            .map_err(|_| PublishError::Full("too many bytes are waiting to be written"))?;
        let inserted = self.insert(messages, flows).await;
        inserted.map_err(|error| PublishError::Unavailable(error.into()))
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        lock(&self.schedule)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A message, if it was found, and its lease.
type Found = (Option<Message>, Leased);

/// The queue as a broker to publish to.
pub struct EmbeddedBroker(pub Arc<EmbeddedQueue>);

#[async_trait]
impl Broker for EmbeddedBroker {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let count = messages.len();
        let queue = Arc::clone(&self.0);
        // This runs in a task of its own: if the client hangs up or time runs out, the wait ends,
        // but messages that were written must still be scheduled.
        let written = tokio::spawn(async move { queue.publish_all(messages).await });
        let published = match tokio::time::timeout(budget::ADAPTER, written).await {
            Ok(ended) => ended.map_err(|end| PublishError::Unavailable(end.into())).flatten(),
            Err(slow) => Err(PublishError::Unavailable(slow.into())),
        };
        each(count, &published)
    }

    async fn probe(&self) -> Result<(), PublishError> {
        self.0.room.check()?;
        let written: Result<(), SqliteError> = self.0.database.try_to_write().await;
        written.map_err(|error| PublishError::Unavailable(error.into()))
    }

    async fn flush(&self) {}
}
