//! Page views and visitors over time, window by window.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::events::unique_users;
use super::layout::{Dimension, Grain};
use super::query::rollups;
use crate::event::VIEWS;
use crate::store::{Aggregation, DocumentStore, Op, Query, StoreError};
use crate::tenant::TenantId;

/// How many days are counted at the same time.
const AT_ONCE: usize = 16;

/// The counts of one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Its start.
    pub start: DateTime<Utc>,
    /// Page views.
    pub views: i64,
    /// Visitors; only known for days.
    pub visitors: Option<i64>,
}

/// The windows of `grain` (hours or days) that start in `from..to` and have views or visitors, in
/// order.
pub async fn series(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    grain: Grain,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Point>, StoreError> {
    let (views, visitors) = futures::try_join!(
        views(store, tenant, grain, (from, to)),
        visitors(store, tenant, grain, (from, to)),
    )?;
    let point = |start: &DateTime<Utc>| Point {
        start: *start,
        views: views.get(start).copied().unwrap_or(0),
        visitors: (grain == Grain::Day).then(|| visitors.get(start).copied().unwrap_or(0)),
    };
    let starts: BTreeSet<_> = views.keys().chain(visitors.keys()).collect();
    Ok(starts.into_iter().map(point).collect())
}

/// A query of each shape that this module sends.
pub(super) fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let epoch = DateTime::UNIX_EPOCH;
    vec![(views_query(tenant, VIEWS[0], Grain::Hour, (epoch, epoch)), None)]
}

/// Page views by window, with types and shards added up.
async fn views(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    grain: Grain,
    range: (DateTime<Utc>, DateTime<Utc>),
) -> Result<BTreeMap<DateTime<Utc>, i64>, StoreError> {
    let queries = VIEWS.map(|view| views_query(tenant, view, grain, range));
    let found = try_join_all(queries.iter().map(|query| store.query(query))).await?;
    let mut views = BTreeMap::new();
    for rollup in found.iter().flatten() {
        if let Some(start) = rollup.timestamp("start") {
            *views.entry(start).or_default() += rollup.integer("count").unwrap_or(0);
        }
    }
    Ok(views)
}

/// Visitors by day; none for other grains.
async fn visitors(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    grain: Grain,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<BTreeMap<DateTime<Utc>, i64>, StoreError> {
    let length = grain.length().filter(|_| grain == Grain::Day);
    let next = |start: &DateTime<Utc>| start.checked_add_signed(length?);
    let days = std::iter::successors(length.map(|_| from), next).take_while(|start| *start < to);
    let count = async |start: DateTime<Utc>| {
        Ok::<_, StoreError>((start, unique_users(store, tenant, Some(start.date_naive())).await?))
    };
    let counts = stream::iter(days).map(count).buffered(AT_ONCE);
    counts.try_filter(|(_, users)| std::future::ready(*users > 0)).try_collect().await
}

fn views_query(
    tenant: &TenantId,
    view: &str,
    grain: Grain,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Query {
    rollups(tenant, Dimension::EventType)
        .filter("grain", Op::Equal, grain.as_str())
        .filter("value", Op::Equal, view)
        .filter("start", Op::AtLeast, from)
        .filter("start", Op::Less, to)
        .select(&["start", "count"])
}
