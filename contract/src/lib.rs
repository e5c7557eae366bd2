//! What each port promises, as tests that run on every adapter.

pub mod broker;
pub mod store;
