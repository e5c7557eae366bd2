//! One resource in each file; a handler reads, asks the core, and answers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Code;

pub(crate) mod analytics;
pub(crate) mod event;
pub(crate) mod health;
pub(crate) mod ingest;
pub(crate) mod log_batches;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod processed_logs;
pub(crate) mod quarantine;
pub(crate) mod stats;

/// What became of the request.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It is durable.
    Accepted,
}

/// What can go wrong wherever something is published.
const ON_PUBLISH: [Code; 3] = [Code::MethodNotAllowed, Code::Internal, Code::Unavailable];
/// What can go wrong wherever something of a tenant is read.
const ON_READ: [Code; 4] =
    [Code::Unauthorized, Code::MethodNotAllowed, Code::Internal, Code::Unavailable];
