//! What `spillway import` prints at its end.

use std::collections::BTreeMap;
use std::fmt;

use crate::count::count;

/// How many refused rows are printed.
const PRINTED: usize = 20;

/// What became of a row.
pub(super) enum Outcome {
    /// The server keeps it.
    Taken,
    /// The row is not an event that a visitor caused.
    LeftOut,
    /// What is wrong with the row of this line.
    Refused(u64, String),
}

/// The numbers of an import.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) taken: u64,
    pub(super) left_out: u64,
    /// Why, by line.
    pub(super) refused: BTreeMap<u64, String>,
}

impl Summary {
    /// Counts one more.
    pub(super) fn with(mut self, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Taken => self.taken += 1,
            Outcome::LeftOut => self.left_out += 1,
            Outcome::Refused(line, why) => drop(self.refused.insert(line, why)),
        }
        self
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused = self.refused.len() as u64;
        let taken = count(self.taken, "event", "events");
        write!(f, "{taken} taken, {} left out, {refused} refused", self.left_out)?;
        for (line, why) in self.refused.iter().take(PRINTED) {
            write!(f, "\n  line {line}: {why}")?;
        }
        Ok(())
    }
}
