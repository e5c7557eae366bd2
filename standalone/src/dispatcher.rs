//! The embedded subscription: leases messages from the queue, lets the worker process them, and
//! tells the queue what became of each.

use std::sync::Arc;
use std::time::Duration;

use common::broker::embedded::{EmbeddedQueue, Lane, Lease, QueueError};
use common::metrics::QUEUE_BACKLOG;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use worker::{Disposition, Worker};

/// Messages of fast kinds in work at once: enough to fill group commits.
const FAST_SLOTS: usize = 1024;
/// How long the queue is left alone after it failed to answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Delivers until it is stopped.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    pub(crate) queue: Arc<EmbeddedQueue>,
    pub(crate) worker: Arc<Worker>,
    /// Texts in work at once.
    pub(crate) work_concurrency: usize,
    /// How long one delivery may take.
    pub(crate) ack_deadline: Duration,
    /// Failed deliveries after which a message is a dead letter.
    pub(crate) max_attempts: u32,
    /// Says when to lease no more.
    pub(crate) stopping: CancellationToken,
}

impl Dispatcher {
    /// Delivers from both lanes, and returns when it was stopped and nothing is in work.
    pub(crate) async fn run(self) {
        let tracker = TaskTracker::new();
        futures::join!(
            self.serve(Lane::Fast, FAST_SLOTS, &tracker),
            self.serve(Lane::Slow, self.work_concurrency, &tracker),
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

    /// Waits for free slots, then for messages: never more of these than of those.
    async fn next(&self, lane: Lane, slots: &Arc<Semaphore>) -> (Vec<Lease>, OwnedSemaphorePermit) {
        loop {
            let mut permit = slots.clone().acquire_owned().await.expect("never closed");
            let more = u32::try_from(slots.available_permits()).unwrap_or(0);
            if let Ok(more) = slots.clone().try_acquire_many_owned(more) {
                permit.merge(more);
            }
            match self.queue.lease(lane, permit.num_permits()).await {
                Ok(leases) => return (leases, permit),
                Err(error) => {
                    tracing::error!(%error, "the queue does not answer");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn deliver(self, lease: Lease, _slot: Option<OwnedSemaphorePermit>) {
        let told = match self.process(&lease).await {
            Disposition::Acknowledge => self.queue.acknowledge(&lease).await,
            Disposition::Retry => self.queue.fail(&lease).await,
            Disposition::Release => {
                self.queue.release(&lease);
                Ok(())
            }
        };
        QUEUE_BACKLOG.set(i64::try_from(self.queue.backlog()).unwrap_or(i64::MAX));
        log(told);
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

/// What the queue was not told, it finds out when the lease expires; effects are once.
fn log(told: Result<(), QueueError>) {
    if let Err(error) = told {
        tracing::error!(%error, "a message could not be acknowledged or given back");
    }
}
