//! Counts of events, by type and by page, and of the users behind them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::future::try_join_all;

use super::layout::{Dimension, Grain, Key, midnight};
use super::mark::mark;
use super::query::{figure, rollups, top, top_query};
use crate::event::{Bounded, Event, VIEWS};
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::site_dimension::OTHERS;
use crate::store::{Aggregation, Document, DocumentStore, Op, Query, StoreError, Write, fields};
use crate::tenant::TenantId;

/// The day of visitor documents that count for all time.
const ALL_DAYS: &str = "all";

/// The time that a read covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// All time.
    All,
    /// Days of the site, from the first to the last; `None` leaves an end open.
    Days(Option<NaiveDate>, Option<NaiveDate>),
    /// From the start of a full hour to the start of another one, which is not included; `None`
    /// leaves an end open.
    Hours(Option<DateTime<Utc>>, Option<DateTime<Utc>>),
}

impl Period {
    /// From the first day to the last; all time if both are `None`.
    pub fn between(first: Option<NaiveDate>, last: Option<NaiveDate>) -> Self {
        if first.is_none() && last.is_none() { Self::All } else { Self::Days(first, last) }
    }
}

/// A user who was seen on a day, or ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The day, or `all`.
    pub day: String,
    /// The visitor document.
    pub path: DocumentPath,
    /// The user, as a hash that is the same on every day.
    pub user: String,
    /// What was seen of the user that day: the names of fields of the document.
    pub marks: Vec<String>,
}

/// The writes for `event` besides its own document. Counts that are only summed go to `shard`.
pub fn of_event(tenant: &TenantId, event: &Event, shard: u32) -> Vec<Write> {
    let counts = counted_by(event).map(|key| key.count(tenant, shard));
    let visits = visits(tenant, event).into_iter();
    counts.chain(visits.map(Visit::write)).collect()
}

impl Visit {
    /// Whether it is that of all time.
    pub fn is_of_all_time(&self) -> bool {
        self.day == ALL_DAYS
    }

    /// Sets what was seen, and keeps what was seen before: in any order the document is the same.
    pub fn write(self) -> Write {
        let mut fields = fields([("day", self.day.into()), ("user", self.user.into())]);
        fields.extend(self.marks.into_iter().map(|mark| (mark, true.into())));
        Write::Upsert { path: self.path, fields: fields.into() }
    }
}

/// The rollups that count an event.
pub fn counted_by(event: &Event) -> impl Iterator<Item = Key<&str>> {
    values_of(event)
        .flat_map(|(dimension, value)| Key::all(dimension, value, event.timestamp, event.day()))
}

/// What an event is counted by: each dimension, and its value. An excluded one is counted by its reason
/// alone.
pub fn values_of(event: &Event) -> impl Iterator<Item = (Dimension, &str)> {
    let kind = match event.excluded {
        Some(reason) => (Dimension::Excluded, reason.as_str()),
        None => (Dimension::EventType, counted_as(event, Bounded::EventType, &event.event_type)),
    };
    let path = event.viewed_path().map(|path| counted_as(event, Bounded::Path, path));
    let dimensions = event.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| (Dimension::Site(*name), value.as_str()));
    [kind].into_iter().chain(path.map(|path| (Dimension::ViewPath, path))).chain(dimensions)
}

fn counted_as<'a>(event: &Event, what: Bounded, text: &'a str) -> &'a str {
    if event.others.contains(&what) { OTHERS } else { text }
}

/// The visits that an event counts as: none if it names no user or is excluded.
pub fn visits(tenant: &TenantId, event: &Event) -> Vec<Visit> {
    let user = event.user_id.as_ref().filter(|_| event.excluded.is_none());
    let Some(user) = user else { return Vec::new() };
    let marks = event.dimensions.iter().map(|(name, value)| mark(*name, value)).collect();
    let (day, hash) = (day_name(event.day()), user_hash(tenant, user));
    let path = CollectionPath::of(tenant, Collection::Visitors).hashed(&[&day, user]);
    let of_all_time = visit_of_all_time(tenant, &hash);
    vec![Visit { day, path, user: hash, marks }, of_all_time]
}

/// The user, as visitor documents name it.
pub fn user_hash(tenant: &TenantId, user: &str) -> String {
    let visitors = CollectionPath::of(tenant, Collection::Visitors);
    visitors.hashed(&[ALL_DAYS, user]).id().to_owned()
}

/// The visitor documents of a user, by its hash.
pub fn visits_of_user(tenant: &TenantId, hash: &str) -> Query {
    let visitors = Query::all(CollectionPath::of(tenant, Collection::Visitors));
    visitors.filter("user", Op::Equal, hash).select(&["day"])
}

/// The visitor documents of a day.
pub fn visits_on(tenant: &TenantId, day: NaiveDate) -> Query {
    visitors_query(tenant, Some(day)).select(&["user"])
}

/// The visit of all time of the user with this hash.
pub fn visit_of_all_time(tenant: &TenantId, hash: &str) -> Visit {
    let visitors = CollectionPath::of(tenant, Collection::Visitors);
    let (path, user) = (visitors.document(hash.to_owned()), hash.to_owned());
    Visit { day: ALL_DAYS.to_owned(), path, user, marks: Vec::new() }
}

/// Whether a visitor document is that of a day, and not of all time.
pub fn is_of_a_day(visitor: &Document) -> bool {
    visitor.text("day").is_some_and(|day| day != ALL_DAYS)
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

/// `query` for the windows of `period`.
pub(super) fn in_period(query: Query, period: Period) -> Query {
    match period {
        Period::All => query.filter("grain", Op::Equal, Grain::All.as_str()),
        Period::Days(first, last) => {
            between(query, Grain::Day, first.map(midnight), last.map(midnight))
        }
        Period::Hours(first, end) => {
            between(query, Grain::Hour, first, end.map(|end| end - TimeDelta::hours(1)))
        }
    }
}

/// Windows of `grain` from the one that starts at `first` to the one that starts at `last`.
fn between(
    query: Query,
    grain: Grain,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
) -> Query {
    let query = query.filter("grain", Op::Equal, grain.as_str());
    let query = query.filter("start", Op::AtLeast, first.unwrap_or(DateTime::UNIX_EPOCH));
    // The start of the window after the last one may be out of a store's range.
    match last {
        Some(last) => query.filter("start", Op::Less, last + TimeDelta::seconds(1)),
        None => query,
    }
}

fn window(day: Option<NaiveDate>) -> (Grain, DateTime<Utc>) {
    day.map_or((Grain::All, DateTime::UNIX_EPOCH), |day| (Grain::Day, midnight(day)))
}

pub(super) fn visitors_query(tenant: &TenantId, day: Option<NaiveDate>) -> Query {
    let day = day.map_or_else(|| ALL_DAYS.to_owned(), day_name);
    Query::all(CollectionPath::of(tenant, Collection::Visitors)).filter("day", Op::Equal, day)
}

fn day_name(day: NaiveDate) -> String {
    day.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Exclusion;
    use crate::site_dimension::{Dimensions, SiteDimension};

    #[test]
    fn an_excluded_event_is_counted_by_its_reason_alone_and_what_is_marked_as_other() {
        let event = |excluded| Event {
            event_type: "view".to_owned(),
            user_id: Some("u".to_owned()),
            path: Some("/a".to_owned()),
            payload: None,
            timestamp: DateTime::UNIX_EPOCH,
            truncated: false,
            excluded,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        };
        let counted = |event: &Event| -> BTreeSet<(Dimension, String)> {
            counted_by(event).map(|key| (key.dimension, key.value.to_owned())).collect()
        };
        let (tenant, visit) = (TenantId::default(), event(None));
        let view = [(Dimension::EventType, "view"), (Dimension::ViewPath, "/a")];
        assert_eq!(counted(&visit), view.map(|(what, value)| (what, value.to_owned())).into());
        assert_eq!(visits(&tenant, &visit).len(), 2);
        let others = vec![Bounded::Path, Bounded::EventType];
        let other = Event { others, ..visit.clone() };
        let both = [(Dimension::EventType, OTHERS), (Dimension::ViewPath, OTHERS)];
        assert_eq!(counted(&other), both.map(|(what, value)| (what, value.to_owned())).into());
        let os = Dimensions::from([(SiteDimension::Os, "Linux".to_owned())]);
        let seen = Event { dimensions: os, ..visit.clone() };
        let of_os = |dimension: &Dimension| *dimension == Dimension::Site(SiteDimension::Os);
        assert_eq!(counted_by(&seen).filter(|key| of_os(&key.dimension)).count(), 1, "its day");
        let marks: Vec<_> = visits(&tenant, &seen).iter().map(|visit| visit.marks.len()).collect();
        assert_eq!(marks, [1, 0], "of the day, and none of all time");
        let bot = event(Some(Exclusion::Bot));
        assert_eq!(counted(&bot), [(Dimension::Excluded, "bot".to_owned())].into());
        assert_eq!(counted_by(&bot).count(), 2, "of its day, and of all time");
        assert!(visits(&tenant, &bot).is_empty());
    }
}
