//! Counts of events, by type and by page, and of the users behind them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use futures::future::try_join_all;

use super::key::{Counts, Dimension, Grain, Key};
use super::query::{figure, rollups, top, top_query};
use crate::event::{Event, VIEWS};
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::store::{Aggregation, DocumentStore, Op, Query, StoreError, Write, fields};
use crate::tenant::TenantId;

/// The day of visitor documents that count for all time.
const ALL_DAYS: &str = "all";

/// The days that a read covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// All time.
    All,
    /// Days in UTC, from the first to the last; `None` leaves an end open.
    Days(Option<NaiveDate>, Option<NaiveDate>),
}

impl Period {
    /// From the first day to the last; all time if both are `None`.
    pub fn between(first: Option<NaiveDate>, last: Option<NaiveDate>) -> Self {
        if first.is_none() && last.is_none() { Self::All } else { Self::Days(first, last) }
    }
}

/// A user who was seen on a day, or at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The day, or `all`.
    pub day: String,
    /// The visitor document.
    pub path: DocumentPath,
}

/// The writes for `event` besides its own document. Counts that are only summed go to `shard`.
pub fn of_event(tenant: &TenantId, event: &Event, shard: u32) -> Vec<Write> {
    let counts: Counts = counted_by(event).collect();
    let visits = visits(tenant, event).into_iter();
    let visits = visits
        .map(|Visit { day, path }| Write::Upsert { path, fields: fields([("day", day.into())]) });
    counts.writes(tenant, shard).chain(visits).collect()
}

/// The rollups that count an event. An excluded one is counted by its reason alone.
pub fn counted_by(event: &Event) -> impl Iterator<Item = Key> {
    let kind = match event.excluded {
        Some(reason) => (Dimension::Excluded, reason.as_str()),
        None => (Dimension::EventType, event.event_type.as_str()),
    };
    let is_seen_page = event.excluded.is_none() && event.is_view();
    let path = event.path.as_deref().filter(|_| is_seen_page);
    let values = [kind].into_iter().chain(path.map(|path| (Dimension::ViewPath, path)));
    values.flat_map(|(dimension, value)| Key::all(dimension, value, event.timestamp))
}

/// The visits that an event counts as: none if it names no user or is excluded.
pub fn visits(tenant: &TenantId, event: &Event) -> Vec<Visit> {
    let user = event.user_id.as_ref().filter(|_| event.excluded.is_none());
    let Some(user) = user else { return Vec::new() };
    let days = [day_name(event.timestamp.date_naive()), ALL_DAYS.to_owned()];
    let visitors = CollectionPath::of(tenant, Collection::Visitors);
    days.map(|day| Visit { path: visitors.hashed(&[&day, user]), day }).into()
}

/// How many events of `event_type`, or of any type for `None`, there were in `period`.
pub async fn events(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    event_type: Option<&str>,
    period: Period,
) -> Result<i64, StoreError> {
    let query = in_period(rollups(tenant, Dimension::EventType), period);
    let query = match event_type {
        Some(event_type) => query.filter("value", Op::Equal, event_type),
        None => query,
    };
    figure(store, &query, Aggregation::Sum("count")).await
}

/// How many page views there were in `period`.
pub async fn views(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    period: Period,
) -> Result<i64, StoreError> {
    let counts = VIEWS.map(|view| events(store, tenant, Some(view), period));
    Ok(try_join_all(counts).await?.iter().sum())
}

/// All event types that were ever counted, in order.
pub async fn event_types(
    store: &dyn DocumentStore,
    tenant: &TenantId,
) -> Result<BTreeSet<String>, StoreError> {
    let query = in_period(rollups(tenant, Dimension::EventType), Period::All).select(&["value"]);
    let found = store.query(&query).await?;
    Ok(found.iter().filter_map(|rollup| rollup.text("value")).map(str::to_owned).collect())
}

/// The `limit` most viewed paths of a day, or of all time for `None`, with their views; ties are
/// ordered by path.
pub async fn top_paths(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: Option<NaiveDate>,
    limit: u32,
) -> Result<Vec<(String, i64)>, StoreError> {
    top(store, tenant, Dimension::ViewPath, window(day), limit).await
}

/// How many users there were on a day, or in all time for `None`.
pub async fn unique_users(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: Option<NaiveDate>,
) -> Result<i64, StoreError> {
    figure(store, &visitors_query(tenant, day), Aggregation::Count).await
}

/// A query of each shape that this module sends, with its aggregation.
pub(super) fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let day = NaiveDate::MIN;
    let sum = Some(Aggregation::Sum("count"));
    let periods = [Period::All, Period::Days(Some(day), Some(day)), Period::Days(Some(day), None)];
    let of_type = |period| in_period(rollups(tenant, Dimension::EventType), period);
    let totals = periods.map(|period| (of_type(period), sum));
    let by_value = periods.map(|period| (of_type(period).filter("value", Op::Equal, "click"), sum));
    let others = [
        (of_type(Period::All), None),
        (top_query(tenant, Dimension::ViewPath, window(Some(day)), 10), None),
        (visitors_query(tenant, Some(day)), Some(Aggregation::Count)),
    ];
    totals.into_iter().chain(by_value).chain(others).collect()
}

fn in_period(query: Query, period: Period) -> Query {
    match period {
        Period::All => query.filter("grain", Op::Equal, Grain::All.as_str()),
        Period::Days(first, last) => {
            let query = query.filter("grain", Op::Equal, Grain::Day.as_str());
            let first = first.map(midnight).unwrap_or(DateTime::UNIX_EPOCH);
            let query = query.filter("start", Op::AtLeast, first);
            // Windows of days start at midnight, and the day after the last one may be out of
            // range.
            match last {
                Some(last) => {
                    query.filter("start", Op::Less, midnight(last) + TimeDelta::seconds(1))
                }
                None => query,
            }
        }
    }
}

fn window(day: Option<NaiveDate>) -> (Grain, DateTime<Utc>) {
    day.map_or((Grain::All, DateTime::UNIX_EPOCH), |day| (Grain::Day, midnight(day)))
}

fn visitors_query(tenant: &TenantId, day: Option<NaiveDate>) -> Query {
    let day = day.map_or_else(|| ALL_DAYS.to_owned(), day_name);
    Query::all(CollectionPath::of(tenant, Collection::Visitors)).filter("day", Op::Equal, day)
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn day_name(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}
