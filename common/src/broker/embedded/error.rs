//! The error of the queue.

use thiserror::Error;

use crate::sqlite::SqliteError;

/// The queue cannot read or write its file.
#[derive(Debug, Error)]
#[error("cannot use the queue's file")]
pub struct QueueError(#[source] pub(super) SqliteError);
