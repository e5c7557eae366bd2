//! What visits count together.

use std::iter::Sum;
use std::ops::Add;

/// What the visits of a day, or of several, count together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    /// How many there were.
    pub visits: i64,
    /// How many of them had one view.
    pub bounces: i64,
    /// How many views they had.
    pub views: i64,
    /// How long they lasted, each from its first view to its last one, in microseconds.
    pub microseconds: i64,
}

impl Add for Visits {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            visits: self.visits + other.visits,
            bounces: self.bounces + other.bounces,
            views: self.views + other.views,
            microseconds: self.microseconds.saturating_add(other.microseconds),
        }
    }
}

impl Sum for Visits {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::add)
    }
}
