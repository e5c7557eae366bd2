//! The contract of each port, as tests that run on every adapter.

pub mod broker;
pub mod store;
