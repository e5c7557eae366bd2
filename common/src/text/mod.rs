//! Redaction: log text without its personal data, in parts of bounded size.

mod hosts;
mod ipv6;
mod keys;
mod line;
mod mail;
mod named;
mod numbers;
mod pem;
mod phones;
pub mod redact;
mod rule;
mod rules;
pub mod segment;
mod surroundings;
mod things;
mod urls;
mod values;
mod versions;
mod view;
