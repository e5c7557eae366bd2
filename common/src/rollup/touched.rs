//! Counts the rollups that the entries of a batch touch: as many as a store writes for it.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::layout::{Dimension, Grain};
use super::requests::values_of_own_rollups;
use crate::access_log::Entry;

/// The rollups that the entries of a batch have touched so far, if every dimension is counted.
#[derive(Debug, Default)]
pub struct Touched {
    rollups: usize,
    /// When each value occurred last. The entries come in order of time, so a window that another one
    /// has followed does not come back.
    last: HashMap<Dimension, HashMap<String, DateTime<Utc>>>,
}

/// What an entry counts, and when.
#[derive(Debug)]
pub struct Touch<'e> {
    at: DateTime<Utc>,
    values: Vec<(Dimension, Cow<'e, str>)>,
}

impl<'e> Touch<'e> {
    /// What this entry counts.
    #[must_use]
    pub fn of(entry: &'e Entry) -> Self {
        Self { at: entry.at, values: values_of_own_rollups(entry).collect() }
    }
}

impl Touched {
    /// How many rollups there would be with this entry, which is not older than those before.
    #[must_use]
    pub fn with(&self, touch: &Touch<'_>) -> usize {
        let fresh = touch.values.iter().map(|(dimension, value)| {
            let last = self.last.get(dimension).and_then(|values| values.get(&**value));
            fresh(*dimension, last.copied(), touch.at)
        });
        self.rollups + fresh.sum::<usize>()
    }

    /// Adds the rollups of an entry, which is not older than those before.
    pub fn add(&mut self, touch: Touch<'_>) {
        self.rollups = self.with(&touch);
        for (dimension, value) in touch.values {
            let values = self.last.entry(dimension).or_default();
            match values.get_mut(&*value) {
                Some(last) => *last = touch.at,
                None => drop(values.insert(value.into_owned(), touch.at)),
            }
        }
    }
}

/// How many windows a value has now that it did not have when it occurred last.
fn fresh(dimension: Dimension, last: Option<DateTime<Utc>>, at: DateTime<Utc>) -> usize {
    let grains = dimension.grains();
    let Some(last) = last else {
        return grains.len();
    };
    // Most entries are of the same minute as the one before.
    if Grain::Minute.start(last) == Grain::Minute.start(at) {
        return 0;
    }
    grains.iter().filter(|grain| grain.start(last) != grain.start(at)).count()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::rollup::touched_by;

    fn entry() -> impl Strategy<Value = Entry> {
        (0..200_000i64, 0..9u8, 0..3u8, proptest::option::of(0..3u8)).prop_map(
            |(second, path, agent, referer)| Entry {
                at: DateTime::UNIX_EPOCH + TimeDelta::seconds(second),
                request: format!("GET /{path}"),
                user_agent: format!("agent {agent}"),
                referer: referer.map(|host| format!("https://{host}.example/")),
                ..Entry::default()
            },
        )
    }

    proptest! {
        #[test]
        fn rollups_are_counted_as_their_keys_are(
            mut entries in proptest::collection::vec(entry(), 0..60)
        ) {
            entries.sort_unstable();
            let (mut touched, mut keys) = (Touched::default(), HashSet::new());
            for entry in &entries {
                keys.extend(touched_by(entry));
                let touch = Touch::of(entry);
                prop_assert_eq!(touched.with(&touch), keys.len());
                touched.add(touch);
            }
        }
    }
}
