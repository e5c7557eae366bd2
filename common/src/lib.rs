//! What gateway and worker share: the record and its message, the two ports (a broker and a
//! document store) with their adapters, settings, metrics and logs.

pub mod access_log;
pub mod backoff;
pub mod broker;
pub mod budget;
pub mod config;
#[cfg(feature = "embedded")]
pub mod data_folder;
pub mod event;
pub mod event_listing;
pub mod export;
pub mod filtered;
pub mod first_contact;
pub mod google_address;
pub mod hash;
pub mod host;
pub mod joined_text;
pub mod live_visitors;
pub mod log_batch;
pub mod log_output;
mod malformed_http;
pub mod message;
pub mod metrics;
pub mod page;
pub mod page_query;
pub mod path;
pub mod path_map;
mod process;
pub mod processed_log;
pub mod program;
pub mod quarantine;
pub mod record;
pub mod removal;
mod request_lines;
pub mod retention;
pub mod rollup;
pub mod signal;
pub mod site_days;
pub mod site_dimension;
pub mod site_settings;
#[cfg(feature = "embedded")]
mod sqlite;
pub mod standing;
pub mod store;
pub mod telemetry;
pub mod tenant;
pub mod text;
pub mod time_zone;
pub mod trace;
pub mod visits;
