//! The API's description (OpenAPI 3.1): generated from the handlers, committed as
//! `docs/openapi.json`, served at `/openapi.json`.

pub(crate) mod bodies;
pub(crate) mod document;
pub(crate) mod forms;
mod headers;
mod log_clients;
pub(crate) mod parameters;
pub(crate) mod responses;
pub(crate) mod stored;
