//! One validated noun of a request in each file.

pub(crate) mod body;
pub(crate) mod log_id;
pub(crate) mod query;
pub(crate) mod tenant;
pub(crate) mod traceparent;
