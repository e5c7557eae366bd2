//! Derives the visits of a day from its events, and stores them.

use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate, Utc};

use super::derivation::Derivation;
use super::figures::Visits;
use super::stored::{Derived, store_derived, stored};
use crate::event::{day_of, is_counted_as_view, is_view};
use crate::event_listing::{Selection, each};
use crate::rollup::{Period, views_by_day};
use crate::store::{Document, DocumentStore, StoreError};
use crate::tenant::TenantId;
use crate::time_zone::{self, TimeZone};

/// Events in one answer of the store.
const PAGE: u32 = 5_000;
/// What is read of an event.
const FIELDS: &[&str] = &["event_type", "user_id", "timestamp", "excluded", "others", "day"];

/// Derives the visits of a day of a site in `zone`, and stores them. What was stored before stays if
/// events of the day have expired since.
pub async fn derive(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: NaiveDate,
    zone: TimeZone,
) -> Result<Derived, StoreError> {
    derive_in_pages(store, tenant, day, zone, PAGE).await
}

async fn derive_in_pages(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: NaiveDate,
    zone: TimeZone,
    most: u32,
) -> Result<Derived, StoreError> {
    let events = Events { store, tenant, day, most };
    let before = events.views().await?;
    let read = events.read_all(zone, before).await?;
    let after = events.views().await?;
    // Fewer views than are counted: some have expired, and what is left says nothing about visits.
    let is_whole = read.views >= before;
    let visits = if is_whole { Some(read.visits) } else { events.known().await? };
    let derived = Derived { before, after, visits };
    store_derived(store, tenant, day, &derived).await?;
    Ok(derived)
}

/// The events of a day.
struct Events<'s> {
    store: &'s dyn DocumentStore,
    tenant: &'s TenantId,
    day: NaiveDate,
    most: u32,
}

/// What was read.
struct Read {
    visits: Visits,
    /// The views of the day, also those of no visitor.
    views: i64,
}

impl Events<'_> {
    /// How many views of the day are counted.
    async fn views(&self) -> Result<i64, StoreError> {
        let day = Period::Days(Some(self.day), Some(self.day));
        Ok(views_by_day(self.store, self.tenant, day).await?.values().sum())
    }

    /// The visits that were derived before.
    async fn known(&self) -> Result<Option<Visits>, StoreError> {
        let known = stored(self.store, self.tenant, (self.day, self.day)).await?;
        Ok(known.get(&self.day).and_then(|known| known.visits))
    }

    /// Reads the day as it is in `zone`. If that is not all that is counted, the site may have had
    /// another zone: then it reads the day as it is anywhere.
    async fn read_all(&self, zone: TimeZone, counted: i64) -> Result<Read, StoreError> {
        let next = self.day.succ_opt().unwrap_or(self.day);
        let here = self.read(zone.midnight(self.day), zone.midnight(next)).await?;
        if here.views >= counted {
            return Ok(here);
        }
        self.read(time_zone::first_midnight(self.day), time_zone::last_midnight(next)).await
    }

    /// Reads the events of the day that happened in `from..to`, page by page, the latest first.
    async fn read(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Read, StoreError> {
        let (from, to, fields) = (Some(from), Some(to), Some(FIELDS));
        let selection = Selection { from, to, fields, ..Selection::default() };
        let (mut derivation, mut views) = (Derivation::default(), 0);
        each(self.store, self.tenant, &selection, self.most, |event| {
            if self.has(event) {
                views += i64::from(is_counted_as_view(event));
                if let Some((visitor, at)) = view(event) {
                    derivation.take(visitor, at);
                }
            }
            ControlFlow::Continue(())
        })
        .await?;
        Ok(Read { visits: derivation.finish(), views })
    }

    /// Whether the event is counted on the day, as what it is.
    fn has(&self, event: &Document) -> bool {
        day_of(event) == Some(self.day) && event.text("excluded").is_none()
    }
}

/// The visitor and the time of a view; `None` if it is no view, or nobody's.
fn view(event: &Document) -> Option<(&str, DateTime<Utc>)> {
    event.text("event_type").filter(|name| is_view(name))?;
    Some((event.text("user_id")?, event.timestamp("timestamp")?))
}

#[cfg(all(test, feature = "embedded"))]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::TimeDelta;
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::event::Event;
    use crate::keep::Keep;
    use crate::record::{Kind, Part, Record, RecordId};
    use crate::rollup::of_event;
    use crate::site_dimension::Dimensions;
    use crate::store::Write;
    use crate::store::embedded::EmbeddedStore;

    const KOLKATA: &str = "Asia/Kolkata";

    /// A view or a click: its number, its user, and its minute after the first midnight in UTC.
    #[derive(Clone, Debug)]
    struct Made {
        number: usize,
        user: Option<u8>,
        minute: i64,
        is_view: bool,
    }

    struct Site {
        store: EmbeddedStore,
        tenant: TenantId,
        zone: TimeZone,
        _folder: TempDir,
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn at(minute: i64) -> DateTime<Utc> {
        TimeZone::default().midnight(day("2025-05-01")) + TimeDelta::minutes(minute)
    }

    impl Site {
        fn new(zone: &str) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let store = EmbeddedStore::open(folder.path()).expect("a store");
            let tenant = TenantId::parse("acme").expect("a tenant");
            let zone = TimeZone::named(zone).expect("a zone");
            Self { store, tenant, zone, _folder: folder }
        }

        /// Stores and counts an event, as the worker does: once.
        async fn take(&self, made: &Made) {
            let mut event = Event {
                event_type: if made.is_view { "page_view" } else { "click" }.to_owned(),
                user_id: made.user.map(|user| format!("u{user}")),
                path: None,
                payload: None,
                timestamp: at(made.minute),
                truncated: false,
                excluded: None,
                dimensions: Dimensions::new(),
                others: Vec::new(),
                day: None,
            };
            event.count_in(self.zone);
            let record = Record {
                kind: Kind::Event,
                tenant: self.tenant.clone(),
                id: RecordId::parse(&format!("e-{}", made.number)).expect("an id"),
                digest: String::new(),
                source: String::new(),
                received_at: at(0),
                part: Part::WHOLE,
                traceparent: None,
                data: String::new(),
            };
            let path = crate::event::path(&self.tenant, &record.id);
            let fields = event.fields(&record, Keep { original: true, days: None });
            let gate = Write::Create { path, fields };
            let counts = of_event(&self.tenant, &event, 0);
            let _ = self.store.commit([vec![gate], counts].concat()).await;
        }

        async fn derive(&self, date: &str, most: u32) -> Derived {
            let (store, tenant) = (&self.store, &self.tenant);
            let derived = derive_in_pages(store, tenant, day(date), self.zone, most).await;
            let derived = derived.expect("the store answers");
            let kept =
                stored(store, tenant, (day(date), day(date))).await.expect("the store answers");
            assert_eq!(kept.get(&day(date)), Some(&derived), "it is stored");
            derived
        }

        async fn views(&self, date: &str) -> i64 {
            let period = Period::Days(Some(day(date)), Some(day(date)));
            let views = views_by_day(&self.store, &self.tenant, period).await;
            views.expect("the store answers").values().sum()
        }

        /// Removes the events of these minutes, as retention does.
        async fn expire(&self, numbers: impl Iterator<Item = usize>) {
            let delete = |number: usize| {
                let id = RecordId::parse(&format!("e-{number}")).expect("an id");
                Write::Delete { path: crate::event::path(&self.tenant, &id) }
            };
            self.store.commit(numbers.map(delete).collect()).await.expect("removed");
        }
    }

    /// The visits by the definition, in minutes.
    fn counted(events: &[Made], zone: TimeZone, date: &str) -> Visits {
        let mut seen = BTreeSet::new();
        let mut of_each = BTreeMap::<u8, Vec<i64>>::new();
        let of_day = |made: &&Made| made.is_view && zone.day(at(made.minute)) == day(date);
        for made in events.iter().filter(of_day).filter(|made| seen.insert(made.number)) {
            if let Some(user) = made.user {
                of_each.entry(user).or_default().push(made.minute);
            }
        }
        let mut sum = Visits::default();
        for mut minutes in of_each.into_values() {
            minutes.sort_unstable();
            for visit in minutes.chunk_by(|one, next| next - one <= 30) {
                let views = i64::try_from(visit.len()).expect("a number");
                let lasted = (visit[visit.len() - 1] - visit[0]) * 60_000_000;
                let bounces = i64::from(views == 1);
                sum = sum + Visits { visits: 1, bounces, views, microseconds: lasted };
            }
        }
        sum
    }

    fn made() -> impl Strategy<Value = Vec<Made>> {
        let one =
            (prop::option::weighted(0.9, 0..4_u8), -600..2_000_i64, prop::bool::weighted(0.8));
        prop::collection::vec(one, 0..60).prop_map(|all| {
            let made = |(number, (user, minute, is_view))| Made { number, user, minute, is_view };
            all.into_iter().enumerate().map(made).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn visits_are_exact_in_any_order_and_however_often_events_come(
            (events, order) in made().prop_flat_map(|made| {
                let twice = [made.clone(), made.clone()].concat();
                (Just(made), Just(twice).prop_shuffle())
            }),
            most in 1..40_u32,
        ) {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let site = Site::new(KOLKATA);
                for made in &order {
                    site.take(made).await;
                }
                for date in ["2025-05-01", "2025-05-02"] {
                    let derived = site.derive(date, most).await;
                    let expected = counted(&events, site.zone, date);
                    assert_eq!(derived.visits, Some(expected), "{date}, pages of {most}");
                    assert!(derived.is_exact(site.views(date).await));
                }
            });
        }
    }

    fn views(minutes: impl Iterator<Item = i64>) -> Vec<Made> {
        let made = |(number, minute)| Made { number, user: Some(1), minute, is_view: true };
        minutes.enumerate().map(made).collect()
    }

    #[tokio::test]
    async fn a_late_event_makes_what_is_stored_inexact() {
        let site = Site::new("UTC");
        for made in views([600, 610, 700].into_iter()) {
            site.take(&made).await;
        }
        let derived = site.derive("2025-05-01", PAGE).await;
        let two = Visits { visits: 2, bounces: 1, views: 3, microseconds: 600_000_000 };
        assert_eq!(derived.visits, Some(two));
        assert!(derived.is_exact(site.views("2025-05-01").await));
        site.take(&Made { number: 7, user: Some(1), minute: 640, is_view: true }).await;
        assert!(!derived.is_exact(site.views("2025-05-01").await));
        let one = site.derive("2025-05-01", PAGE).await;
        let visits = Visits { visits: 2, bounces: 1, views: 4, microseconds: 2_400_000_000 };
        assert_eq!(one.visits, Some(visits), "the pause until 700 is an hour");
    }

    #[tokio::test]
    async fn what_was_derived_stays_when_events_expire() {
        let site = Site::new("UTC");
        for made in views(0..10) {
            site.take(&made).await;
        }
        let derived = site.derive("2025-05-01", PAGE).await;
        site.expire(0..4).await;
        site.take(&Made { number: 77, user: Some(2), minute: 5, is_view: true }).await;
        let again = site.derive("2025-05-01", PAGE).await;
        assert_eq!(again.visits, derived.visits);
        assert!(again.is_exact(11), "nobody tries again before another event comes");
    }

    #[tokio::test]
    async fn a_day_whose_events_expired_before_anybody_asked_is_missing() {
        let site = Site::new("UTC");
        for made in views(0..10) {
            site.take(&made).await;
        }
        site.expire(0..1).await;
        let missing = site.derive("2025-05-01", PAGE).await;
        assert_eq!(missing.visits, None);
        assert!(missing.is_exact(10), "nobody tries again before another event comes");
    }

    #[tokio::test]
    async fn a_day_that_was_counted_in_two_zones_is_read_whole() {
        let mut site = Site::new("Pacific/Kiritimati");
        // Noon of 30 April in UTC is 1 May there.
        site.take(&Made { number: 0, user: Some(1), minute: -720, is_view: true }).await;
        site.zone = TimeZone::named("Etc/GMT+12").expect("a zone");
        // Six o'clock of 2 May in UTC is 1 May there.
        site.take(&Made { number: 1, user: Some(1), minute: 1_800, is_view: true }).await;
        let derived = site.derive("2025-05-01", PAGE).await;
        let visits = Visits { visits: 2, bounces: 2, views: 2, microseconds: 0 };
        assert_eq!(derived.visits, Some(visits));
    }

    #[test]
    fn a_day_that_is_not_over_is_derived_anew_when_it_has_a_tenth_more_views() {
        let derived = |before| Derived { before, after: before, visits: None };
        assert!(!derived(5).is_near(6) && derived(5).is_near(5));
        assert!(derived(1_000).is_near(1_099) && !derived(1_000).is_near(1_100));
        let (mut known, mut reads) = (derived(0), 0);
        for views in 1..=10_000 {
            if !known.is_near(views) {
                (known, reads) = (derived(views), reads + views);
            }
        }
        assert!(reads <= 12 * 10_000, "{reads}");
    }
}
