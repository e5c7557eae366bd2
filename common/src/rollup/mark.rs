//! What was seen of a visitor on a day: a field of the visitor's document for each value.

use std::cell::RefCell;

use super::memo::Memo;
use crate::hash;
use crate::site_dimension::SiteDimension;

/// The most marks that a thread remembers: some 0.3 MB, and 3 MB if all values are as long as can be.
const MOST: usize = 2_048;

thread_local! {
    static MARKS: RefCell<Memo<(SiteDimension, String), String>> = RefCell::new(Memo::new(MOST));
}

/// What the names of the fields begin with.
const PREFIX: &str = "v_";

/// The name of the field: short, because a document may have thousands, and a hash, because a value
/// may be no name of a field. Two values of a day share it once in 2^64.
/// A thread remembers it, because many visitors have the same browser and come from the same country.
pub(super) fn mark(dimension: SiteDimension, value: &str) -> String {
    let is = |(of, known): &(SiteDimension, String)| *of == dimension && known == value;
    let make = || ((dimension, value.to_owned()), new(dimension, value));
    MARKS.with_borrow_mut(|known| known.get((dimension, value), is, make))
}

fn new(dimension: SiteDimension, value: &str) -> String {
    let hash = hash::short(&[dimension.as_str(), value]) >> 64;
    format!("{PREFIX}{hash:016x}")
}

/// Whether a field of a visitor's document is a mark.
pub(super) fn is_mark(field: &str) -> bool {
    field.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_same_in_every_version_and_whether_or_not_it_is_remembered() {
        for _ in 0..2 {
            assert_eq!(mark(SiteDimension::Browser, "Firefox"), "v_e3d93af09734d91a");
            assert_ne!(mark(SiteDimension::Os, "Firefox"), mark(SiteDimension::Browser, "Firefox"));
            assert_eq!(mark(SiteDimension::Os, "Linux"), new(SiteDimension::Os, "Linux"));
        }
    }
}
