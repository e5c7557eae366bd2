//! One processor for each kind of record.

pub mod event;
pub mod text;
