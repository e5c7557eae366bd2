//! Redaction: log text without its personal data, in parts of bounded size.

mod checks;
mod line;
pub mod redact;
mod rule;
mod rules;
pub mod segment;
mod view;
