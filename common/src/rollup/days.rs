//! Pages and visitors over several days: what each day counts, put together.
//!
//! Nothing is stored for any number of days, so each day is read whole: the cost of a read grows
//! with the days, and with the pages and visitors of each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::events::{Period, in_period, visitors_query};
use super::layout::{Dimension, Grain, midnight};
use super::query::rollups;
use crate::event::VIEWS;
use crate::path::{Collection, CollectionPath};
use crate::site_dimension::OTHERS;
use crate::store::{Aggregation, Document, DocumentStore, Op, Query, StoreError};
use crate::tenant::TenantId;

/// The dimension of events that are not counted as what they are.
const EXCLUDED: &str = "excluded";
/// How many days are read at the same time.
const AT_ONCE: usize = 4;
/// Visitors in one answer of the store.
const PAGE: u32 = 10_000;

/// The days of a period that have events.
pub async fn days_with_events(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    period: Period,
) -> Result<BTreeSet<NaiveDate>, StoreError> {
    let found = store.query(&days_query(tenant, period)).await?;
    let starts = found.iter().filter_map(|rollup| rollup.timestamp("start"));
    Ok(starts.map(|start| start.date_naive()).collect())
}

/// The views of each day of a period that has some, with the events of types that are counted as
/// `(other)`, among which views may be.
pub async fn views_by_day(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    period: Period,
) -> Result<BTreeMap<NaiveDate, i64>, StoreError> {
    let mut views = BTreeMap::new();
    let is_view = |name: &str| VIEWS.contains(&name) || name == OTHERS;
    for rollup in store.query(&types_query(tenant, period)).await? {
        if !rollup.text("value").is_some_and(is_view) {
            continue;
        }
        if let (Some(start), Some(count)) = (rollup.timestamp("start"), rollup.integer("count")) {
            *views.entry(start.date_naive()).or_default() += count;
        }
    }
    views.retain(|_, count| *count > 0);
    Ok(views)
}

/// The `limit` most viewed paths of all `days` together, with their views; ties are ordered by
/// path.
pub async fn top_paths_over(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    days: &BTreeSet<NaiveDate>,
    limit: u32,
) -> Result<Vec<(String, i64)>, StoreError> {
    let queries = days.iter().map(|day| paths_query(tenant, midnight(*day)));
    let mut views: HashMap<String, i64> = HashMap::new();
    let mut read = answers(store, queries);
    while let Some(rollups) = read.try_next().await? {
        for rollup in rollups {
            if let (Some(path), Some(count)) = (rollup.text("value"), rollup.integer("count")) {
                *views.entry(path.to_owned()).or_default() += count;
            }
        }
    }
    let mut paths: Vec<_> = views.into_iter().collect();
    paths.sort_unstable_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    paths.truncate(limit as usize);
    Ok(paths)
}

/// How many different users there were on all `days` together. A browser without a user id is
/// another user each day.
pub async fn unique_users_over(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    days: &BTreeSet<NaiveDate>,
) -> Result<i64, StoreError> {
    let mut users = HashSet::new();
    let of_day = async |day: &NaiveDate| users_of(store, tenant, *day).await;
    let mut read = stream::iter(days).map(of_day).buffered(AT_ONCE);
    while let Some(of_day) = read.try_next().await? {
        users.extend(of_day);
    }
    Ok(i64::try_from(users.len()).unwrap_or(i64::MAX))
}

/// How many events of a period are not counted as what they are, by the reason.
pub async fn excluded_in(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    period: Period,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut reasons = BTreeMap::new();
    for rollup in store.query(&excluded_query(tenant, period)).await? {
        if let (Some(reason), Some(count)) = (rollup.text("value"), rollup.integer("count")) {
            *reasons.entry(reason.to_owned()).or_default() += count;
        }
    }
    Ok(reasons)
}

/// A query of each shape that this module sends.
pub(super) fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let day = NaiveDate::MIN;
    vec![
        (days_query(tenant, Period::Days(Some(day), Some(day))), None),
        (types_query(tenant, Period::Days(Some(day), Some(day))), None),
        (excluded_query(tenant, Period::All), None),
        (paths_query(tenant, DateTime::UNIX_EPOCH), None),
        (users_query(tenant, day, Some("a".to_owned())), None),
    ]
}

fn answers<'a>(
    store: &'a dyn DocumentStore,
    queries: impl Iterator<Item = Query> + 'a,
) -> impl Stream<Item = Result<Vec<Document>, StoreError>> + Unpin + 'a {
    let read = move |query: Query| async move { store.query(&query).await };
    Box::pin(stream::iter(queries).map(read).buffered(AT_ONCE))
}

/// The first half of the hash of each user: two users share it once in 2^64 users.
async fn users_of(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: NaiveDate,
) -> Result<Vec<u128>, StoreError> {
    let (mut users, mut after) = (Vec::new(), None);
    loop {
        let page = store.query(&users_query(tenant, day, after)).await?;
        users.extend(page.iter().filter_map(user));
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.id.clone()),
            _ => return Ok(users),
        }
    }
}

/// A document from before users were stored stands for a user of its own.
fn user(visitor: &Document) -> Option<u128> {
    let hash = visitor.text("user").unwrap_or(&visitor.id);
    u128::from_str_radix(hash.get(..32)?, 16).ok()
}

fn days_query(tenant: &TenantId, period: Period) -> Query {
    in_period(rollups(tenant, Dimension::EventType), period).select(&["start"])
}

fn types_query(tenant: &TenantId, period: Period) -> Query {
    let types = in_period(rollups(tenant, Dimension::EventType), period);
    types.select(&["value", "start", "count"])
}

fn excluded_query(tenant: &TenantId, period: Period) -> Query {
    let rollups = Query::all(CollectionPath::of(tenant, Collection::Rollups));
    let excluded = rollups.filter("dimension", Op::Equal, EXCLUDED);
    in_period(excluded, period).select(&["value", "count"])
}

fn paths_query(tenant: &TenantId, midnight: DateTime<Utc>) -> Query {
    // A range and not an equality, so that the index on the start serves it.
    rollups(tenant, Dimension::ViewPath)
        .filter("grain", Op::Equal, Grain::Day.as_str())
        .filter("start", Op::AtLeast, midnight)
        .filter("start", Op::Less, midnight + TimeDelta::seconds(1))
        .select(&["value", "count"])
}

fn users_query(tenant: &TenantId, day: NaiveDate, after: Option<String>) -> Query {
    visitors_query(tenant, Some(day)).select(&["user"]).limit(PAGE).after(after)
}

#[cfg(all(test, feature = "embedded"))]
mod tests {
    use super::*;
    use crate::store::embedded::EmbeddedStore;
    use crate::store::{Write, fields};

    #[tokio::test]
    async fn excluded_events_are_added_up_by_reason_over_a_period() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        let tenant = TenantId::parse("acme").expect("a tenant");
        let day = |day| NaiveDate::from_ymd_opt(2025, 5, day).expect("a day");
        let rollup = |reason: &str, start: NaiveDate, count: i64| Write::Create {
            path: CollectionPath::of(&tenant, Collection::Rollups)
                .hashed(&[reason, &start.to_string()]),
            fields: fields([
                ("dimension", EXCLUDED.into()),
                ("value", reason.into()),
                ("grain", Grain::Day.as_str().into()),
                ("start", midnight(start).into()),
                ("count", count.into()),
            ]),
        };
        let rollups = [("bot", 1, 2), ("bot", 2, 3), ("frame", 2, 1), ("file", 4, 9)];
        let rollups = rollups.map(|(reason, start, count)| rollup(reason, day(start), count));
        store.commit(rollups.to_vec()).await.expect("a commit");
        let period = Period::Days(Some(day(1)), Some(day(3)));
        let excluded = excluded_in(&store, &tenant, period).await.expect("the store answers");
        assert_eq!(excluded, BTreeMap::from([("bot".to_owned(), 5), ("frame".to_owned(), 1)]));
    }
}
