//! Visits: how long the visitors of a day stay, and how many see one page and leave.
//!
//! A visit is a sequence of one visitor's page views within one day of the site, with at most
//! [`LONGEST_PAUSE`] between neighbours. Nothing is written for it when an event comes: the visits of a
//! day are derived from its events when somebody asks, and what was derived is stored with the count of
//! the day's views. Counts change in the same commit as events, so what is stored is exact for as long as
//! that count is the same.

mod derivation;
mod derive;
mod figures;
mod stored;

pub use self::derivation::LONGEST_PAUSE;
pub use self::derive::derive;
pub use self::figures::Visits;
pub use self::stored::{Derived, remove, stored};
