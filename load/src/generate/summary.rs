//! What was made, in numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// Counts events.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    types: BTreeMap<String, usize>,
    users: BTreeSet<String>,
    days: BTreeSet<String>,
}

impl Tally {
    /// Counts one more.
    pub(super) fn with(mut self, event: &Value) -> Self {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        *self.types.entry(text("event_type")).or_default() += 1;
        self.users.insert(text("user_id"));
        self.days.insert(text("timestamp").chars().take("2025-05-01".len()).collect());
        self
    }

    /// How many events were counted.
    pub(super) fn events(&self) -> usize {
        self.types.values().sum()
    }
}

/// What the command says when all is well.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) tally: Tally,
    /// What became of the events: `sent` or `made`.
    pub(super) done: &'static str,
    pub(super) seed: u64,
    pub(super) took: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tally, done, seed, took } = self;
        let (events, seconds) = (tally.events(), took.as_secs_f64());
        let types = tally.types.iter().map(|(name, count)| format!("{count} {name}"));
        let types = types.collect::<Vec<_>>().join(", ");
        let (users, days) = (tally.users.len(), tally.days.len());
        let rate = events as f64 / seconds.max(0.001);
        writeln!(f, "{events} events {done} of {users} users on {days} days: {types}.")?;
        write!(f, "It took {seconds:.1} s, {rate:.0} events a second; seed {seed}.")
    }
}
