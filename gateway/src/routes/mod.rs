//! One resource in each file; a handler reads, asks the core, and answers.

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
