//! Windows of requests: how they are counted here, and where two counts differ.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::scenario::{AGENTS, BEGIN, Batch, Entry, PAGES};

/// The lengths of windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grain {
    Minute,
    Hour,
    Day,
}

/// A count for each thing that is counted in a window: all requests, each path, each user agent.
pub(super) type Window = BTreeMap<Counted, i64>;
/// The windows that are not empty, by their start.
pub(super) type Windows = BTreeMap<DateTime<Utc>, Window>;

/// What is counted in a window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counted {
    Requests,
    /// `METHOD path`.
    Path(String),
    UserAgent(String),
}

/// A count that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) customer: String,
    pub(super) grain: Grain,
    pub(super) start: DateTime<Utc>,
    pub(super) what: Counted,
    pub(super) sent: i64,
    pub(super) served: i64,
}

impl Grain {
    pub(super) const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// The name in a query.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// The start of the window that `at` is in.
    fn start(self, at: DateTime<Utc>) -> DateTime<Utc> {
        at - TimeDelta::seconds(at.timestamp().rem_euclid(self.seconds()))
    }
}

/// The period that is compared: twelve hours on either side, so that a count in the wrong window is
/// found. It has 1,440 minutes, the most that one read can ask for.
pub(super) fn period() -> [DateTime<Utc>; 2] {
    [-1, 1].map(|side| BEGIN + TimeDelta::hours(12) * side)
}

/// Counts the entries of all `batches`, each batch once.
pub(super) fn windows<'a>(batches: impl Iterator<Item = &'a Batch>, grain: Grain) -> Windows {
    let mut windows = Windows::new();
    for entry in batches.flat_map(|batch| &batch.entries) {
        let window = windows.entry(grain.start(entry.at)).or_default();
        counted(entry).into_iter().for_each(|what| *window.entry(what).or_default() += 1);
    }
    windows
}

fn counted(entry: &Entry) -> [Counted; 3] {
    let ((method, _, path), (_, family)) = (PAGES[entry.page], AGENTS[entry.agent]);
    let path = Counted::Path(format!("{method} {path}"));
    [Counted::Requests, path, Counted::UserAgent(family.to_owned())]
}

/// All requests in the windows.
pub(super) fn requests(windows: &Windows) -> i64 {
    windows.values().filter_map(|window| window.get(&Counted::Requests)).sum()
}

/// Every count of a customer that differs, in either direction.
pub(super) fn differences(
    customer: &str,
    grain: Grain,
    sent: &Windows,
    served: &Windows,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for start in keys(sent, served) {
        let none = Window::new();
        let [sent, served] = [sent, served].map(|windows| windows.get(start).unwrap_or(&none));
        for what in keys(sent, served) {
            let [sent, served] = [sent, served].map(|it| it.get(what).copied().unwrap_or(0));
            if sent != served {
                let (customer, what) = (customer.to_owned(), what.clone());
                differences.push(Difference { customer, grain, start: *start, what, sent, served });
            }
        }
    }
    differences
}

fn keys<'a, K: Ord, V>(one: &'a BTreeMap<K, V>, other: &'a BTreeMap<K, V>) -> BTreeSet<&'a K> {
    one.keys().chain(other.keys()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::scenario::{Format, Name};

    fn batch(entries: Vec<Entry>) -> Batch {
        Batch { customer: 0, name: Name::Content, format: Format::Json, entries }
    }

    fn entry(second: i64) -> Entry {
        Entry { at: BEGIN + TimeDelta::seconds(second), page: 5, agent: 3 }
    }

    #[test]
    fn an_entry_is_in_the_window_that_its_second_begins() {
        let batches = [batch(vec![entry(0), entry(59)]), batch(vec![entry(60), entry(900)])];
        let counts = Grain::ALL.map(|grain| {
            let windows = windows(batches.iter(), grain);
            let starts = windows.keys().map(|start| start.format("%d %H:%M").to_string());
            starts.zip(windows.values().map(|it| it[&Counted::Requests])).collect::<Vec<_>>()
        });
        let expected = |list: &[(&str, i64)]| {
            list.iter().map(|(start, count)| ((*start).to_owned(), *count)).collect::<Vec<_>>()
        };
        assert_eq!(counts[0], expected(&[("01 23:45", 2), ("01 23:46", 1), ("02 00:00", 1)]));
        assert_eq!(counts[1], expected(&[("01 23:00", 3), ("02 00:00", 1)]));
        assert_eq!(counts[2], expected(&[("01 00:00", 3), ("02 00:00", 1)]));
    }

    #[test]
    fn a_window_counts_requests_methods_with_paths_and_families() {
        let batches = [batch(vec![entry(0)])];
        let expected = Window::from([
            (Counted::Requests, 1),
            (Counted::Path("POST /cart".to_owned()), 1),
            (Counted::UserAgent("curl".to_owned()), 1),
        ]);
        assert_eq!(windows(batches.iter(), Grain::Minute), Windows::from([(BEGIN, expected)]));
    }

    #[test]
    fn what_is_missing_and_what_nobody_sent_are_both_differences() {
        let [one, other] =
            [0, 60].map(|second| windows([batch(vec![entry(second)])].iter(), Grain::Minute));
        assert_eq!(differences("a", Grain::Minute, &one, &one), []);
        let found = differences("a", Grain::Minute, &one, &other);
        let counts: Vec<_> = found.iter().map(|it| (it.start, it.sent, it.served)).collect();
        let next = BEGIN + TimeDelta::seconds(60);
        assert_eq!(counts, [[(BEGIN, 1, 0); 3], [(next, 0, 1); 3]].concat());
    }
}
