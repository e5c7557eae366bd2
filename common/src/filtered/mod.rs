//! Figures of the events that have one value: the visitors from one source, or the views of one page.
//!
//! Rollups count each dimension alone. Whoever asks for two at once gets them from the events themselves,
//! so a filter costs nothing when an event comes, and a read of all events of the period when somebody asks.

mod filter;
mod properties;
mod read;
mod sums;
mod tally;

pub use self::filter::Filter;
pub use self::read::{most_events, read};
pub use self::sums::{Filtered, Rows};
