//! The public half of Spillway: it reads a request, validates and normalizes it, publishes it, and
//! answers 202 when every message is durable. It also serves every read.
//!
//! The path of a request: `app`, `edge`, `route_table`, `extractors` (with `formats` for access
//! logs), `routes` (for other clients' protocols `doors`), `publish`, and `problem` for what goes
//! wrong.

mod accept_events;
mod admin;
mod app;
mod assets;
mod batch_parts;
mod bearer;
mod compress;
mod counters;
mod csv_rows;
mod digest_key;
mod dimensions;
mod doors;
mod edge;
mod expectation;
mod extractors;
mod filtered_events;
mod formats;
mod header_list;
mod hosts;
mod http_server;
mod listing;
mod local_client;
mod named_values;
mod open_files;
mod openapi;
mod own_host;
mod personal_names;
mod probes;
mod problem;
mod problem_code;
mod public_batch;
mod public_path;
mod publish;
mod rates;
mod read_origins;
mod redacted;
mod rejected_text;
mod render;
mod request_log;
mod room;
mod route_table;
mod routes;
mod served_pages;
mod settings;
mod shared_dashboard;
mod site_rules;
mod site_settings_cache;
mod slow_answer;
mod state;
mod stored;
mod tenant_list;
mod times;
mod turns;
mod visit_days;
mod visitor;

pub use app::{Application, bind};
pub use header_list::HeaderList;
pub use openapi::document::document;
pub use read_origins::{NotAnOrigin, ReadOrigins};
pub use request_log::LogRequests;
pub use served_pages::{Page, Pages};
pub use settings::GatewaySettings;
pub use state::Gateway;
pub use tenant_list::{NotATenant, TenantList};
