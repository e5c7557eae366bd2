//! The embedded subscription: leases messages from the queue, has the worker process them, and
//! acknowledges them or gives them back.

use std::sync::Arc;
use std::time::Duration;

use common::backoff::Backoff;
use common::broker::embedded::{EmbeddedQueue, Lane, Lease, QueueError};
use common::metrics::QUEUE_BACKLOG;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use worker::{Disposition, Worker};

/// How many messages of fast kinds are processed at once: enough to fill a commit that is being
/// written, one that is being prepared, and acknowledgements on their way to disk.
const FAST_SLOTS: usize = 3_072;
/// How many parts of batches of access-log entries are: enough to fill the same. Beyond them, tenants wait in
/// the queue, where they take turns, and not for the memory that their counts take.
const BULK_SLOTS: usize = 64;
/// How long to wait after the queue failed.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));

/// Delivers messages until it is stopped.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    pub(crate) queue: Arc<EmbeddedQueue>,
    pub(crate) worker: Arc<Worker>,
    /// How many texts are processed at once.
    pub(crate) work_concurrency: usize,
    /// How long one delivery may take.
    pub(crate) ack_deadline: Duration,
    /// How many failed deliveries make a message a dead letter.
    pub(crate) max_attempts: u32,
    /// Once this is cancelled, nothing more is leased.
    pub(crate) stopping: CancellationToken,
}

impl Dispatcher {
    /// Delivers from all lanes. Returns after a stop, when nothing is being processed any more.
    pub(crate) async fn run(self) {
        let tracker = TaskTracker::new();
        futures::join!(
            self.serve(Lane::Fast, FAST_SLOTS, &tracker),
            self.serve(Lane::Slow, self.work_concurrency, &tracker),
            self.serve(Lane::Bulk, BULK_SLOTS, &tracker),
        );
        tracker.close();
        tracker.wait().await;
    }

    async fn serve(&self, lane: Lane, slots: usize, tracker: &TaskTracker) {
        let slots = Arc::new(Semaphore::new(slots));
        while let Some((leases, permit)) =
            self.stopping.run_until_cancelled(self.next(lane, &slots)).await
        {
            let mut permit = permit;
            for lease in leases {
                let slot = permit.split(1);
                tracker.spawn(self.clone().deliver(lease, slot));
            }
        }
    }

    /// Waits for free slots, and then leases at most that many messages.
    async fn next(&self, lane: Lane, slots: &Arc<Semaphore>) -> (Vec<Lease>, OwnedSemaphorePermit) {
        let mut waits = BACKOFF.waits();
        loop {
            let mut permit = slots.clone().acquire_owned().await.expect("never closed");
            let more = u32::try_from(slots.available_permits()).unwrap_or(0);
            if let Ok(more) = slots.clone().try_acquire_many_owned(more) {
                permit.merge(more);
            }
            match self.queue.lease(lane, permit.num_permits()).await {
                Ok(leases) => return (leases, permit),
                Err(error) => {
                    tracing::error!(%error, "cannot lease from the queue");
                    tokio::time::sleep(waits.next_wait()).await;
                }
            }
        }
    }

    async fn deliver(self, lease: Lease, _slot: Option<OwnedSemaphorePermit>) {
        let result = match self.process(&lease).await {
            Disposition::Acknowledge => self.queue.acknowledge(&lease).await,
            Disposition::Retry => self.queue.fail(&lease).await,
            Disposition::Release => {
                self.queue.release(&lease);
                Ok(())
            }
        };
        QUEUE_BACKLOG.set(i64::try_from(self.queue.backlog()).unwrap_or(i64::MAX));
        log(result);
    }

    async fn process(&self, lease: &Lease) -> Disposition {
        let Lease { message, attempts, .. } = lease;
        if *attempts >= self.max_attempts {
            return self.worker.dead_letter(message, *attempts, self.ack_deadline).await;
        }
        let delivered = self.worker.deliver(message, *attempts);
        match tokio::time::timeout(self.ack_deadline, delivered).await {
            Ok(disposition) => disposition,
            Err(_) => Disposition::Retry,
        }
    }
}

/// A message that stays leased is delivered again when the lease expires, which changes nothing.
fn log(result: Result<(), QueueError>) {
    if let Err(error) = result {
        tracing::error!(%error, "cannot acknowledge a message or give it back");
    }
}
