//! The embedded store, with a count of its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use common::path::{Collection, CollectionPath, DocumentPath};
use common::store::embedded::EmbeddedStore;
use common::store::{Aggregation, CommitLimits, Document, DocumentStore, Query, StoreError, Write};
use common::tenant::TenantId;
use tempfile::TempDir;

/// The calls so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bill {
    /// Calls that read.
    pub(crate) reads: usize,
    /// Documents that they read: returned, or aggregated.
    pub(crate) documents_read: usize,
    /// Commits.
    pub(crate) commits: usize,
    /// Rollups that commits wrote.
    pub(crate) rollup_writes: usize,
    /// Visitors that commits wrote.
    pub(crate) visitor_writes: usize,
}

/// A new store in a folder of its own.
pub(crate) struct CountingStore {
    store: EmbeddedStore,
    _folder: TempDir,
    reads: AtomicUsize,
    documents_read: AtomicUsize,
    commits: AtomicUsize,
    rollup_writes: AtomicUsize,
    visitor_writes: AtomicUsize,
}

impl CountingStore {
    /// An empty store; nothing is counted so far.
    pub(crate) fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        Arc::new(Self {
            store: EmbeddedStore::open(folder.path()).expect("a store"),
            _folder: folder,
            reads: AtomicUsize::default(),
            documents_read: AtomicUsize::default(),
            commits: AtomicUsize::default(),
            rollup_writes: AtomicUsize::default(),
            visitor_writes: AtomicUsize::default(),
        })
    }

    /// The calls since the last bill.
    pub(crate) fn bill(&self) -> Bill {
        let take = |counter: &AtomicUsize| counter.swap(0, Ordering::SeqCst);
        Bill {
            reads: take(&self.reads),
            documents_read: take(&self.documents_read),
            commits: take(&self.commits),
            rollup_writes: take(&self.rollup_writes),
            visitor_writes: take(&self.visitor_writes),
        }
    }

    /// Every document of a collection, by id; not counted.
    pub(crate) async fn all(&self, collection: CollectionPath) -> Vec<Document> {
        self.store.query(&Query::all(collection)).await.expect("the documents")
    }

    fn count_read(&self, documents: usize) {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.documents_read.fetch_add(documents, Ordering::SeqCst);
    }
}

#[async_trait]
impl DocumentStore for CountingStore {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let writes_of = |collection: Collection| {
            let names = writes.iter().map(|write| write.path().collection());
            names.filter(|path| path.name() == collection.as_str()).count()
        };
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.rollup_writes.fetch_add(writes_of(Collection::Rollups), Ordering::SeqCst);
        self.visitor_writes.fetch_add(writes_of(Collection::Visitors), Ordering::SeqCst);
        self.store.commit(writes).await
    }

    fn commit_limits(&self) -> CommitLimits {
        self.store.commit_limits()
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        self.count_read(paths.len());
        self.store.get_many(paths).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        let documents = self.store.query(query).await?;
        self.count_read(documents.len());
        Ok(documents)
    }

    async fn aggregate(
        &self,
        query: &Query,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError> {
        let read = self.store.aggregate(query, &[Aggregation::Count]).await?;
        self.count_read(usize::try_from(read[0]).expect("a count"));
        self.store.aggregate(query, aggregations).await
    }

    async fn tenants(&self, most: usize) -> Result<Vec<TenantId>, StoreError> {
        self.store.tenants(most).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.store.probe().await
    }
}
