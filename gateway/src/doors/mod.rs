//! Doors for clients that people already have: each reads one protocol, and makes the same records
//! as `/ingest`, `/logs` and `/event` do.

mod authorization;
pub(crate) mod own_form;
pub(crate) mod sites;
