//! Counts of access logs by minute, hour and day: requests, paths, user agents, statuses, bytes,
//! referers and hosts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::pin;

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::dimensions::LogDimensions;
use super::increments::Counts;
use super::layout::{ALL_REQUESTS, BYTES, COUNT, COUNTED, Dimension, Grain, Key, STATUSES};
use super::query::{rollups, top, top_query};
use crate::access_log::{Chosen, Entry, MAX_BYTES};
use crate::site_dimension::OTHERS;
use crate::store::{Aggregation, Document, DocumentStore, Op, Query, StoreError, Write};
use crate::tenant::TenantId;

/// How many windows are read at the same time, if each has few rows.
const AT_ONCE: u32 = 16;
/// How many rows of each dimension are read at the same time.
const ROWS_AT_ONCE: u32 = 1_600;
/// About what a row takes in an answer besides its value, in bytes.
const ROW_BYTES: usize = 48;

/// Which windows are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Their length.
    pub grain: Grain,
    /// The first start.
    pub from: DateTime<Utc>,
    /// The end of the starts, excluded.
    pub to: DateTime<Utc>,
    /// How many of the most frequent paths, user agents, referers and hosts each has.
    pub limit: u32,
    /// About the most bytes that they may take in an answer.
    pub most_bytes: usize,
}

/// The counts of one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its start.
    pub start: DateTime<Utc>,
    /// All requests.
    pub requests: i64,
    /// Requests by the class of their status.
    pub statuses: Statuses,
    /// The bytes of all answers.
    pub bytes: i64,
    /// The most frequent requests with their counts; ties are ordered by name.
    pub paths: Vec<(String, i64)>,
    /// The most frequent user agents with their counts; ties are ordered by name.
    pub user_agents: Vec<(String, i64)>,
    /// The most frequent hosts of referers with their counts; ties are ordered by name.
    pub referers: Vec<(String, i64)>,
    /// The most frequent hosts that requests were for, with their counts; ties are ordered by name.
    pub hosts: Vec<(String, i64)>,
}

/// Requests by the class of their status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statuses {
    /// 1xx, 2xx, 3xx, 4xx and 5xx.
    pub classes: [i64; 5],
    /// Requests without a status, or with one that was not counted.
    pub unknown: i64,
}

/// The writes for a part of a batch besides its own document. Counts that are only summed go to
/// `shard`.
pub fn of_entries(
    tenant: &TenantId,
    entries: &[Entry],
    dimensions: LogDimensions,
    shard: u32,
) -> Vec<Write> {
    let counts: Counts = counted_of(entries, dimensions).collect();
    counts.writes(tenant, shard).collect()
}

/// The keys that count these entries, and how much each counts. Equal values of a minute are added
/// up first, so that a key occurs at most once for each minute.
pub fn counted_of(
    entries: &[Entry],
    dimensions: LogDimensions,
) -> impl Iterator<Item = (Key, i64)> {
    let mut minutes: BTreeMap<(DateTime<Utc>, Dimension, Cow<'_, str>), i64> = BTreeMap::new();
    for entry in entries {
        let minute = Grain::Minute.start(entry.at);
        for (dimension, value, by) in values(entry) {
            if dimensions.has(dimension) {
                let count = minutes.entry((minute, dimension, value)).or_default();
                *count = count.saturating_add(by);
            }
        }
    }
    minutes.into_iter().flat_map(|((minute, dimension, value), by)| {
        let keys = Key::all(dimension, &value, minute, minute.date_naive());
        keys.map(move |key| (key.owned(), by)).collect::<Vec<_>>()
    })
}

/// The rollups that count an entry if every dimension is counted: 9 to 15.
pub fn touched_by(entry: &Entry) -> impl Iterator<Item = Key> {
    let day = entry.at.date_naive();
    values_of_own_rollups(entry).flat_map(move |(dimension, value)| {
        Key::all(dimension, &value, entry.at, day).map(Key::owned).collect::<Vec<_>>()
    })
}

/// What an entry counts in rollups of its own: statuses and bytes are fields of the others.
pub(super) fn values_of_own_rollups(
    entry: &Entry,
) -> impl Iterator<Item = (Dimension, Cow<'_, str>)> {
    let values = values(entry).into_iter().map(|(dimension, value, _)| (dimension, value));
    values.filter(|(dimension, _)| !matches!(dimension, Dimension::Status | Dimension::Bytes))
}

/// The windows that have requests, in order; `None` if they take more bytes than asked for.
pub async fn windows(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    asked: Asked,
) -> Result<Option<Vec<Window>>, StoreError> {
    let totals = totals(store, tenant, asked.grain, (asked.from, asked.to)).await?;
    let window = |(start, totals)| window(store, tenant, asked, start, totals);
    let at_once = (ROWS_AT_ONCE / asked.limit.max(1)).clamp(1, AT_ONCE);
    let mut read = pin!(stream::iter(totals).map(window).buffered(at_once as usize));
    let (mut windows, mut bytes) = (Vec::new(), 0);
    while let Some(window) = read.try_next().await? {
        bytes += window.bytes_of_rows();
        if bytes > asked.most_bytes {
            return Ok(None);
        }
        windows.push(window);
    }
    Ok(Some(windows))
}

async fn window(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    Asked { grain, limit, .. }: Asked,
    start: DateTime<Utc>,
    totals: Totals,
) -> Result<Window, StoreError> {
    let top = |dimension| top(store, tenant, dimension, (grain, start), limit);
    let (paths, user_agents, referers, hosts) = futures::try_join!(
        top(Dimension::RequestPath),
        top(Dimension::UserAgent),
        top(Dimension::Referer),
        top(Dimension::Host),
    )?;
    let Totals { requests, bytes, .. } = totals;
    let statuses = totals.statuses();
    Ok(Window { start, requests, statuses, bytes, paths, user_agents, referers, hosts })
}

impl Window {
    /// About what it takes in an answer, in bytes.
    fn bytes_of_rows(&self) -> usize {
        let rows = [&self.paths, &self.user_agents, &self.referers, &self.hosts];
        let bytes = rows.into_iter().flatten().map(|(value, _)| value.len() + ROW_BYTES);
        bytes.sum::<usize>() + ROW_BYTES
    }
}

/// A query of each shape that this module sends, with its aggregation.
pub(super) fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let epoch = DateTime::UNIX_EPOCH;
    vec![
        (totals_query(tenant, Grain::Minute, (epoch, epoch)), None),
        (top_query(tenant, Dimension::RequestPath, (Grain::Minute, epoch), 10), None),
    ]
}

/// What an entry counts: the dimension, the value, and how much. What the log does not have is not
/// counted.
fn values(entry: &Entry) -> Vec<(Dimension, Cow<'_, str>, i64)> {
    let mut values = vec![
        (Dimension::Requests, ALL_REQUESTS.into(), 1),
        (Dimension::UserAgent, entry.user_agent.as_str().into(), 1),
    ];
    let class = entry.status_class();
    values.extend(class.map(|class| (Dimension::Status, class.into(), 1)));
    let bytes = entry.bytes.filter(|bytes| (1..=MAX_BYTES).contains(bytes));
    let bytes = bytes.and_then(|bytes| i64::try_from(bytes).ok());
    values.extend(bytes.map(|bytes| (Dimension::Bytes, ALL_REQUESTS.into(), bytes)));
    values.extend(entry.chosen().map(|(what, value)| {
        let is_other = entry.others.contains(&what);
        (dimension(what), if is_other { OTHERS.into() } else { value }, 1)
    }));
    values
}

fn dimension(chosen: Chosen) -> Dimension {
    match chosen {
        Chosen::Path => Dimension::RequestPath,
        Chosen::Referer => Dimension::Referer,
        Chosen::Host => Dimension::Host,
    }
}

/// The sums of a window.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    requests: i64,
    bytes: i64,
    classes: [i64; 5],
}

impl Totals {
    fn add(&mut self, rollup: &Document) {
        let more = |sum: &mut i64, field| {
            *sum = sum.saturating_add(rollup.integer(field).unwrap_or(0));
        };
        more(&mut self.requests, COUNT);
        more(&mut self.bytes, BYTES);
        for (sum, &field) in self.classes.iter_mut().zip(STATUSES) {
            more(sum, field);
        }
    }

    /// The status of a request without a class is unknown.
    fn statuses(&self) -> Statuses {
        let unknown = self.requests - self.classes.iter().sum::<i64>();
        Statuses { classes: self.classes, unknown }
    }
}

/// The sums by window, with shards added up.
async fn totals(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    grain: Grain,
    range: (DateTime<Utc>, DateTime<Utc>),
) -> Result<BTreeMap<DateTime<Utc>, Totals>, StoreError> {
    let mut totals: BTreeMap<_, Totals> = BTreeMap::new();
    for rollup in store.query(&totals_query(tenant, grain, range)).await? {
        if let Some(start) = rollup.timestamp("start") {
            totals.entry(start).or_default().add(&rollup);
        }
    }
    Ok(totals)
}

fn totals_query(
    tenant: &TenantId,
    grain: Grain,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Query {
    rollups(tenant, Dimension::Requests)
        .filter("grain", Op::Equal, grain.as_str())
        .filter("start", Op::AtLeast, from)
        .filter("start", Op::Less, to)
        .select(COUNTED)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::Amounts;

    fn full() -> Entry {
        Entry {
            at: "2025-05-01T10:00:30Z".parse().expect("a time"),
            request: "GET /a".to_owned(),
            user_agent: "curl".to_owned(),
            status: Some(200),
            bytes: Some(5),
            host: Some("www.example.com".to_owned()),
            referer: Some("https://example.org/x".to_owned()),
            ..Entry::default()
        }
    }

    fn tenant() -> TenantId {
        TenantId::parse("acme").expect("a tenant")
    }

    #[test]
    fn an_entry_touches_nine_to_fifteen_rollups() {
        let bare = Entry { host: None, referer: None, ..full() };
        for (entry, documents) in [(full(), 15), (bare, 9)] {
            let touched: BTreeSet<Key> = touched_by(&entry).collect();
            assert_eq!(touched.len(), documents);
            let writes = of_entries(&tenant(), &[entry], LogDimensions::ALL, 0);
            assert_eq!(writes.len(), documents);
        }
    }

    #[test]
    fn what_the_gateway_names_others_is_counted_as_one_value() {
        let others = vec![Chosen::Path, Chosen::Host];
        let counted: BTreeSet<_> = counted_of(&[Entry { others, ..full() }], LogDimensions::ALL)
            .map(|(key, _)| key.value)
            .collect();
        assert!(counted.contains(OTHERS) && counted.contains("example.org"), "{counted:?}");
        assert!(!counted.contains("GET /a") && !counted.contains("www.example.com"), "{counted:?}");
    }

    #[test]
    fn equal_entries_are_one_write_for_each_rollup() {
        let entries = vec![full(); 1_000];
        let writes = of_entries(&tenant(), &entries, LogDimensions::ALL, 0);
        assert_eq!(writes.len(), 15);
        let sums = writes.iter().filter_map(|write| match write {
            Write::Increment { by, .. } if by.len() > 1 => Some(by.clone()),
            _ => None,
        });
        let expected: Amounts = [("bytes", 5_000), ("count", 1_000), ("status_2xx", 1_000)]
            .map(|(field, by)| (field.into(), by))
            .into();
        assert_eq!(sums.collect::<Vec<_>>(), [expected.clone(), expected.clone(), expected]);
    }

    #[test]
    fn only_what_is_chosen_is_counted() {
        for (chosen, writes, fields) in
            [("none", 3, 1), ("bytes", 3, 2), ("status,bytes", 3, 3), ("hosts,paths", 9, 1)]
        {
            let dimensions = chosen.parse().expect("dimensions");
            let written = of_entries(&tenant(), &[full()], dimensions, 0);
            assert_eq!(written.len(), writes, "{chosen}");
            let most = written.iter().map(|write| match write {
                Write::Increment { by, .. } => by.len(),
                _ => 0,
            });
            assert_eq!(most.max(), Some(fields), "{chosen}");
        }
    }
}
