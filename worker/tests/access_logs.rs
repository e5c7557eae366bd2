//! The counts of access logs: statuses, bytes, referers and hosts add up in any order and on any
//! number of shards, and an entry writes few documents.

mod counting;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use common::access_log::{Entry, STATUS_CLASSES};
use common::broker::Message;
use common::hash;
use common::path::{Collection, CollectionPath};
use common::record::{Kind, Part, Record, RecordId};
use common::rollup::{self, Grain, LogDimensions, Window};
use common::store::DocumentStore;
use common::tenant::TenantId;
use proptest::prelude::*;
use proptest::sample::select;
use worker::{Disposition, Worker, WorkerSettings};

use crate::counting::CountingStore;

/// A worker on a store of its own.
struct Bench {
    store: Arc<CountingStore>,
    worker: Worker,
}

impl Bench {
    fn new(log_dimensions: LogDimensions, rollup_shards: u32) -> Self {
        let store = CountingStore::new();
        let settings = WorkerSettings {
            work_seconds_per_char: 0.0,
            store_original: true,
            rollup_shards,
            log_dimensions,
            retention_days: None,
            commit_interval_ms: None,
        };
        let worker = Worker::new(Arc::clone(&store) as Arc<dyn DocumentStore>, settings);
        Self { store, worker }
    }

    async fn deliver(&self, number: usize, entries: &[Entry]) {
        let disposition = self.worker.deliver(&message(number, entries), 0).await;
        assert_eq!(disposition, Disposition::Acknowledge, "batch {number}");
    }

    async fn windows(&self, grain: Grain) -> Vec<Window> {
        let (from, to) = (midnight(), midnight() + TimeDelta::days(1));
        let asked = rollup::Asked { grain, from, to, limit: 1_000, most_bytes: usize::MAX };
        let windows = rollup::windows(&*self.store, &tenant(), asked).await;
        windows.expect("the store answers").expect("few enough windows")
    }
}

fn tenant() -> TenantId {
    TenantId::parse("acme").expect("a tenant")
}

fn midnight() -> DateTime<Utc> {
    "2025-05-01T00:00:00Z".parse().expect("a time")
}

fn message(number: usize, entries: &[Entry]) -> Message {
    let lines = entries.iter().map(|entry| serde_json::to_string(entry).expect("JSON") + "\n");
    let data: String = lines.collect();
    Message::from(Record {
        kind: Kind::AccessLog,
        tenant: tenant(),
        id: RecordId::parse(&number.to_string()).expect("an id"),
        digest: hash::sha256(&data),
        source: "log_batch".to_owned(),
        received_at: midnight(),
        part: Part::WHOLE,
        traceparent: None,
        data,
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let some = |text: &str| Some(text.to_owned());
    let referers = vec![None, some("https://a.example/x"), some("https://b.example/"), some("?")];
    let hosts = vec![None, some("www.example.com"), some("shop.example.com")];
    let answer = (proptest::option::of(0_u16..1_100), proptest::option::of(0_u64..2_000));
    let texts = (select(referers), select(hosts), select(vec!["GET /", "GET /a", "unreadable"]));
    (0_i64..86_400, answer, texts).prop_map(|(second, (status, bytes), (referer, host, path))| {
        Entry {
            at: midnight() + TimeDelta::seconds(second),
            request: path.to_owned(),
            user_agent: "curl".to_owned(),
            status,
            bytes,
            referer,
            host,
            ..Entry::default()
        }
    })
}

fn sums(windows: &[Window]) -> ([i64; 5], i64, i64, i64) {
    let mut sums = ([0; 5], 0, 0, 0);
    for window in windows {
        let of_window: i64 = window.statuses.classes.iter().sum();
        assert_eq!(of_window + window.statuses.unknown, window.requests, "{window:?}");
        assert!(window.statuses.unknown >= 0, "{window:?}");
        sums.0.iter_mut().zip(window.statuses.classes).for_each(|(sum, more)| *sum += more);
        sums.1 += window.statuses.unknown;
        sums.2 += window.requests;
        sums.3 += window.bytes;
    }
    sums
}

fn named(windows: &[Window], list: fn(&Window) -> &Vec<(String, i64)>) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for (name, count) in windows.iter().flat_map(list) {
        *counts.entry(name.clone()).or_default() += count;
    }
    counts
}

fn counted(names: impl Iterator<Item = String>) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

/// Checks the windows of every grain against the entries themselves.
async fn check(bench: &Bench, entries: &[Entry]) {
    let of_class = |class: &str| {
        entries.iter().filter(|entry| entry.status_class() == Some(class)).count() as i64
    };
    let classes = STATUS_CLASSES.map(of_class);
    let all = entries.len() as i64;
    let bytes: u64 = entries.iter().filter_map(|entry| entry.bytes).sum();
    let bytes = i64::try_from(bytes).expect("a sum");
    let referers = counted(entries.iter().filter_map(Entry::referer_host));
    let hosts = counted(entries.iter().filter_map(|entry| entry.host.clone()));
    for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
        let windows = bench.windows(grain).await;
        let expected = (classes, all - classes.iter().sum::<i64>(), all, bytes);
        assert_eq!(sums(&windows), expected, "{grain:?}");
        assert_eq!(named(&windows, |window| &window.referers), referers, "{grain:?}");
        assert_eq!(named(&windows, |window| &window.hosts), hosts, "{grain:?}");
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_status_classes_of_a_window_are_all_of_its_requests(
        batches in proptest::collection::vec(proptest::collection::vec(entry(), 1..30), 1..6),
        shards in 1_u32..4,
    ) {
        run(async {
            let bench = Bench::new(LogDimensions::ALL, shards);
            for (number, batch) in batches.iter().enumerate().chain(batches.iter().enumerate()) {
                bench.deliver(number, batch).await;
            }
            check(&bench, &batches.concat()).await;
        });
    }
}

fn full(path: usize) -> Entry {
    Entry {
        at: midnight(),
        request: format!("GET /{path}"),
        user_agent: "curl".to_owned(),
        status: Some(200),
        bytes: Some(5),
        referer: Some("https://a.example/x".to_owned()),
        host: Some("www.example.com".to_owned()),
        ..Entry::default()
    }
}

#[test]
fn an_entry_writes_only_what_is_chosen() {
    for (chosen, rollups) in [
        ("none", 3),
        ("status,bytes", 3),
        ("paths,user_agents", 9),
        ("paths,user_agents,status,bytes,referers,hosts", 15),
    ] {
        run(async {
            let bench = Bench::new(chosen.parse().expect("dimensions"), 1);
            bench.deliver(1, &[full(1)]).await;
            assert_eq!(bench.store.bill().rollup_writes, rollups, "{chosen}");
            let batches = CollectionPath::of(&tenant(), Collection::LogBatches);
            let batch = bench.store.all(batches).await.remove(0);
            assert_eq!(batch.text("dimensions"), Some(chosen));
            let window = bench.windows(Grain::Day).await.remove(0);
            let has_status = chosen.contains("status");
            assert_eq!(window.statuses.classes[1] == 1, has_status, "{chosen}");
            assert_eq!(window.statuses.unknown == 0, has_status, "{chosen}");
            assert_eq!(window.hosts.is_empty(), !chosen.contains("hosts"), "{chosen}");
            assert_eq!(window.paths.is_empty(), !chosen.contains("paths"), "{chosen}");
        });
    }
}

#[test]
fn a_thousand_entries_of_a_minute_write_what_the_documentation_says() {
    run(async {
        let bench = Bench::new(LogDimensions::ALL, 1);
        let agents = ["Chrome", "Firefox", "Safari", "curl", "Other"];
        let entry = |n: usize| Entry {
            user_agent: agents[n % 5].to_owned(),
            referer: Some(format!("https://{}.example/", n % 4)),
            ..full(n % 30)
        };
        bench.deliver(1, &(0..1_000).map(entry).collect::<Vec<_>>()).await;
        // And the batch's own document.
        assert_eq!(bench.store.bill().rollup_writes + 1, 124);
    });
}

#[test]
fn a_message_from_before_the_details_is_counted_as_it_was() {
    run(async {
        let bench = Bench::new(LogDimensions::ALL, 1);
        let mut old = message(1, &[]);
        let line = r#"{"at":"2025-05-01T10:00:00Z","request":"GET /a","user_agent":"curl"}"#;
        old.data = format!("{line}\n{line}\n").into_bytes();
        let disposition = bench.worker.deliver(&old, 0).await;
        assert_eq!(disposition, Disposition::Acknowledge);
        let window = bench.windows(Grain::Minute).await.remove(0);
        assert_eq!((window.requests, window.statuses.unknown, window.bytes), (2, 2, 0));
        assert_eq!(window.paths, [("GET /a".to_owned(), 2)]);
        let rollups = CollectionPath::of(&tenant(), Collection::Rollups);
        let rollups = bench.store.all(rollups).await;
        assert_eq!(rollups.len(), 9);
        let fields = rollups.iter().flat_map(|rollup| rollup.fields.keys());
        assert!(!fields.clone().any(|field| field == "bytes" || field.starts_with("status")));
    });
}
