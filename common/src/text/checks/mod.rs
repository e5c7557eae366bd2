//! The checks of the rules: each follows the start that a pattern found to the end of the value, or
//! rejects it.

pub(super) mod cookies;
pub(super) mod headers;
pub(super) mod hosts;
pub(super) mod ipv6;
pub(super) mod keys;
pub(super) mod mail;
pub(super) mod named;
mod names;
mod numbered_things;
pub(super) mod numbers;
pub(super) mod pairs;
pub(super) mod paths;
pub(super) mod pem;
pub(super) mod phones;
mod placeholders;
pub(super) mod queries;
pub(super) mod statements;
pub(super) mod surroundings;
pub(super) mod urls;
pub(super) mod values;
mod version_words;
mod versions;
