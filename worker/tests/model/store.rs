//! The embedded store behind its port, with faults on demand: commits that are refused, that are
//! applied although the answer is lost, that are late, or that the process does not survive.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use common::path::{Collection, DocumentPath};
use common::store::embedded::EmbeddedStore;
use common::store::{
    Aggregation, CommitLimits, Document, DocumentStore, Fields, Query, StoreError, Write,
};
use common::tenant::TenantId;
use futures::executor::block_on;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::control::Control;

/// What goes wrong with one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Nothing is applied, and the answer is a passing fault.
    Refused,
    /// All is applied, and the answer is a passing fault.
    Lost,
    /// Nothing is applied: others write the same documents.
    Contended,
    /// Nothing is applied: the deployment is wrong.
    Forbidden,
    /// All is applied, after the delivery's time is over.
    Late,
    /// The process is killed before anything is applied.
    KilledBefore,
    /// The process is killed after all is applied, before the answer.
    KilledAfter,
}

/// What goes wrong with the commits and reads of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Of the first commits, in order.
    pub(crate) first: Vec<Fault>,
    /// Of the others, except those to quarantine.
    pub(crate) others: Fault,
    /// How many reads by path fail with a passing fault.
    pub(crate) reads: u8,
}

impl Faults {
    /// Nothing goes wrong.
    pub(crate) const NONE: Self = Self { first: Vec::new(), others: Fault::None, reads: 0 };
}

/// How long a late commit takes: longer than a delivery may.
const LATE: Duration = Duration::from_secs(700);

/// The store of one process.
pub(crate) struct UnreliableStore {
    /// The store itself.
    pub(crate) store: Arc<EmbeddedStore>,
    control: Control,
    plan: Mutex<Plan>,
    on_their_way: AtomicUsize,
    kill: Notify,
    /// Upserts, with the commit that sent them first.
    upserts: Mutex<HashMap<DocumentPath, (Arc<Fields>, usize)>>,
}

struct Plan {
    first: VecDeque<Fault>,
    others: Fault,
    reads: u8,
    /// A delivery is under way, and notices when it is killed.
    may_kill: bool,
}

impl From<Faults> for Plan {
    fn from(Faults { first, others, reads }: Faults) -> Self {
        Self { first: first.into(), others, reads, may_kill: true }
    }
}

impl UnreliableStore {
    /// Opens the store in `folder`.
    pub(crate) fn open(folder: &Path, control: Control) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::new(EmbeddedStore::open(folder).expect("a store")),
            control,
            plan: Mutex::new(Faults::NONE.into()),
            on_their_way: AtomicUsize::default(),
            kill: Notify::new(),
            upserts: Mutex::default(),
        })
    }

    /// A delivery begins: from now on these faults happen, and no others.
    pub(crate) fn begin(&self, faults: Faults) {
        *lock(&self.plan) = faults.into();
    }

    /// The delivery has ended: from now on nothing goes wrong.
    pub(crate) fn end(&self) {
        *lock(&self.plan) = Plan { may_kill: false, ..Faults::NONE.into() };
    }

    /// Returns when the process must be killed.
    pub(crate) async fn killed(&self) {
        self.kill.notified().await;
    }

    /// How many commits have no answer yet.
    pub(crate) fn on_their_way(&self) -> usize {
        self.on_their_way.load(Ordering::SeqCst)
    }

    fn next_fault(&self, writes: &[Write]) -> Fault {
        let mut plan = lock(&self.plan);
        let quarantine = Collection::Quarantine.as_str();
        let is_aside = writes.iter().any(|write| write.path().collection().name() == quarantine);
        let others = if is_aside { Fault::None } else { plan.others };
        plan.first.pop_front().unwrap_or(others)
    }

    fn fails_a_read(&self) -> bool {
        let mut plan = lock(&self.plan);
        let fails = plan.reads > 0;
        plan.reads = plan.reads.saturating_sub(1);
        fails
    }

    async fn answer(&self, fault: Fault, writes: Arc<Vec<Write>>) -> Result<(), StoreError> {
        match fault {
            Fault::None => self.apply(writes).await,
            Fault::Refused => Err(StoreError::Passing("refused".into())),
            Fault::Lost => {
                self.apply(writes).await?;
                Err(StoreError::Passing("the answer is lost".into()))
            }
            Fault::Contended => Err(StoreError::Contention("contended".into())),
            Fault::Forbidden => Err(StoreError::Deployment("forbidden".into())),
            Fault::Late => {
                sleep(LATE).await;
                self.apply(writes).await
            }
            Fault::KilledBefore => self.die().await,
            Fault::KilledAfter => {
                self.apply(writes).await?;
                // A commit may outlast the delivery that it belongs to.
                if lock(&self.plan).may_kill { self.die().await } else { Ok(()) }
            }
        }
    }

    /// On a blocking thread: the paused clock waits for it.
    async fn apply(&self, writes: Arc<Vec<Write>>) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let apply = move || block_on(store.commit_shared(writes));
        spawn_blocking(apply).await.expect("the store does not panic")
    }

    async fn die(&self) -> Result<(), StoreError> {
        self.kill.notify_one();
        pending().await
    }

    /// The writes, changed by the control.
    fn altered(&self, writes: Arc<Vec<Write>>) -> Arc<Vec<Write>> {
        match self.control {
            Control::GateUnguarded => {
                writes.iter().cloned().map(unguarded).collect::<Vec<_>>().into()
            }
            Control::UpsertRememberedEarly => self.without_known_upserts(&writes).into(),
            _ => writes,
        }
    }

    fn without_known_upserts(&self, writes: &Arc<Vec<Write>>) -> Vec<Write> {
        let (mut known, commit) = (lock(&self.upserts), Arc::as_ptr(writes) as usize);
        let is_new = |write: &&Write| match write {
            Write::Upsert { path, fields } => {
                let first = known.entry(path.clone()).or_insert_with(|| (fields.clone(), commit));
                first.0 != *fields || first.1 == commit
            }
            _ => true,
        };
        writes.iter().filter(is_new).cloned().collect()
    }
}

/// Counts a commit for as long as somebody waits for it.
struct OnItsWay<'c>(&'c AtomicUsize);

impl<'c> OnItsWay<'c> {
    fn begin(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn unguarded(write: Write) -> Write {
    match write {
        Write::Create { path, fields } => Write::Upsert { path, fields: fields.into() },
        write => write,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl DocumentStore for UnreliableStore {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.commit_shared(Arc::new(writes)).await
    }

    async fn commit_shared(&self, writes: Arc<Vec<Write>>) -> Result<(), StoreError> {
        let fault = self.next_fault(&writes);
        let writes = self.altered(writes);
        let _on_its_way = OnItsWay::begin(&self.on_their_way);
        self.answer(fault, writes).await
    }

    fn commit_limits(&self) -> CommitLimits {
        self.store.commit_limits()
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        if self.fails_a_read() {
            return Err(StoreError::Passing("refused".into()));
        }
        self.store.get_many(paths).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        self.store.query(query).await
    }

    async fn aggregate(
        &self,
        query: &Query,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError> {
        self.store.aggregate(query, aggregations).await
    }

    async fn tenants(&self, most: usize) -> Result<Vec<TenantId>, StoreError> {
        self.store.tenants(most).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.store.probe().await
    }
}
