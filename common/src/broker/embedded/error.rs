//! Why the queue fails.

use thiserror::Error;

use crate::sqlite::SqliteError;

/// The queue could not read or write its file.
#[derive(Debug, Error)]
#[error("the queue's file cannot be used")]
pub struct QueueError(#[source] pub(super) SqliteError);
