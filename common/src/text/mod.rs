//! Turns log text into text that may leave the tenant: sensitive data replaced, parts bounded.

mod checks;
mod line;
pub mod redact;
mod rules;
pub mod segment;
