//! Redaction: log text without its personal data, in parts of bounded size.

mod checks;
mod line;
mod phones;
pub mod redact;
mod rules;
pub mod segment;
mod surroundings;
