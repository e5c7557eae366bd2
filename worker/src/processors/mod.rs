//! One processor for each kind of record.

pub mod text;
