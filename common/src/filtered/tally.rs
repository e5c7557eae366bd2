//! One figure of the events that a filter selects.

use std::collections::HashSet;

use crate::rollup::Figures;

/// A count, and whom it was seen of.
#[derive(Debug, Default)]
pub(super) struct Tally {
    count: i64,
    users: HashSet<u64>,
}

impl Tally {
    pub(super) fn add(&mut self, count: i64, user: Option<u64>) {
        self.count += count;
        self.users.extend(user);
    }

    pub(super) fn figures(&self) -> Figures {
        let visitors = i64::try_from(self.users.len()).unwrap_or(i64::MAX);
        Figures { views: self.count, visitors }
    }
}
