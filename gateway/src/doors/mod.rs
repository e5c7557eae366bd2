//! Doors for existing clients: each reads one protocol, and makes the same records as `/ingest`,
//! `/logs` and `/event`.

pub(crate) mod analytics;
mod authorization;
pub(crate) mod elasticsearch;
pub(crate) mod journald;
mod json_arrays;
mod json_record;
pub(crate) mod loki;
pub(crate) mod otlp;
pub(crate) mod own_form;
pub(crate) mod records;
mod shipment;
pub(crate) mod sources;
pub(crate) mod splunk;
mod wire;

#[cfg(test)]
mod fuzz;
