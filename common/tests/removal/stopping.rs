//! A store that stops taking commits.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use common::path::DocumentPath;
use common::store::embedded::EmbeddedStore;
use common::store::{Aggregation, CommitLimits, Document, DocumentStore, Query, StoreError, Write};
use common::tenant::TenantId;

/// Takes so many commits, and then none.
pub(crate) struct Stopping<'s> {
    store: &'s EmbeddedStore,
    left: AtomicUsize,
    then: fn() -> StoreError,
}

impl<'s> Stopping<'s> {
    /// As for a process that is killed.
    pub(crate) fn after(store: &'s EmbeddedStore, commits: usize) -> Self {
        Self { store, left: commits.into(), then: || StoreError::Deployment("killed".into()) }
    }

    /// As for a store that is not reached any more.
    pub(crate) fn busy_after(store: &'s EmbeddedStore, commits: usize) -> Self {
        Self { store, left: commits.into(), then: || StoreError::Passing("busy".into()) }
    }
}

#[async_trait]
impl DocumentStore for Stopping<'_> {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let take = |left: usize| left.checked_sub(1);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => self.store.commit(writes).await,
            Err(_) => Err((self.then)()),
        }
    }

    fn commit_limits(&self) -> CommitLimits {
        self.store.commit_limits()
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
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
