//! What was seen of a visitor on a day: a field of the visitor's document for each value.

use crate::hash;
use crate::site_dimension::SiteDimension;

/// What the names of the fields begin with.
const PREFIX: &str = "v_";

/// The name of the field: short, because a document may have thousands, and a hash, because a value
/// may be no name of a field. Two values of a day share it once in 2^64.
pub(super) fn mark(dimension: SiteDimension, value: &str) -> String {
    let hash = hash::short(&[dimension.as_str(), value]) >> 64;
    format!("{PREFIX}{hash:016x}")
}

/// Whether a field of a visitor's document is a mark.
pub(super) fn is_mark(field: &str) -> bool {
    field.starts_with(PREFIX)
}
