//! Counts of access logs: requests, paths and user agents, by minute, hour and day.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::key::{Counts, Dimension, Grain, Key};
use super::query::{rollups, top, top_query};
use crate::access_log::Entry;
use crate::store::{Aggregation, DocumentStore, Op, Query, StoreError, Write};
use crate::tenant::TenantId;

/// The single value of the dimension that counts all requests.
const ALL_REQUESTS: &str = "all";
/// How many windows are read at the same time.
const AT_ONCE: usize = 16;

/// The counts of one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its start.
    pub start: DateTime<Utc>,
    /// All requests.
    pub requests: i64,
    /// The most frequent requests with their counts; ties are ordered by name.
    pub paths: Vec<(String, i64)>,
    /// The most frequent user agents with their counts; ties are ordered by name.
    pub user_agents: Vec<(String, i64)>,
}

/// The writes for a part of a batch besides its own document. Counts that are only summed go to
/// `shard`.
pub fn of_entries(tenant: &TenantId, entries: &[Entry], shard: u32) -> Vec<Write> {
    let counts: Counts = entries.iter().flat_map(touched_by).collect();
    counts.writes(tenant, shard).collect()
}

/// The rollups that count an entry.
pub fn touched_by(entry: &Entry) -> impl Iterator<Item = Key> {
    values(entry).into_iter().flat_map(|(dimension, value)| Key::all(dimension, value, entry.at))
}

/// The windows of `grain` that start in `from..to` and have requests, in order, each with its
/// `limit` most frequent paths and user agents.
pub async fn windows(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    grain: Grain,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    limit: u32,
) -> Result<Vec<Window>, StoreError> {
    let totals = totals(store, tenant, grain, (from, to)).await?;
    let window = async |(start, requests)| {
        let paths = top(store, tenant, Dimension::RequestPath, (grain, start), limit);
        let user_agents = top(store, tenant, Dimension::UserAgent, (grain, start), limit);
        let (paths, user_agents) = futures::try_join!(paths, user_agents)?;
        Ok(Window { start, requests, paths, user_agents })
    };
    stream::iter(totals).map(window).buffered(AT_ONCE).try_collect().await
}

/// A query of each shape that this module sends, with its aggregation.
pub(super) fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let epoch = DateTime::UNIX_EPOCH;
    vec![
        (totals_query(tenant, Grain::Minute, (epoch, epoch)), None),
        (top_query(tenant, Dimension::RequestPath, (Grain::Minute, epoch), 10), None),
    ]
}

fn values(entry: &Entry) -> [(Dimension, &str); 3] {
    [
        (Dimension::Requests, ALL_REQUESTS),
        (Dimension::RequestPath, &entry.request),
        (Dimension::UserAgent, &entry.user_agent),
    ]
}

/// Requests by window, with shards added up.
async fn totals(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    grain: Grain,
    range: (DateTime<Utc>, DateTime<Utc>),
) -> Result<BTreeMap<DateTime<Utc>, i64>, StoreError> {
    let mut totals = BTreeMap::new();
    for rollup in store.query(&totals_query(tenant, grain, range)).await? {
        if let Some(start) = rollup.timestamp("start") {
            *totals.entry(start).or_default() += rollup.integer("count").unwrap_or(0);
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
        .select(&["start", "count"])
}
