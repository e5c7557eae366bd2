//! The checks of the rules: each follows the start that a pattern found to the end of the value, or
//! rejects it.

pub(super) mod hosts;
pub(super) mod ipv6;
pub(super) mod keys;
pub(super) mod mail;
pub(super) mod named;
mod numbered_things;
pub(super) mod numbers;
pub(super) mod pem;
pub(super) mod phones;
pub(super) mod surroundings;
pub(super) mod urls;
pub(super) mod values;
mod versions;
