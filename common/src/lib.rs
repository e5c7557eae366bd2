//! What the two sides of Spillway share: the record and its message, the two ports (a broker and a
//! document store) with their adapters, settings, metrics and logs.

pub mod broker;
pub mod hash;
pub mod message;
pub mod path;
pub mod record;
#[cfg(feature = "embedded")]
mod sqlite;
pub mod store;
pub mod tenant;
