//! What a document store does, and how it fails.

use async_trait::async_trait;
use thiserror::Error;

use super::document::Document;
use super::query::{Aggregation, Query};
use super::write::Write;
use crate::broker::Cause;
use crate::path::DocumentPath;

/// Keeps documents by path.
#[async_trait]
pub trait DocumentStore: Send + Sync {
    /// Makes all of `writes`, or none.
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError>;

    /// The documents at `paths`, by position; `None` where there is none.
    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError>;

    /// The documents that `query` selects, in its order.
    async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError>;

    /// One figure per aggregation, by position, over what `query` selects.
    async fn aggregate(
        &self,
        query: &Query,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError>;

    /// Whether the store answers now; writes nothing.
    async fn probe(&self) -> Result<(), StoreError>;
}

/// Why the store did not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A document to be created exists. Nothing was written. Read the documents to learn which.
    #[error("a document to be created exists already")]
    AlreadyExists,
    /// The store did not answer, or said no for now; what was to be written may be written.
    /// Passing: do it again.
    #[error("the store cannot be reached, or is busy")]
    Passing(#[source] Cause),
    /// The request itself cannot be carried out, now or ever. Nothing was written.
    #[error("the store refused the request")]
    Invalid(#[source] Cause),
    /// The deployment is wrong: no permission, no such database, a missing index. Nothing was
    /// written. Wait for the operator; lose nothing meanwhile.
    #[error("the store is not set up for this")]
    Deployment(#[source] Cause),
}
