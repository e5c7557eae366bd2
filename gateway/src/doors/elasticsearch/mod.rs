//! Elasticsearch's bulk API, for shippers: `_bulk`, and what clients ask before they use it.

mod actions;
mod answer;
pub(crate) mod bulk;
pub(crate) mod handshake;
