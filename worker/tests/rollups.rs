//! The counts of events: exact in any order, and cheap to write and to read.

mod counting;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use common::broker::Message;
use common::event::Event;
use common::path::{Collection, CollectionPath};
use common::record::{Kind, Part, Record, RecordId};
use common::rollup::{self, LogDimensions, Period};
use common::site_dimension::Dimensions;
use common::store::{Document, DocumentStore, Fields, fields};
use common::tenant::TenantId;
use futures::future::join_all;
use futures::{StreamExt as _, stream};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use worker::{Disposition, Worker, WorkerSettings};

use crate::counting::{Bill, CountingStore};

const TYPES: [&str; 5] = ["view", "page_view", "pageview", "click", "location"];
const DAYS: i64 = 4;
/// A thousand times each of the hundred different events.
const MANY: usize = 100_000;

/// Views, unique users, and the most viewed paths.
type Stats = (i64, i64, Vec<(String, i64)>);

/// A worker on a store of its own.
struct Bench {
    store: Arc<CountingStore>,
    worker: Worker,
}

impl Bench {
    fn new(rollup_shards: u32) -> Self {
        let store = CountingStore::new();
        let settings = WorkerSettings {
            work_seconds_per_char: 0.0,
            store_original: true,
            rollup_shards,
            log_dimensions: LogDimensions::ALL,
            retention_days: None,
            commit_interval_ms: None,
        };
        let worker = Worker::new(Arc::clone(&store) as Arc<dyn DocumentStore>, settings);
        Self { store, worker }
    }

    async fn deliver(&self, number: usize, event: &Event) {
        let disposition = self.worker.deliver(&message(number, event), 0).await;
        assert_eq!(disposition, Disposition::Acknowledge, "event {number}");
    }

    /// Delivers `count` events, `at_once` of them at a time.
    async fn flood(&self, count: usize, at_once: usize, event: impl Fn(usize) -> Event) {
        self.flood_of(0..count, at_once, event).await;
    }

    /// The same for the events with these numbers.
    async fn flood_of(
        &self,
        numbers: Range<usize>,
        at_once: usize,
        event: impl Fn(usize) -> Event,
    ) {
        let deliver = async |number| self.deliver(number, &event(number)).await;
        stream::iter(numbers).map(deliver).buffer_unordered(at_once).collect::<()>().await;
    }

    /// Every document that events leave behind.
    async fn documents(&self) -> [Vec<Document>; 4] {
        let collections =
            [Collection::Events, Collection::Rollups, Collection::Visitors, Collection::Quarantine];
        let all = collections.map(|one| self.store.all(CollectionPath::of(&tenant(), one)));
        join_all(all).await.try_into().expect("four collections")
    }

    /// What the gateway reads for `GET /stats`.
    async fn stats(&self, day: Option<NaiveDate>) -> Stats {
        let (store, tenant) = (&*self.store, tenant());
        let read = futures::try_join!(
            rollup::views(store, &tenant, Period::between(day, day)),
            rollup::unique_users(store, &tenant, day),
            rollup::top_paths(store, &tenant, day, 10),
        );
        read.expect("the store answers")
    }

    /// The same, with its cost.
    async fn stats_bill(&self, day: Option<NaiveDate>) -> (Stats, Bill) {
        self.store.bill();
        (self.stats(day).await, self.store.bill())
    }
}

fn tenant() -> TenantId {
    TenantId::parse("acme").expect("a tenant")
}

/// The message of an event; its number is its id.
fn message(number: usize, event: &Event) -> Message {
    Message::from(Record {
        kind: Kind::Event,
        tenant: tenant(),
        id: RecordId::parse(&number.to_string()).expect("an id"),
        digest: event.digest(Some(event.timestamp)),
        source: "site_event".to_owned(),
        received_at: first_day().and_hms_opt(0, 0, 0).expect("midnight").and_utc(),
        part: Part::WHOLE,
        traceparent: None,
        data: serde_json::to_string(event).expect("JSON"),
    })
}

/// The second day is a leap day.
fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 2, 28).expect("a day")
}

fn day(number: i64) -> NaiveDate {
    first_day() + TimeDelta::days(number)
}

fn some_event() -> impl Strategy<Value = Event> {
    let user = option::of(select(vec!["ann", "bob", "cy", "größe"]));
    let path = option::of(select(vec!["/", "/a", "/b", "/preis/ü"]));
    (select(TYPES.to_vec()), user, path, some_time()).prop_map(|(event_type, user, path, time)| {
        Event {
            event_type: event_type.to_owned(),
            user_id: user.map(str::to_owned),
            path: path.map(str::to_owned),
            payload: None,
            timestamp: time,
            truncated: false,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        }
    })
}

/// Often a millisecond on either side of midnight.
fn some_time() -> impl Strategy<Value = DateTime<Utc>> {
    let of_day = prop_oneof![Just(0), Just(86_399_999), 0..86_400_000_i64];
    (0..DAYS, of_day).prop_map(|(number, of_day)| {
        let midnight = day(number).and_hms_opt(0, 0, 0).expect("midnight").and_utc();
        midnight + TimeDelta::milliseconds(of_day)
    })
}

/// Events, and the order of deliveries by number: each comes at least once.
fn deliveries() -> impl Strategy<Value = (Vec<Event>, Vec<usize>)> {
    vec(some_event(), 1..25).prop_flat_map(|events| {
        let again = vec(0..events.len(), 0..40);
        let each = 0..events.len();
        let order = again.prop_map(move |again| each.clone().chain(again).collect::<Vec<_>>());
        (Just(events), order.prop_shuffle())
    })
}

/// Also days without events, and periods that end before they begin.
fn some_period() -> impl Strategy<Value = Period> {
    let some_day = || option::of((-1..=DAYS).prop_map(day));
    let of_days = (some_day(), some_day()).prop_map(|(first, last)| Period::between(first, last));
    let some_hour = || {
        option::of((-24..=24 * DAYS).prop_map(|hours| {
            let midnight = first_day().and_hms_opt(0, 0, 0).expect("midnight").and_utc();
            midnight + TimeDelta::hours(hours)
        }))
    };
    let of_hours = (some_hour(), some_hour()).prop_map(|(first, end)| Period::Hours(first, end));
    prop_oneof![of_days, of_hours]
}

/// The events of a period, looked at one by one.
fn within(events: &[Event], period: Period) -> Vec<&Event> {
    let is_within = |event: &&Event| {
        let day = event.timestamp.date_naive();
        match period {
            Period::All => true,
            Period::Days(first, last) => {
                first.is_none_or(|first| first <= day) && last.is_none_or(|last| day <= last)
            }
            Period::Hours(first, end) => {
                let at = event.timestamp;
                first.is_none_or(|first| first <= at) && end.is_none_or(|end| at < end)
            }
        }
    };
    events.iter().filter(is_within).collect()
}

/// Views, users and paths, counted one by one.
fn stats_of(events: &[&Event]) -> Stats {
    let views: Vec<_> =
        events.iter().filter(|event| TYPES[..3].contains(&&*event.event_type)).collect();
    let users: BTreeSet<_> = events.iter().filter_map(|event| event.user_id.as_ref()).collect();
    let mut paths: BTreeMap<&String, i64> = BTreeMap::new();
    for path in views.iter().filter_map(|view| view.path.as_ref()) {
        *paths.entry(path).or_default() += 1;
    }
    let mut paths: Vec<_> = paths.into_iter().map(|(path, n)| (path.clone(), n)).collect();
    paths.sort_by_key(|(_, views)| -views);
    (views.len() as i64, users.len() as i64, paths)
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn events_in_any_order_and_repetition_give_the_same_documents(
        (events, order) in deliveries(), at_once in 1..20_usize
    ) {
        run(async {
            let (once, again) = (Bench::new(1), Bench::new(1));
            for (number, event) in events.iter().enumerate() {
                once.deliver(number, event).await;
            }
            for group in order.chunks(at_once) {
                join_all(group.iter().map(|number| again.deliver(*number, &events[*number]))).await;
            }
            let expected = once.documents().await;
            prop_assert_eq!(expected[0].len(), events.len());
            prop_assert_eq!(again.documents().await, expected);
            Ok(())
        })?;
    }

    #[test]
    fn every_figure_is_what_counting_the_events_gives(
        (events, order) in deliveries(), periods in vec(some_period(), 1..8), shards in 1..4_u32
    ) {
        run(async {
            let bench = Bench::new(shards);
            for group in order.chunks(5) {
                join_all(group.iter().map(|number| bench.deliver(*number, &events[*number]))).await;
            }
            for period in periods.into_iter().chain([Period::All]) {
                assert_figures(&bench, &events, period).await?;
            }
            let days = (-1..=DAYS).map(|number| Some(day(number)));
            for day in days.chain([None]) {
                let of_day = within(&events, Period::between(day, day));
                prop_assert_eq!(bench.stats(day).await, stats_of(&of_day));
            }
            Ok(())
        })?;
    }
}

async fn assert_figures(
    bench: &Bench,
    events: &[Event],
    period: Period,
) -> Result<(), TestCaseError> {
    let (store, tenant) = (&*bench.store, tenant());
    let within = within(events, period);
    for event_type in TYPES.map(Some).into_iter().chain([None, Some("none")]) {
        let is_meant = |event: &&&Event| event_type.is_none_or(|name| event.event_type == name);
        let expected = within.iter().filter(is_meant).count() as i64;
        let figure = rollup::events(store, &tenant, event_type, period).await;
        prop_assert_eq!(figure.expect("the store answers"), expected, "{:?}", event_type);
    }
    let views = rollup::views(store, &tenant, period).await.expect("the store answers");
    prop_assert_eq!(views, stats_of(&within).0);
    let types = rollup::event_types(store, &tenant).await.expect("the store answers");
    prop_assert_eq!(types, events.iter().map(|event| event.event_type.clone()).collect());
    if matches!(period, Period::Days(..)) {
        let days =
            rollup::days_with_events(store, &tenant, period).await.expect("the store answers");
        let read = futures::try_join!(
            rollup::views(store, &tenant, period),
            rollup::unique_users_over(store, &tenant, &days),
            rollup::top_paths_over(store, &tenant, &days, 10),
        );
        prop_assert_eq!(read.expect("the store answers"), stats_of(&within));
    }
    Ok(())
}

#[test]
fn a_view_is_stored_with_all_its_fields() {
    run(async {
        let bench = Bench::new(1);
        let view = Event { payload: Some("{\"a\":1}".to_owned()), ..visit(0) };
        bench.deliver(7, &view).await;
        let [events, _, _, quarantine] = bench.documents().await;
        let stored = fields([
            ("event_type", "view".into()),
            ("user_id", "user 0".into()),
            ("path", "/page/0".into()),
            ("payload", "{\"a\":1}".into()),
            ("timestamp", view.timestamp.into()),
            ("received_at", view.timestamp.into()),
            ("digest", view.digest(Some(view.timestamp)).into()),
        ]);
        assert_eq!(events, [Document { id: "7".to_owned(), fields: stored, version: None }]);
        assert_eq!(quarantine, []);
    });
}

#[test]
fn a_view_is_counted_in_each_of_its_windows_and_its_user_is_remembered() {
    run(async {
        let bench = Bench::new(1);
        bench.deliver(7, &visit(0)).await;
        let [_, rollups, visitors, _] = bench.documents().await;
        let of_type = ["hour", "day", "all"].map(|grain| window_of_the_visit("event_type", grain));
        let of_path = ["day", "all"].map(|grain| window_of_the_visit("view_path", grain));
        assert_same(rollups, [&of_type[..], &of_path[..]].concat());
        // The hash of "all" and the user, so that it is the same on every day.
        let user = visitors.iter().find(|visitor| visitor.text("day") == Some("all"));
        let user = user.expect("a visitor of all time").id.clone();
        let days = ["2024-02-28", "all"]
            .map(|day| fields([("day", day.into()), ("user", user.as_str().into())]));
        assert_same(visitors, days.to_vec());
    });
}

#[test]
fn commits_add_to_the_shards_in_turn() {
    run(async {
        let bench = Bench::new(3);
        for number in 0..6 {
            bench.deliver(number, &visit(0)).await;
        }
        let [_, rollups, _, _] = bench.documents().await;
        let number_of = |rollup: &Document, field: &str| rollup.integer(field);
        let of_type = |rollup: &&Document| {
            rollup.fields["dimension"] == "event_type".into()
                && rollup.fields["grain"] == "all".into()
        };
        let (summed, ordered): (Vec<_>, Vec<_>) = rollups
            .iter()
            .filter(|rollup| rollup.fields["grain"] == "all".into())
            .partition(of_type);
        let by_shard: BTreeMap<_, _> = summed
            .into_iter()
            .map(|rollup| (number_of(rollup, "shard"), number_of(rollup, "count")))
            .collect();
        assert_eq!(by_shard, [0, 1, 2].map(|shard| (Some(shard), Some(2))).into());
        // Counts that reads sort by are never spread.
        assert_eq!(ordered.len(), 1);
        assert_eq!(number_of(ordered[0], "count"), Some(6));
    });
}

/// In any order.
fn assert_same(documents: Vec<Document>, mut expected: Vec<Fields>) {
    let mut found: Vec<_> = documents.into_iter().map(|document| document.fields).collect();
    found.sort_by_key(|fields| format!("{fields:?}"));
    expected.sort_by_key(|fields| format!("{fields:?}"));
    assert_eq!(found, expected);
}

/// The rollup of one view at the first midnight.
fn window_of_the_visit(dimension: &str, grain: &str) -> Fields {
    let value = if dimension == "event_type" { "view" } else { "/page/0" };
    let start = if grain == "all" { DateTime::UNIX_EPOCH } else { visit(0).timestamp };
    fields([
        ("dimension", dimension.into()),
        ("value", value.into()),
        ("grain", grain.into()),
        ("start", start.into()),
        ("shard", 0_i64.into()),
        ("count", 1_i64.into()),
    ])
}

/// One of a hundred different events, of 20 users on 25 pages in two days; then they repeat.
fn visit(number: usize) -> Event {
    let kind = number % 100;
    let minutes = TimeDelta::minutes(kind as i64 * 29);
    Event {
        event_type: TYPES[kind % 4].to_owned(),
        user_id: Some(format!("user {}", kind % 20)),
        path: Some(format!("/page/{}", kind % 25)),
        payload: None,
        timestamp: first_day().and_hms_opt(0, 0, 0).expect("midnight").and_utc() + minutes,
        truncated: false,
        excluded: None,
        dimensions: Dimensions::new(),
        others: Vec::new(),
        day: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cost_of_a_read_does_not_grow_with_the_number_of_events() {
    let (few, many) = (Bench::new(1), Arc::new(Bench::new(1)));
    few.flood(100, 100, visit).await;
    let half = |numbers| {
        let many = Arc::clone(&many);
        tokio::spawn(async move { many.flood_of(numbers, 1_000, visit).await })
    };
    let (first, second) = tokio::join!(half(0..MANY / 2), half(MANY / 2..MANY));
    first.and(second).expect("all are delivered");
    for day in [None, Some(day(0)), Some(day(1))] {
        let ((views, users, _), bill) = few.stats_bill(day).await;
        let ((many_views, many_users, _), bill_of_many) = many.stats_bill(day).await;
        assert_eq!((many_views, many_users), (views * (MANY / 100) as i64, users));
        assert_eq!(bill_of_many, bill, "{day:?}");
        assert!(bill.documents_read > 10, "{bill:?} reads nothing");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_page_is_written_once_a_commit_and_not_once_an_event() {
    const EVENTS: usize = 4_000;
    let bench = Bench::new(1);
    let hot = |number: usize| Event { user_id: Some(format!("user {}", number % 50)), ..visit(0) };
    bench.flood(EVENTS, 64, hot).await;
    let bill = bench.store.bill();
    assert_eq!(bench.stats(None).await.0, EVENTS as i64);
    assert!(bill.commits * 5 <= EVENTS, "{bill:?}");
    // Its type by hour, by day and in all, its path by day and in all.
    assert!(bill.rollup_writes <= bill.commits * 5, "{bill:?}");
    // Each user by day and in all: once, and not again with the next view.
    assert_eq!(bill.visitor_writes, 2 * 50, "{bill:?}");
}
