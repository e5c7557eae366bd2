//! One try to commit.

use std::sync::Arc;

use common::metrics::COMMITS;
use common::path::DocumentPath;
use common::store::patience::patiently;
use common::store::{Document, DocumentStore, StoreError};
use tokio::time::Instant;

use super::group::Prepared;
use super::job::Job;
use crate::outcome::CommitOutcome;

/// What came of a try.
pub(super) struct Attempted {
    pub(super) job: Job,
    pub(super) tried: Prepared,
    pub(super) began: Instant,
    pub(super) outcome: Outcome,
}

/// What came of a try.
pub(super) enum Outcome {
    /// All of it is written.
    Stored,
    /// Nothing is written, since some gate already exists: the documents at the gates, by position.
    Known(Vec<Option<Document>>),
    /// The store's error.
    Failed(StoreError),
}

/// Sends one commit. If some gate already exists, reads all gates.
pub(super) async fn attempt(
    store: Arc<dyn DocumentStore>,
    job: Job,
    tried: Prepared,
    began: Instant,
) -> Attempted {
    let result = store.commit_shared(Arc::clone(&tried.writes)).await;
    COMMITS.with_label_values(&[CommitOutcome::from(&result).label()]).inc();
    let outcome = match result {
        Ok(()) => Outcome::Stored,
        Err(StoreError::AlreadyExists) => read(&*store, &tried).await,
        Err(error) => Outcome::Failed(error),
    };
    Attempted { job, tried, began, outcome }
}

async fn read(store: &dyn DocumentStore, tried: &Prepared) -> Outcome {
    let gates: Vec<DocumentPath> = tried.gates().cloned().collect();
    match patiently(|| store.get_many(&gates)).await {
        Ok(found) => Outcome::Known(found),
        Err(error) => Outcome::Failed(error),
    }
}
