//! One life of the process: the real queue, the real worker and the store, in paused time. What is in
//! memory dies with it; what is in the files is there for the next one.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::broker::Message;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, Lane, Lease, QueueOptions};
use common::broker::{Broker as _, PublishError};
use common::message::flow;
use common::path::DocumentPath;
use common::removal;
use common::rollup::LogDimensions;
use common::store::{DocumentStore, Write};
use common::tenant::TenantId;
use futures::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};
use worker::{Disposition, Worker, WorkerSettings};

use crate::control::Control;
use crate::schedule::{Delivery, LANES};
use crate::store::{Faults, UnreliableStore};

/// How long one delivery may take, and a lease lasts.
const ACK_DEADLINE: Duration = Duration::from_secs(600);
/// How many failed deliveries make a message a dead letter: few, so that there are some.
const MAX_ATTEMPTS: u32 = 1;
/// After that, no message waits for its next delivery: longer than the queue's longest back-off.
const LONGEST_BACKOFF: Duration = Duration::from_secs(61);
/// How long the worker remembers what it has stored, and a little more.
const MEMORY: Duration = Duration::from_secs(61);
/// How long to wait for what is due: there is no other work, so paused time passes at once.
const MOMENT: Duration = Duration::from_millis(1);
/// Rounds of deliveries without a fault after which nothing may be left.
const ROUNDS: usize = 100;
/// Most messages that are delivered at once without a fault.
const ALL: usize = 64;

/// How a delivery ended.
pub(crate) enum Ended {
    /// These messages are acknowledged.
    Acknowledged(Vec<Message>),
    /// The process must be killed.
    Killed,
}

/// A process. The runtime comes first, so that it ends first: nothing goes on in its tasks.
pub(crate) struct Process {
    runtime: Runtime,
    worker: Arc<Worker>,
    /// The queue.
    pub(crate) queue: Arc<EmbeddedQueue>,
    /// The store.
    pub(crate) store: Arc<UnreliableStore>,
    control: Control,
    /// Done, but not acknowledged.
    late: Vec<Lease>,
}

impl Process {
    /// Starts on the files in `folder`.
    pub(crate) fn start(folder: &Path, control: Control) -> Self {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let entered = runtime.enter();
        let options = QueueOptions::unbounded(ACK_DEADLINE, flow);
        let queue = EmbeddedQueue::open(folder, options).expect("a queue");
        let store = UnreliableStore::open(folder, control);
        let worker = Worker::new(Arc::clone(&store) as Arc<dyn DocumentStore>, settings());
        drop(entered);
        Self { runtime, worker: Arc::new(worker), queue, store, control, late: Vec::new() }
    }

    /// Delivers what is due.
    pub(crate) fn deliver(&mut self, delivery: &Delivery) -> Ended {
        self.store.begin(delivery.faults.clone());
        let (worker, queue, store) = (&self.worker, &self.queue, &self.store);
        let early = self.control == Control::AcknowledgedEarly;
        let (leases, ended) = self.runtime.block_on(async {
            let leases = due(queue, delivery.lane, delivery.most).await;
            if early {
                acknowledge(queue, &leases).await;
            }
            let copies = leases.iter().flat_map(|lease| (0..delivery.copies).map(move |_| lease));
            // The kill first: a commit that an earlier delivery left behind may be what is killed.
            let ended = tokio::select! {
                biased;
                () = store.killed() => None,
                ended = join_all(copies.map(|lease| process(worker, lease))) => Some(ended),
            };
            (leases, ended)
        });
        let Some(ended) = ended else { return Ended::Killed };
        self.store.end();
        self.conclude(leases, &ended, delivery)
    }

    /// Does what the dispositions say, those of all copies of a message.
    fn conclude(
        &mut self,
        leases: Vec<Lease>,
        ended: &[Disposition],
        delivery: &Delivery,
    ) -> Ended {
        let mut done = Vec::new();
        for (lease, copies) in leases.into_iter().zip(ended.chunks(delivery.copies)) {
            let acknowledged = copies.contains(&Disposition::Acknowledge);
            match (acknowledged, delivery.acknowledges) {
                (true, true) => done.push(lease),
                (true, false) => self.late.push(lease),
                (false, _) => self.give_back(&lease, copies[0] == Disposition::Retry),
            }
        }
        self.runtime.block_on(acknowledge(&self.queue, &done));
        Ended::Acknowledged(done.into_iter().map(|lease| lease.message).collect())
    }

    fn give_back(&self, lease: &Lease, counts: bool) {
        if counts {
            let failed = self.runtime.block_on(in_no_time(self.queue.fail(lease)));
            failed.expect("the queue takes it back");
        } else {
            self.queue.release(lease);
        }
    }

    /// Leases what is due, and gives it back.
    pub(crate) fn give_back_due(&self, lane: Lane, most: usize, counts: bool) {
        let leases = self.runtime.block_on(due(&self.queue, lane, most));
        leases.iter().for_each(|lease| self.give_back(lease, counts));
    }

    /// Acknowledges what was done and not acknowledged. Returns it.
    pub(crate) fn acknowledge_late(&mut self) -> Vec<Message> {
        let late = std::mem::take(&mut self.late);
        self.runtime.block_on(acknowledge(&self.queue, &late));
        late.into_iter().map(|lease| lease.message).collect()
    }

    /// Waits until every lease has expired.
    pub(crate) fn expire(&self) {
        self.runtime.block_on(async { sleep(ACK_DEADLINE).await });
    }

    /// Publishes past the gateway, as an operator does.
    pub(crate) fn publish(&self, message: Message) -> Result<(), PublishError> {
        let broker = EmbeddedBroker(Arc::clone(&self.queue));
        let published = self.runtime.block_on(in_no_time(broker.publish(vec![message])));
        published.into_iter().collect()
    }

    /// Removes these documents. Acknowledgements that were lost before are lost for good: the messages
    /// come again, and are stored again.
    pub(crate) fn remove(&mut self, documents: Vec<DocumentPath>) {
        let deletes = documents.into_iter().map(|path| Write::Delete { path }).collect();
        self.late.clear();
        let removed = self.runtime.block_on(in_no_time(self.store.commit(deletes)));
        removed.expect("removed");
    }

    /// Removes all of a tenant, once no commit is on its way. Nothing comes in the minute after, in which
    /// the worker may still believe that visitors are stored (`docs/API.md`).
    pub(crate) fn remove_tenant(&mut self, tenant: &TenantId) {
        self.late.clear();
        self.come_to_rest();
        let removed = self.runtime.block_on(in_no_time(async {
            let until = Instant::now() + ACK_DEADLINE;
            removal::remove(&*self.store, tenant, until).await.expect("removed")
        }));
        assert!(removed.is_complete, "there was time enough");
        self.runtime.block_on(async { sleep(MEMORY).await });
    }

    /// Delivers everything without a fault. False if something stays in the queue.
    pub(crate) fn finish(&mut self) -> bool {
        let delivery = |lane| Delivery {
            lane,
            most: ALL,
            copies: 1,
            faults: Faults::NONE,
            acknowledges: true,
        };
        for _ in 0..ROUNDS {
            self.come_to_rest();
            if self.queue.backlog() == 0 {
                return true;
            }
            self.expire();
            for lane in LANES {
                drop(self.deliver(&delivery(lane)));
            }
        }
        false
    }

    /// Waits until no commit is on its way.
    ///
    /// # Panics
    /// If a commit is never answered.
    pub(crate) fn come_to_rest(&self) {
        for _ in 0..ROUNDS {
            if self.store.on_their_way() == 0 {
                return;
            }
            self.expire();
        }
        panic!("a commit is never answered");
    }

    /// Runs `work` beside the process, in no time.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(in_no_time(work))
    }
}

fn settings() -> WorkerSettings {
    WorkerSettings {
        work_seconds_per_char: 0.05,
        store_original: true,
        rollup_shards: 1,
        log_dimensions: LogDimensions::ALL,
        retention_days: None,
        commit_interval_ms: None,
    }
}

/// Leases what is due; if nothing is, what is due after the longest back-off. What was stored less than
/// a minute ago is remembered by the worker, and both must be tried.
async fn due(queue: &EmbeddedQueue, lane: Lane, most: usize) -> Vec<Lease> {
    let leases = due_now(queue, lane, most).await;
    if !leases.is_empty() {
        return leases;
    }
    sleep(LONGEST_BACKOFF).await;
    due_now(queue, lane, most).await
}

/// Expired leases are counted first: their count is written by a thread that the paused clock does not
/// wait for.
async fn due_now(queue: &EmbeddedQueue, lane: Lane, most: usize) -> Vec<Lease> {
    drop(timeout(MOMENT, queue.lease(lane, 0)).await);
    match timeout(MOMENT, queue.lease(lane, most)).await {
        Ok(leases) => leases.expect("the queue is read"),
        Err(_) => Vec::new(),
    }
}

/// What the embedded mode's dispatcher does with a lease.
async fn process(worker: &Worker, lease: &Lease) -> Disposition {
    let Lease { message, attempts, .. } = lease;
    if *attempts >= MAX_ATTEMPTS {
        return worker.dead_letter(message, *attempts, ACK_DEADLINE).await;
    }
    let delivered = timeout(ACK_DEADLINE, worker.deliver(message, *attempts)).await;
    delivered.unwrap_or(Disposition::Retry)
}

async fn acknowledge(queue: &EmbeddedQueue, leases: &[Lease]) {
    for lease in leases {
        in_no_time(queue.acknowledge(lease)).await.expect("acknowledged");
    }
}

/// Runs `work` while the paused clock stands still: what it waits for is done by other threads.
async fn in_no_time<T>(work: impl Future<Output = T>) -> T {
    let (release, released) = oneshot::channel::<()>();
    let hold = spawn_blocking(move || drop(released.blocking_recv()));
    let result = work.await;
    drop(release);
    hold.await.expect("the clock goes on");
    result
}
