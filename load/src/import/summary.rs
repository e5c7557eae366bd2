//! What `spillway import` prints at its end.

use std::collections::BTreeMap;
use std::fmt;

use super::item::Place;
use crate::count::count;

/// How many refused rows are printed.
const PRINTED: usize = 20;

/// What became of a row.
pub(super) enum Outcome {
    /// The server keeps it.
    Taken,
    /// The row is not an event that a visitor caused.
    LeftOut,
    /// What is wrong with it.
    Refused(Place, String),
    /// So much of a sum is more than the views of its day.
    Beyond(u64),
}

/// The numbers of an import.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) taken: u64,
    pub(super) left_out: u64,
    /// Why, by place.
    pub(super) refused: BTreeMap<Place, String>,
    pub(super) beyond: u64,
}

impl Summary {
    /// Counts one more.
    pub(super) fn with(mut self, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Taken => self.taken += 1,
            Outcome::LeftOut => self.left_out += 1,
            Outcome::Refused(place, why) => drop(self.refused.insert(place, why)),
            Outcome::Beyond(beyond) => self.beyond += beyond,
        }
        self
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused = self.refused.len() as u64;
        let taken = count(self.taken, "event", "events");
        write!(f, "{taken} taken, {} left out, {refused} refused", self.left_out)?;
        for (place, why) in self.refused.iter().take(PRINTED) {
            write!(f, "\n  {place}: {why}")?;
        }
        if self.beyond > 0 {
            let beyond = count(self.beyond, "value", "values");
            write!(f, "\n  {beyond} had no view to go with: more than the views of their days")?;
        }
        Ok(())
    }
}
