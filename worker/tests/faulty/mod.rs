//! The embedded store, with faults on demand and a list of its commits.

#![allow(dead_code, reason = "each test program uses its part of this module")]

use std::iter;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::path::{Collection, CollectionPath, DocumentPath};
use common::record::RecordId;
use common::store::embedded::EmbeddedStore;
use common::store::{Aggregation, CommitLimits, Document, DocumentStore, Query, StoreError, Write};
use common::tenant::TenantId;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// What goes wrong in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Nothing is done, and the answer is a passing fault.
    Passing,
    /// All is done, and the answer is a passing fault.
    Ambiguous,
    /// Nothing is done: others write the same documents.
    Contention,
    /// Nothing is done: the deployment is wrong.
    Deployment,
    /// Nothing is done: the request cannot be carried out.
    Invalid,
}

type Plan = Mutex<Box<dyn Iterator<Item = Fault> + Send>>;

/// One call of `commit`.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    /// When it began.
    pub(crate) began: Instant,
    /// Calls that had not ended when it began.
    pub(crate) others: usize,
    /// What it should write.
    pub(crate) writes: Vec<Write>,
}

impl Commit {
    /// The ids of the documents that it should create, in order.
    pub(crate) fn created(&self) -> Vec<&str> {
        let creates = |write: &&Write| matches!(write, Write::Create { .. });
        self.writes.iter().filter(creates).map(|write| write.path().id()).collect()
    }

    /// Bytes that it should write.
    pub(crate) fn size(&self) -> usize {
        self.writes.iter().map(Write::size).sum()
    }
}

/// A new store in a folder of its own.
pub(crate) struct FaultyStore {
    store: Arc<EmbeddedStore>,
    _folder: TempDir,
    commit_faults: Plan,
    read_faults: Plan,
    unwritable: Mutex<Option<CollectionPath>>,
    contended: Mutex<Option<DocumentPath>>,
    commits: watch::Sender<Vec<Commit>>,
    running: watch::Sender<usize>,
    held: watch::Sender<bool>,
    /// The most documents of a commit that is answered in time.
    slow_beyond: Mutex<Option<usize>>,
    /// If it is set, only commits to this collection are held.
    held_collection: Mutex<Option<CollectionPath>>,
}

impl FaultyStore {
    /// An empty store without faults.
    pub(crate) fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        Arc::new(Self {
            store: Arc::new(EmbeddedStore::open(folder.path()).expect("a store")),
            _folder: folder,
            commit_faults: Mutex::new(Box::new(iter::empty())),
            read_faults: Mutex::new(Box::new(iter::empty())),
            unwritable: Mutex::default(),
            contended: Mutex::default(),
            commits: watch::Sender::default(),
            running: watch::Sender::default(),
            held: watch::Sender::default(),
            slow_beyond: Mutex::default(),
            held_collection: Mutex::default(),
        })
    }

    /// The faults of the next commits, in order; the commits after them succeed.
    pub(crate) fn fail_commits<F>(&self, faults: F)
    where
        F: IntoIterator<Item = Fault, IntoIter: Send + 'static>,
    {
        *self.commit_faults.lock().expect("no test panics here") = Box::new(faults.into_iter());
    }

    /// The same for the next reads by path.
    pub(crate) fn fail_reads<F>(&self, faults: F)
    where
        F: IntoIterator<Item = Fault, IntoIter: Send + 'static>,
    {
        *self.read_faults.lock().expect("no test panics here") = Box::new(faults.into_iter());
    }

    /// Fails every commit that writes to `collection`, if there is one, with a passing fault.
    pub(crate) fn fail_commits_to(&self, collection: Option<CollectionPath>) {
        *self.unwritable.lock().expect("no test panics here") = collection;
    }

    /// Fails every commit of more documents than `most` after the time that a caller waits.
    pub(crate) fn is_slow_beyond(&self, most: usize) {
        *self.slow_beyond.lock().expect("no test panics here") = Some(most);
    }

    /// Fails every commit that writes this document, if there is one, as if others wrote it too.
    pub(crate) fn contend_for(&self, document: Option<DocumentPath>) {
        *self.contended.lock().expect("no test panics here") = document;
    }

    fn is_contended(&self, writes: &[Write]) -> bool {
        let contended = self.contended.lock().expect("no test panics here");
        writes.iter().any(|write| Some(write.path()) == contended.as_ref())
    }

    fn is_writable(&self, writes: &[Write]) -> bool {
        let unwritable = self.unwritable.lock().expect("no test panics here");
        !writes.iter().any(|write| Some(write.path().collection()) == unwritable.as_ref())
    }

    /// Holds every commit that begins until [`Self::release`].
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Holds every commit to `collection` that begins until [`Self::release`].
    pub(crate) fn hold_commits_to(&self, collection: CollectionPath) {
        *self.held_collection.lock().expect("no test panics here") = Some(collection);
        self.hold();
    }

    fn is_held(&self, writes: &[Write]) -> bool {
        let only = self.held_collection.lock().expect("no test panics here");
        only.as_ref().is_none_or(|only| writes_to(writes, only))
    }

    /// Returns when a commit to `collection` has begun.
    pub(crate) async fn begun_with(&self, collection: CollectionPath) {
        let mut commits = self.commits.subscribe();
        let has_begun = |commits: &Vec<Commit>| {
            commits.iter().any(|commit| writes_to(&commit.writes, &collection))
        };
        commits.wait_for(has_begun).await.expect("the store lives");
    }

    /// Lets the held commits go on.
    pub(crate) fn release(&self) {
        self.held.send_replace(false);
    }

    /// Returns when `count` commits have begun.
    pub(crate) async fn begun(&self, count: usize) {
        let mut commits = self.commits.subscribe();
        commits.wait_for(|commits| commits.len() >= count).await.expect("the store lives");
    }

    /// All commits that have begun.
    pub(crate) fn commits(&self) -> Vec<Commit> {
        self.commits.borrow().clone()
    }

    /// Every document of a collection, by id.
    pub(crate) async fn all(&self, collection: CollectionPath) -> Vec<Document> {
        self.store.query(&Query::all(collection)).await.expect("the documents")
    }

    /// One document.
    pub(crate) async fn find(&self, path: DocumentPath) -> Option<Document> {
        self.store.get_many(&[path]).await.expect("an answer").pop().flatten()
    }

    async fn apply(&self, fault: Fault, writes: Vec<Write>) -> Result<(), StoreError> {
        if writes.iter().any(is_bad) {
            return Err(StoreError::Invalid("a document is bad".into()));
        }
        match fault {
            Fault::None => self.write(writes).await,
            Fault::Ambiguous => {
                self.write(writes).await?;
                Err(StoreError::Passing("the answer was lost".into()))
            }
            Fault::Passing | Fault::Contention | Fault::Deployment | Fault::Invalid => {
                Err(error(fault))
            }
        }
    }

    /// Writes on a blocking thread: the paused clock waits for it.
    async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let (store, runtime) = (Arc::clone(&self.store), Handle::current());
        let write = move || runtime.block_on(store.commit(writes));
        spawn_blocking(write).await.expect("the store does not panic")
    }
}

fn writes_to(writes: &[Write], collection: &CollectionPath) -> bool {
    writes.iter().any(|write| write.path().collection() == collection)
}

fn next(plan: &Plan) -> Fault {
    plan.lock().expect("no test panics here").next().unwrap_or(Fault::None)
}

fn error(fault: Fault) -> StoreError {
    match fault {
        Fault::None | Fault::Passing | Fault::Ambiguous => StoreError::Passing("busy".into()),
        Fault::Contention => StoreError::Contention("too much contention".into()),
        Fault::Deployment => StoreError::Deployment("no permission".into()),
        Fault::Invalid => StoreError::Invalid("out of bounds".into()),
    }
}

/// A document that is created with the field `bad` makes its commit invalid.
fn is_bad(write: &Write) -> bool {
    matches!(write, Write::Create { fields, .. } if fields.contains_key("bad"))
}

#[async_trait]
impl DocumentStore for FaultyStore {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let planned = next(&self.commit_faults);
        let fault = if self.is_writable(&writes) { planned } else { Fault::Passing };
        let fault = if self.is_contended(&writes) { Fault::Contention } else { fault };
        let others = *self.running.borrow();
        let commit = Commit { began: Instant::now(), others, writes: writes.clone() };
        self.running.send_modify(|running| *running += 1);
        self.commits.send_modify(|commits| commits.push(commit));
        if self.is_held(&writes) {
            self.held.subscribe().wait_for(|held| !held).await.expect("the store lives");
        }
        let slow_beyond = *self.slow_beyond.lock().expect("no test panics here");
        let fault = match slow_beyond.is_some_and(|most| writes.len() > most) {
            true => {
                tokio::time::sleep(Duration::from_secs(10)).await;
                Fault::Passing
            }
            false => fault,
        };
        let result = self.apply(fault, writes).await;
        self.running.send_modify(|running| *running -= 1);
        result
    }

    fn commit_limits(&self) -> CommitLimits {
        self.store.commit_limits()
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        match next(&self.read_faults) {
            Fault::None => self.store.get_many(paths).await,
            fault => Err(error(fault)),
        }
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

/// The tenant of every test.
pub(crate) fn tenant() -> TenantId {
    TenantId::parse("acme").expect("a tenant")
}

/// The collection of the tenant's logs, which are the gates of these tests.
pub(crate) fn logs() -> CollectionPath {
    CollectionPath::of(&tenant(), Collection::ProcessedLogs)
}

/// The path of the log with this id.
pub(crate) fn log(id: &str) -> DocumentPath {
    logs().record(&RecordId::parse(id).expect("an id"))
}

/// The tenant's quarantine.
pub(crate) fn quarantine() -> CollectionPath {
    CollectionPath::of(&tenant(), Collection::Quarantine)
}
