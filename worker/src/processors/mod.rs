//! One processor for each kind of record.

pub mod access_log;
mod claim;
pub mod event;
pub mod text;
