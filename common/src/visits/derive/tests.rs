use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::event::Event;
use crate::site_days::tests::{Site, at, day, plain};

const KOLKATA: &str = "Asia/Kolkata";

/// A view or a click: its number, its user, and its minute after the first midnight in UTC.
#[derive(Clone, Debug)]
struct Made {
    number: usize,
    user: Option<u8>,
    minute: i64,
    is_view: bool,
}

impl Made {
    fn event(&self) -> Event {
        plain(if self.is_view { "page_view" } else { "click" }, self.user, self.minute)
    }
}

impl Site {
    async fn derive(&self, date: &str, most: u32) -> Derived {
        let (store, tenant) = (&self.store, &self.tenant);
        let derived = derive_in_pages(store, tenant, day(date), self.zone, most).await;
        let derived = derived.expect("the store answers");
        let kept = stored(store, tenant, (day(date), day(date))).await.expect("the store answers");
        assert_eq!(kept.get(&day(date)), Some(&derived), "it is stored");
        derived
    }

    async fn views(&self, date: &str) -> i64 {
        let period = Period::Days(Some(day(date)), Some(day(date)));
        let views = views_by_day(&self.store, &self.tenant, period).await;
        views.expect("the store answers").values().sum()
    }
}

async fn take(site: &Site, made: Made) {
    site.take(made.number, made.event()).await;
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
    let one = (prop::option::weighted(0.9, 0..4_u8), -600..2_000_i64, prop::bool::weighted(0.8));
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
                site.take(made.number, made.event()).await;
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
        site.take(made.number, made.event()).await;
    }
    let derived = site.derive("2025-05-01", PAGE).await;
    let two = Visits { visits: 2, bounces: 1, views: 3, microseconds: 600_000_000 };
    assert_eq!(derived.visits, Some(two));
    assert!(derived.is_exact(site.views("2025-05-01").await));
    take(&site, Made { number: 7, user: Some(1), minute: 640, is_view: true }).await;
    assert!(!derived.is_exact(site.views("2025-05-01").await));
    let one = site.derive("2025-05-01", PAGE).await;
    let visits = Visits { visits: 2, bounces: 1, views: 4, microseconds: 2_400_000_000 };
    assert_eq!(one.visits, Some(visits), "the pause until 700 is an hour");
}

#[tokio::test]
async fn what_was_derived_stays_when_events_expire() {
    let site = Site::new("UTC");
    for made in views(0..10) {
        site.take(made.number, made.event()).await;
    }
    let derived = site.derive("2025-05-01", PAGE).await;
    site.expire(0..4).await;
    take(&site, Made { number: 77, user: Some(2), minute: 5, is_view: true }).await;
    let again = site.derive("2025-05-01", PAGE).await;
    assert_eq!(again.visits, derived.visits);
    assert!(again.is_exact(11), "nobody tries again before another event comes");
}

#[tokio::test]
async fn a_day_whose_events_expired_before_anybody_asked_is_missing() {
    let site = Site::new("UTC");
    for made in views(0..10) {
        site.take(made.number, made.event()).await;
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
    take(&site, Made { number: 0, user: Some(1), minute: -720, is_view: true }).await;
    site.zone = TimeZone::named("Etc/GMT+12").expect("a zone");
    // Six o'clock of 2 May in UTC is 1 May there.
    take(&site, Made { number: 1, user: Some(1), minute: 1_800, is_view: true }).await;
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
