//! How counts are laid out. The worker writes through this module, the gateway reads through it.
//!
//! A rollup is one number: how often a value of a dimension came in one window. The cost of a
//! read grows with the windows and values it covers, never with what was counted.

use std::collections::BTreeSet;

use chrono::{DateTime, DurationRound as _, NaiveDate, NaiveTime, TimeDelta, Utc};
use futures::future::try_join_all;

use crate::event::{Event, VIEWS};
use crate::hash;
use crate::path::{Collection, CollectionPath};
use crate::record::RecordId;
use crate::store::{
    Aggregation, Direction, DocumentStore, Op, Query, StoreError, Value, Write, fields,
};
use crate::tenant::TenantId;

/// How long a window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// 3,600 seconds.
    Hour,
    /// From midnight to midnight, UTC.
    Day,
    /// All time: one window.
    All,
}

impl Grain {
    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::All => "all",
        }
    }

    /// The beginning of the window that `at` lies in; of all time, 1970.
    pub fn start(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let floor = |length| at.duration_trunc(length).unwrap_or(DateTime::UNIX_EPOCH);
        match self {
            Self::Hour => floor(TimeDelta::hours(1)),
            Self::Day => floor(TimeDelta::days(1)),
            Self::All => DateTime::UNIX_EPOCH,
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Events by their type. Only ever summed, so it may be spread over shards.
    EventType,
    /// Views by the path of the page. Ordered by count, so it has one shard.
    ViewPath,
}

impl Dimension {
    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventType => "event_type",
            Self::ViewPath => "view_path",
        }
    }

    fn grains(self) -> &'static [Grain] {
        match self {
            Self::EventType => &[Grain::Hour, Grain::Day, Grain::All],
            Self::ViewPath => &[Grain::Day, Grain::All],
        }
    }

    fn shard(self, shards: u32, id: &RecordId) -> u32 {
        let spread = u32::from_str_radix(&hash::sha256(id.as_str())[..8], 16).unwrap_or(0);
        match self {
            Self::EventType => spread % shards.max(1),
            Self::ViewPath => 0,
        }
    }
}

/// The days that a read covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// All that was ever counted.
    All,
    /// Days in UTC, both ends included; open where there is none.
    Days(Option<NaiveDate>, Option<NaiveDate>),
}

impl Period {
    /// From one day to another; all time where neither is given.
    pub fn between(first: Option<NaiveDate>, last: Option<NaiveDate>) -> Self {
        if first.is_none() && last.is_none() { Self::All } else { Self::Days(first, last) }
    }
}

/// Everything that `event` changes beyond its own document. `id` chooses among `shards`.
pub fn of_event(tenant: &TenantId, id: &RecordId, event: &Event, shards: u32) -> Vec<Write> {
    let mut counted = vec![(Dimension::EventType, event.event_type.as_str())];
    if event.is_view() {
        counted.extend(event.path.as_deref().map(|path| (Dimension::ViewPath, path)));
    }
    let increments = counted.into_iter().flat_map(|(dimension, value)| {
        let shard = dimension.shard(shards, id);
        let increment = move |grain: &Grain| {
            increment(tenant, dimension, value, *grain, event.timestamp, shard)
        };
        dimension.grains().iter().map(increment)
    });
    let day = day_name(event.timestamp.date_naive());
    let visits = event
        .user_id
        .iter()
        .flat_map(|user| [day.clone(), ALL_DAYS.to_owned()].map(|day| visit(tenant, user, &day)));
    increments.chain(visits).collect()
}

/// How many events of `event_type` (of any type, where it is `None`) came in `period`.
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

/// How many views came in `period`.
pub async fn views(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    period: Period,
) -> Result<i64, StoreError> {
    let counts = VIEWS.map(|view| events(store, tenant, Some(view), period));
    Ok(try_join_all(counts).await?.iter().sum())
}

/// The types of events that ever came, in order.
pub async fn event_types(
    store: &dyn DocumentStore,
    tenant: &TenantId,
) -> Result<BTreeSet<String>, StoreError> {
    let query = in_period(rollups(tenant, Dimension::EventType), Period::All).select(&["value"]);
    Ok(store.query(&query).await?.iter().filter_map(|rollup| text(rollup, "value")).collect())
}

/// The most viewed paths of a day (of all time, where there is none): at most `limit`, by views,
/// ties by path.
pub async fn top_paths(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: Option<NaiveDate>,
    limit: u32,
) -> Result<Vec<(String, i64)>, StoreError> {
    let query = top_paths_query(tenant, day, limit);
    let row = |rollup: &crate::store::Document| {
        Some((text(rollup, "value")?, rollup.fields.get("count")?.as_integer()?))
    };
    Ok(store.query(&query).await?.iter().filter_map(row).collect())
}

/// How many different users sent events on a day (ever, where there is none).
pub async fn unique_users(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: Option<NaiveDate>,
) -> Result<i64, StoreError> {
    figure(store, &visitors_query(tenant, day), Aggregation::Count).await
}

/// One query of each shape that this module asks, with what it aggregates: each needs its index.
pub fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let day = NaiveDate::MIN;
    let sum = Some(Aggregation::Sum("count"));
    let periods = [Period::All, Period::Days(Some(day), Some(day)), Period::Days(Some(day), None)];
    let of_type = |period| in_period(rollups(tenant, Dimension::EventType), period);
    let totals = periods.map(|period| (of_type(period), sum));
    let by_value = periods.map(|period| (of_type(period).filter("value", Op::Equal, "click"), sum));
    let others = [
        (of_type(Period::All), None),
        (top_paths_query(tenant, Some(day), 10), None),
        (visitors_query(tenant, Some(day)), Some(Aggregation::Count)),
    ];
    totals.into_iter().chain(by_value).chain(others).collect()
}

/// The name under which `visitors` counts all days as one.
const ALL_DAYS: &str = "all";

fn increment(
    tenant: &TenantId,
    dimension: Dimension,
    value: &str,
    grain: Grain,
    at: DateTime<Utc>,
    shard: u32,
) -> Write {
    let start = grain.start(at);
    let identity = [
        dimension.as_str(),
        value,
        grain.as_str(),
        &start.timestamp().to_string(),
        &shard.to_string(),
    ];
    Write::Increment {
        path: CollectionPath::of(tenant, Collection::Rollups).hashed(&identity),
        fields: fields([
            ("dimension", dimension.as_str().into()),
            ("value", value.into()),
            ("grain", grain.as_str().into()),
            ("start", start.into()),
            ("shard", shard.into()),
        ]),
        by: [("count".to_owned(), 1)].into(),
    }
}

fn visit(tenant: &TenantId, user: &str, day: &str) -> Write {
    Write::Upsert {
        path: CollectionPath::of(tenant, Collection::Visitors).hashed(&[day, user]),
        fields: fields([("day", day.into())]),
    }
}

fn rollups(tenant: &TenantId, dimension: Dimension) -> Query {
    Query::all(CollectionPath::of(tenant, Collection::Rollups)).filter(
        "dimension",
        Op::Equal,
        dimension.as_str(),
    )
}

fn in_period(query: Query, period: Period) -> Query {
    match period {
        Period::All => query.filter("grain", Op::Equal, Grain::All.as_str()),
        Period::Days(first, last) => {
            let query = query.filter("grain", Op::Equal, Grain::Day.as_str());
            let first = first.map(midnight).unwrap_or(DateTime::UNIX_EPOCH);
            let query = query.filter("start", Op::AtLeast, first);
            match last {
                Some(last) => query.filter("start", Op::Less, midnight(last) + TimeDelta::days(1)),
                None => query,
            }
        }
    }
}

fn top_paths_query(tenant: &TenantId, day: Option<NaiveDate>, limit: u32) -> Query {
    let (grain, start) = match day {
        Some(day) => (Grain::Day, midnight(day)),
        None => (Grain::All, DateTime::UNIX_EPOCH),
    };
    rollups(tenant, Dimension::ViewPath)
        .filter("grain", Op::Equal, grain.as_str())
        .filter("start", Op::Equal, start)
        .order_by("count", Direction::Descending)
        .order_by("value", Direction::Ascending)
        .limit(limit)
}

fn visitors_query(tenant: &TenantId, day: Option<NaiveDate>) -> Query {
    let day = day.map_or_else(|| ALL_DAYS.to_owned(), day_name);
    Query::all(CollectionPath::of(tenant, Collection::Visitors)).filter("day", Op::Equal, day)
}

async fn figure(
    store: &dyn DocumentStore,
    query: &Query,
    aggregation: Aggregation,
) -> Result<i64, StoreError> {
    Ok(store.aggregate(query, &[aggregation]).await?.first().copied().unwrap_or(0))
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn day_name(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}

fn text(document: &crate::store::Document, field: &str) -> Option<String> {
    document.fields.get(field).and_then(Value::as_text).map(str::to_owned)
}
