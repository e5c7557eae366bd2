//! What `spillway generate` prints at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::count::count;

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

    /// The number of events counted.
    pub(super) fn events(&self) -> usize {
        self.types.values().sum()
    }
}

/// The numbers of a successful run.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) tally: Tally,
    /// What was done with the events: `sent` or `made`.
    pub(super) done: &'static str,
    pub(super) seed: u64,
    pub(super) took: Duration,
    /// Where to look at them, if they were sent.
    pub(super) link: Option<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tally, done, seed, took, link } = self;
        let seconds = took.as_secs_f64();
        let rate = tally.events() as f64 / seconds.max(0.001);
        let types = tally.types.iter().map(|(name, count)| format!("{count} {name}"));
        let types = types.collect::<Vec<_>>().join(", ");
        let events = count(tally.events(), "event", "events");
        let users = count(tally.users.len(), "user", "users");
        let days = count(tally.days.len(), "day", "days");
        writeln!(f, "{events} {done}, of {users} on {days}: {types}.")?;
        write!(f, "It took {seconds:.1} s, {rate:.0} events a second; seed {seed}.")?;
        link.iter().try_for_each(|link| write!(f, "\nLook at them: {link}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_event_is_singular() {
        let event = json!({
            "event_type": "view", "user_id": "user-1", "timestamp": "2025-05-01T10:00:00.000Z"
        });
        let tally = Tally::default().with(&event);
        let summary =
            Summary { tally, done: "made", seed: 1, took: Duration::from_secs(1), link: None };
        let told = summary.to_string();
        assert!(told.starts_with("1 event made, of 1 user on 1 day: 1 view.\n"), "{told}");
        assert!(told.ends_with("seed 1."), "{told}");
        let link = Some("http://127.0.0.1:8080/dashboard?tenant=acme".to_owned());
        let told = Summary { link, ..summary }.to_string();
        assert!(
            told.ends_with("\nLook at them: http://127.0.0.1:8080/dashboard?tenant=acme"),
            "{told}"
        );
    }
}
