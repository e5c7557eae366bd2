//! The operations of a document store, and its errors.

use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;

use super::commit_limits::CommitLimits;
use super::document::Document;
use super::query::{Aggregation, Query};
use super::write::Write;
use crate::broker::Cause;
use crate::path::DocumentPath;
use crate::tenant::TenantId;

/// Stores documents by path.
#[async_trait]
pub trait DocumentStore: Send + Sync {
    /// Applies all of `writes`, or none.
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError>;

    /// Like [`commit`](Self::commit), for a caller that may have to send the same writes again. An
    /// adapter that can read them where they are copies none.
    async fn commit_shared(&self, writes: Arc<Vec<Write>>) -> Result<(), StoreError> {
        self.commit(writes.to_vec()).await
    }

    /// How large its commits should be, and how often they may come.
    fn commit_limits(&self) -> CommitLimits;

    /// The documents at `paths`, by position; `None` for a missing one.
    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError>;

    /// The documents of `query`, in its order.
    async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError>;

    /// One figure for each aggregation over the documents of `query`, by position.
    async fn aggregate(
        &self,
        query: &Query,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError>;

    /// Whether a document costs no more to read than its place on this machine's disk: then one large
    /// read is better than many lookups.
    fn reads_in_place(&self) -> bool {
        false
    }

    /// The tenants that have a document, in order of name: the first `most` of them.
    async fn tenants(&self, most: usize) -> Result<Vec<TenantId>, StoreError>;

    /// Checks that the store answers, without writing.
    async fn probe(&self) -> Result<(), StoreError>;
}

/// Why a request to the store failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A document that the commit would create already exists. Nothing was written. To learn which
    /// one, read them.
    #[error("a document that the commit creates exists already")]
    AlreadyExists,
    /// A document that the commit deletes as it was read has changed since, or is gone. Nothing was
    /// written. Read again.
    #[error("a document that the commit deletes has changed since it was read")]
    Changed,
    /// The store did not answer, or refused for now. The writes may have been applied. Passing:
    /// retry.
    #[error("the store cannot be reached, or is busy")]
    Passing(#[source] Cause),
    /// Others write the same documents at this moment. Nothing was written. Passing: retry, later
    /// and with less.
    #[error("others write the same documents")]
    Contention(#[source] Cause),
    /// The request itself is not valid. Nothing was written. Permanent: do not retry.
    #[error("the store refused the request")]
    Invalid(#[source] Cause),
    /// The deployment is at fault: a permission, the database or an index is missing. Nothing was
    /// written. Keep the record until the operator has fixed it.
    #[error("the store is not set up for this")]
    Deployment(#[source] Cause),
}

impl StoreError {
    /// Whether another try may succeed without anybody's help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Passing(_) | Self::Contention(_))
    }
}
