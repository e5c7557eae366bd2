//! A broker and a store that do nothing, so that what is counted is Spillway's own work.

use async_trait::async_trait;
use common::broker::{Broker, Message, PublishError};
use common::path::DocumentPath;
use common::store::{Aggregation, CommitLimits, Document, DocumentStore, Query, StoreError, Write};
use common::tenant::TenantId;

/// Takes every message and forgets it; holds no document.
pub(crate) struct Nothing;

#[async_trait]
impl Broker for Nothing {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn probe(&self) -> Result<(), PublishError> {
        Ok(())
    }

    async fn flush(&self) {}
}

#[async_trait]
impl DocumentStore for Nothing {
    async fn commit(&self, _: Vec<Write>) -> Result<(), StoreError> {
        Ok(())
    }

    fn commit_limits(&self) -> CommitLimits {
        CommitLimits::ONE_AT_A_TIME
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        Ok(paths.iter().map(|_| None).collect())
    }

    async fn query(&self, _: &Query) -> Result<Vec<Document>, StoreError> {
        Ok(Vec::new())
    }

    async fn aggregate(&self, _: &Query, of: &[Aggregation]) -> Result<Vec<i64>, StoreError> {
        Ok(vec![0; of.len()])
    }

    async fn tenants(&self, _: usize) -> Result<Vec<TenantId>, StoreError> {
        Ok(Vec::new())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
