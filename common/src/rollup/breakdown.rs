//! Views and visitors by one of their properties, over several days.
//!
//! Views are read from the rollups of each day. Visitors are counted from the documents of the
//! visitors of those days, each of which has a field for each value that was seen of it: so a visitor
//! of several days, or with several views, counts once for each value.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::events::visitors_query;
use super::layout::{Dimension, Grain, midnight};
use super::mark::mark;
use super::query::rollups;
use crate::site_dimension::SiteDimension;
use crate::store::{Aggregation, Document, DocumentStore, Op, Query, StoreError};
use crate::tenant::TenantId;

/// How many days are read at the same time.
const AT_ONCE: usize = 4;
/// Visitors in one answer of the store.
const PAGE: u32 = 10_000;

/// The counts of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many views had it; for [`SiteDimension::Event`], how many events.
    pub views: i64,
    /// How many visitors it was seen of.
    pub visitors: i64,
}

/// The `limit` values of a dimension that most views of all `days` together had, with their figures;
/// ties are ordered by value.
pub async fn breakdown(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    dimension: SiteDimension,
    days: &BTreeSet<NaiveDate>,
    limit: u32,
) -> Result<Vec<(String, Figures)>, StoreError> {
    let mut views: Vec<_> = views(store, tenant, dimension, days).await?.into_iter().collect();
    views.sort_unstable_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    views.truncate(limit as usize);
    let values = views.iter().map(|(value, _)| value.as_str());
    let visitors = visitors(store, tenant, dimension, days, values).await?;
    let row = |((value, views), visitors)| (value, Figures { views, visitors });
    Ok(views.into_iter().zip(visitors).map(row).collect())
}

/// The figures of these `values` of a dimension over all `days` together, by position.
pub async fn figures(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    dimension: SiteDimension,
    days: &BTreeSet<NaiveDate>,
    values: &[&str],
) -> Result<Vec<Figures>, StoreError> {
    let views = views(store, tenant, dimension, days).await?;
    let visitors = visitors(store, tenant, dimension, days, values.iter().copied()).await?;
    let figures = |(value, visitors): (&&str, i64)| Figures {
        views: views.get(*value).copied().unwrap_or(0),
        visitors,
    };
    Ok(values.iter().zip(visitors).map(figures).collect())
}

/// A query of each shape that this module sends.
pub(super) fn shapes(tenant: &TenantId) -> Vec<(Query, Option<Aggregation>)> {
    let day = NaiveDate::MIN;
    vec![
        (views_query(tenant, SiteDimension::Source, DateTime::UNIX_EPOCH), None),
        (marks_query(tenant, day, Some("a".to_owned())), None),
    ]
}

/// The views of each value.
async fn views(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    dimension: SiteDimension,
    days: &BTreeSet<NaiveDate>,
) -> Result<HashMap<String, i64>, StoreError> {
    let of_day =
        async |day: &NaiveDate| store.query(&views_query(tenant, dimension, midnight(*day))).await;
    let mut views: HashMap<String, i64> = HashMap::new();
    let mut read = stream::iter(days).map(of_day).buffered(AT_ONCE);
    while let Some(rollups) = read.try_next().await? {
        for rollup in rollups {
            if let (Some(value), Some(count)) = (rollup.text("value"), rollup.integer("count")) {
                *views.entry(value.to_owned()).or_default() += count;
            }
        }
    }
    Ok(views)
}

/// The visitors of each of the `values`, by position.
async fn visitors(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    dimension: SiteDimension,
    days: &BTreeSet<NaiveDate>,
    values: impl Iterator<Item = &str>,
) -> Result<Vec<i64>, StoreError> {
    let marks: Vec<String> = values.map(|value| mark(dimension, value)).collect();
    let mut seen = vec![HashSet::new(); marks.len()];
    let of_day = async |day: &NaiveDate| seen_on(store, tenant, *day, &marks).await;
    let mut read = stream::iter(days).map(of_day).buffered(AT_ONCE);
    while let Some(of_day) = read.try_next().await? {
        for (place, user) in of_day {
            seen[place].insert(user);
        }
    }
    Ok(seen.into_iter().map(|users| i64::try_from(users.len()).unwrap_or(i64::MAX)).collect())
}

/// Which of the `marks` were seen of which users on a day: the position of the mark, and the first
/// half of the hash of the user, which two users share once in 2^64.
async fn seen_on(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: NaiveDate,
    marks: &[String],
) -> Result<Vec<(usize, u128)>, StoreError> {
    let (mut seen, mut after) = (Vec::new(), None);
    while !marks.is_empty() {
        let page = store.query(&marks_query(tenant, day, after)).await?;
        seen.extend(page.iter().flat_map(|visitor| marks_of(visitor, marks)));
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.id.clone()),
            _ => break,
        }
    }
    Ok(seen)
}

fn marks_of(visitor: &Document, marks: &[String]) -> Vec<(usize, u128)> {
    let Some(user) = user(visitor) else { return Vec::new() };
    let has = |place: &usize| visitor.fields.contains_key(&marks[*place]);
    (0..marks.len()).filter(has).map(|place| (place, user)).collect()
}

fn user(visitor: &Document) -> Option<u128> {
    u128::from_str_radix(visitor.text("user")?.get(..32)?, 16).ok()
}

fn views_query(tenant: &TenantId, dimension: SiteDimension, midnight: DateTime<Utc>) -> Query {
    // A range and not an equality, so that the index on the start serves it.
    rollups(tenant, Dimension::Site(dimension))
        .filter("grain", Op::Equal, Grain::Day.as_str())
        .filter("start", Op::AtLeast, midnight)
        .filter("start", Op::Less, midnight + TimeDelta::seconds(1))
        .select(&["value", "count"])
}

fn marks_query(tenant: &TenantId, day: NaiveDate, after: Option<String>) -> Query {
    visitors_query(tenant, Some(day)).limit(PAGE).after(after)
}
