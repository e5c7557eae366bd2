//! One validated noun of a request in each file.

pub(crate) mod access_log;
pub(crate) mod body;
pub(crate) mod browser;
pub(crate) mod checks;
pub(crate) mod date;
pub(crate) mod interaction;
pub(crate) mod json;
pub(crate) mod query;
pub(crate) mod record_id;
pub(crate) mod site_event;
pub(crate) mod tenant;
pub(crate) mod traceparent;
pub(crate) mod windows;
