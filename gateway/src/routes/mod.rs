//! One resource in each file. A handler takes what the extractors checked, calls the core, and
//! answers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::ProblemCode;

pub(crate) mod analytics;
pub(crate) mod breakdown;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod filtered;
pub(crate) mod health;
pub(crate) mod ingest;
pub(crate) mod live;
pub(crate) mod log_batches;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod processed_logs;
pub(crate) mod quarantine;
pub(crate) mod root;
pub(crate) mod site_settings;
pub(crate) mod stats;
pub(crate) mod tenant;
pub(crate) mod tenants;
pub(crate) mod today;
pub(crate) mod visits;

/// The outcome of a request.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Every message is durable.
    Accepted,
}

/// The problems of every route that publishes.
const ON_PUBLISH: [ProblemCode; 4] = [
    ProblemCode::MethodNotAllowed,
    ProblemCode::RateLimited,
    ProblemCode::Internal,
    ProblemCode::Unavailable,
];
/// The problems of every route that reads a tenant's data.
const ON_READ: [ProblemCode; 5] = [
    ProblemCode::InvalidQuery,
    ProblemCode::Unauthorized,
    ProblemCode::MethodNotAllowed,
    ProblemCode::Internal,
    ProblemCode::Unavailable,
];
