//! One processor for each kind of record.

pub mod access_log;
pub(crate) mod claim;
pub mod event;
pub mod text;
