//! The delivery of texts, on the embedded store with faults: stored once, or in quarantine with the
//! reason.

mod faulty;
mod texts;

use std::collections::BTreeSet;
use std::iter::repeat;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use common::broker::Message;
use common::hash::sha256;
use common::message::attribute;
use common::path::CollectionPath;
use common::processed_log::is_complete;
use common::retention::Keep;
use common::store::{Document, Fields, Value, fields};
use common::text::redact::redact;
use futures::future::join_all;
use proptest::prelude::*;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};
use worker::Disposition::{Acknowledge, Release, Retry};
use worker::{Disposition, Worker};

use crate::faulty::{Fault, FaultyStore, log, logs, quarantine};
use crate::texts::{WORK, keeping, long_text, message, messages, received, received_at, worker};

async fn deliver_all(worker: &Worker, messages: &[Message]) -> Vec<Disposition> {
    join_all(messages.iter().map(|message| worker.deliver(message, 0))).await
}

/// All documents of the record 1, and all of quarantine.
async fn everything(store: &FaultyStore) -> Vec<Document> {
    let mut documents = Vec::new();
    for collection in [logs(), log("1").parts(), quarantine(), CollectionPath::stray()] {
        documents.extend(store.all(collection).await);
    }
    documents
}

fn text<'a>(document: &'a Document, field: &str) -> &'a str {
    document.text(field).expect("a text")
}

fn number(document: &Document, field: &str) -> i64 {
    document.integer(field).expect("a number")
}

fn time(document: &Document, field: &str) -> DateTime<Utc> {
    document.timestamp(field).expect("a time")
}

fn in_paused_time<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(test)
}

#[tokio::test(start_paused = true)]
async fn a_text_is_stored_redacted_with_all_its_fields() {
    let store = FaultyStore::new();
    let before = Utc::now() - TimeDelta::milliseconds(1);
    let data = "Jörg called 555-0199, then a@b.co";
    assert_eq!(worker(&store).deliver(&message("1", data), 0).await, Acknowledge);
    let mut stored = store.find(log("1")).await.expect("a document");
    let processed_at = time(&stored, "processed_at");
    assert!(before <= processed_at && processed_at <= Utc::now());
    stored.fields.remove("processed_at");
    let expected = fields([
        ("source", "text_upload".into()),
        ("original_text", data.into()),
        ("modified_data", "Jörg called [REDACTED], then [REDACTED]".into()),
        ("received_at", received_at().into()),
        ("characters", 33_i64.into()),
        ("redactions", 2_i64.into()),
        ("digest", sha256(data).into()),
    ]);
    assert_eq!(stored.fields, expected);
    assert!(store.all(quarantine()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_delivery_costs_no_work_and_changes_nothing() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    let message = message("1", &"x".repeat(1_000));
    let start = Instant::now();
    assert_eq!(worker.deliver(&message, 0).await, Acknowledge);
    assert!(start.elapsed() >= WORK * 1_000);
    let (stored, start) = (everything(&store).await, Instant::now());
    assert_eq!(worker.deliver(&message, 1).await, Acknowledge);
    assert!(start.elapsed() < WORK, "no work");
    assert_eq!(everything(&store).await, stored);
    assert_eq!(store.commits().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_delivery_of_a_part_costs_no_work() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    let parts = messages("1", &long_text("anna"));
    assert_eq!(worker.deliver(&parts[1], 0).await, Acknowledge);
    let (stored, start) = (everything(&store).await, Instant::now());
    assert_eq!(worker.deliver(&parts[1], 1).await, Acknowledge);
    assert!(start.elapsed() < WORK, "no work");
    assert_eq!(everything(&store).await, stored);
}

#[tokio::test(start_paused = true)]
async fn many_deliveries_of_one_text_at_once_store_it_once() {
    let store = FaultyStore::new();
    let deliveries = vec![message("1", "the same"); 20];
    assert_eq!(deliver_all(&worker(&store), &deliveries).await, [Acknowledge; 20]);
    assert_eq!(everything(&store).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn other_content_under_the_same_id_is_quarantined_and_the_first_stays() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    assert_eq!(worker.deliver(&message("1", "first"), 0).await, Acknowledge);
    let first = store.find(log("1")).await;
    let other = message("1", "other");
    for attempts in [2, 3] {
        assert_eq!(worker.deliver(&other, attempts).await, Acknowledge);
        assert_eq!(store.find(log("1")).await, first);
        let quarantined = store.all(quarantine()).await;
        assert_eq!(quarantined.len(), 1);
        assert_eq!(text(&quarantined[0], "reason"), "conflict");
        assert_eq!(quarantined[0].fields["data"], b"other".to_vec().into());
        assert_eq!(number(&quarantined[0], "attempts"), 3, "of the first time");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_contradicts_the_claim_is_quarantined_whatever_its_digest() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    let parts = messages("1", &long_text("anna"));
    assert_eq!(worker.deliver(&parts[0], 0).await, Acknowledge);
    let claim = store.find(log("1")).await;
    for of in ["1", "2", "4"] {
        let mut other = parts[0].clone();
        other.attributes.insert("parts".to_owned(), of.to_owned());
        assert_eq!(worker.deliver(&other, 0).await, Acknowledge);
    }
    assert_eq!(store.find(log("1")).await, claim);
    let quarantined = store.all(quarantine()).await;
    assert_eq!(quarantined.len(), 3);
    assert!(quarantined.iter().all(|document| text(document, "reason") == "conflict"));
}

/// Asserts that the whole text is stored under the id 1.
async fn assert_whole(store: &FaultyStore, whole: &str) {
    let stored = store.find(log("1")).await.expect("the log");
    assert!(is_complete(&stored));
    assert_eq!(text(&stored, "original_text"), whole);
    assert_eq!(text(&stored, "modified_data"), redact(whole).text);
    assert_eq!(number(&stored, "redactions"), redact(whole).count as i64);
    assert_eq!(number(&stored, "characters"), whole.chars().count() as i64);
    assert_eq!(text(&stored, "digest"), sha256(whole));
}

/// All messages of the texts, all with the id 1, some of them twice, shuffled.
fn shuffled(texts: &[String]) -> impl Strategy<Value = Vec<Message>> + use<> {
    let all: Vec<_> = texts.iter().flat_map(|text| messages("1", text)).collect();
    let again = proptest::sample::subsequence(all.clone(), 0..=all.len());
    again.prop_map(move |again| [all.clone(), again].concat()).prop_shuffle()
}

fn texts() -> Vec<String> {
    vec![long_text("anna"), long_text("berta"), "short".to_owned(), "another".to_owned()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn parts_in_any_order_and_repetition_make_up_the_text(
        messages in shuffled(&texts()[..1]), at_once in 1..8_usize
    ) {
        in_paused_time(async {
            let store = FaultyStore::new();
            let worker = worker(&store);
            for group in messages.chunks(at_once) {
                assert_eq!(deliver_all(&worker, group).await, vec![Acknowledge; group.len()]);
            }
            let claim = store.find(log("1")).await.expect("the claim");
            assert_eq!((number(&claim, "parts"), number(&claim, "parts_done")), (3, 3));
            assert!(store.all(quarantine()).await.is_empty());
            assert_whole(&store, &texts()[0]).await;
        });
    }

    #[test]
    fn of_texts_under_one_id_one_is_stored_and_the_others_are_quarantined(
        messages in shuffled(&texts()), faults in proptest::collection::vec(
            proptest::sample::select(vec![Fault::None, Fault::Passing, Fault::Ambiguous]), 0..10)
    ) {
        in_paused_time(async {
            let store = FaultyStore::new();
            store.fail_commits(faults);
            let dispositions = deliver_all(&worker(&store), &messages).await;
            assert_eq!(dispositions, vec![Acknowledge; messages.len()]);
            let winner = store.find(log("1")).await.expect("the log");
            let digest = text(&winner, "digest").to_owned();
            let stored = texts().into_iter().find(|text| sha256(text) == digest);
            assert_whole(&store, &stored.expect("one of them")).await;
            assert_eq!(quarantined_data(&store).await, losers(&messages, &digest));
        });
    }
}

/// The data of all messages in quarantine; each is a conflict, and is there once.
async fn quarantined_data(store: &FaultyStore) -> BTreeSet<Vec<u8>> {
    let quarantined = store.all(quarantine()).await;
    assert!(quarantined.iter().all(|document| text(document, "reason") == "conflict"));
    let data = |document: &Document| match &document.fields["data"] {
        Value::Bytes(data) => data.clone(),
        other => panic!("data is {other:?}"),
    };
    let set: BTreeSet<_> = quarantined.iter().map(data).collect();
    assert_eq!(set.len(), quarantined.len());
    set
}

fn losers(messages: &[Message], winner: &str) -> BTreeSet<Vec<u8>> {
    let lost = messages.iter().filter(|message| message.attributes["digest"] != winner);
    lost.map(|message| message.data.clone()).collect()
}

/// Messages that are not records, with a name for each.
fn bad_messages() -> Vec<(String, Message)> {
    let good = || message("1", "call 555-0199");
    let changes = [("v", "2"), ("kind", "video"), ("part", "2"), ("record_id", "a/b")];
    let changed = changes.map(|(name, value)| {
        let mut message = good();
        message.attributes.insert(name.to_owned(), value.to_owned());
        (format!("{name} {value}"), message)
    });
    let without = good().attributes.into_keys().map(|name| {
        let mut message = good();
        message.attributes.remove(&name);
        (format!("no {name}"), message)
    });
    let binary = Message { data: b"555-0199 \xff".to_vec(), ..good() };
    changed.into_iter().chain(without).chain([("no text".to_owned(), binary)]).collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_not_a_record_is_quarantined_once_with_the_reason() {
    for (name, message) in bad_messages() {
        let store = FaultyStore::new();
        let worker = worker(&store);
        assert_eq!(worker.deliver(&message, 0).await, Acknowledge, "{name}");
        let stored = everything(&store).await;
        assert_eq!(stored.len(), 1, "{name}");
        assert_eq!(text(&stored[0], "reason"), "bad-message", "{name}");
        assert!(!text(&stored[0], "detail").is_empty(), "{name}");
        assert_eq!(stored[0].fields["data"], message.data.clone().into(), "{name}");
        assert_eq!(worker.deliver(&message, 1).await, Acknowledge, "{name}");
        assert_eq!(everything(&store).await, stored, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_tenant_goes_to_the_stray_quarantine() {
    let store = FaultyStore::new();
    let mut message = message("1", "x");
    message.attributes.insert("tenant_id".to_owned(), "../beta".to_owned());
    assert_eq!(worker(&store).deliver(&message, 0).await, Acknowledge);
    assert_eq!(store.all(CollectionPath::stray()).await.len(), 1);
    assert!(store.all(quarantine()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_text_that_the_store_never_takes_is_quarantined_alone() {
    let store = FaultyStore::new();
    let mut large = message("1", "x");
    large.data = vec![b'x'; 600_000];
    let deliveries = [message("2", "x"), large, message("3", "x")];
    assert_eq!(deliver_all(&worker(&store), &deliveries).await, [Acknowledge; 3]);
    assert_eq!(store.all(logs()).await.len(), 2);
    assert_eq!(text(&store.all(quarantine()).await[0], "reason"), "invalid");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_fault_gives_every_message_back_and_quarantines_none() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    let parts = messages("2", &long_text("anna"));
    let bad = bad_messages().remove(0).1;
    store.fail_commits(repeat(Fault::Deployment));
    for message in [&message("1", "x"), &parts[0], &bad] {
        assert_eq!(worker.deliver(message, 0).await, Retry);
    }
    store.fail_commits([]);
    store.fail_reads(repeat(Fault::Deployment));
    for message in [&message("1", "x"), &parts[0]] {
        assert_eq!(worker.deliver(message, 0).await, Retry);
    }
    assert!(everything(&store).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_passing_fault_is_retried_and_a_lasting_one_gives_the_message_back() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    store.fail_commits([Fault::Passing; 3]);
    store.fail_reads([Fault::Passing; 3]);
    assert_eq!(worker.deliver(&message("1", "x"), 0).await, Acknowledge);
    let stored = everything(&store).await;
    assert_eq!(stored.len(), 1);
    store.fail_commits(repeat(Fault::Passing));
    assert_eq!(worker.deliver(&message("2", "x"), 0).await, Retry);
    assert_eq!(everything(&store).await, stored);
}

#[tokio::test(start_paused = true)]
async fn without_originals_the_unredacted_text_is_stored_nowhere() {
    let store = FaultyStore::new();
    let worker = keeping(&store, Keep { original: false, days: None });
    let mut deliveries = messages("1", &long_text("anna"));
    deliveries.extend([message("2", "call 555-0199"), message("2", "do call 555-0199")]);
    deliveries.push(message("1", "or call 555-0199"));
    deliveries.extend(bad_messages().into_iter().map(|(_, message)| message));
    let dispositions = deliver_all(&worker, &deliveries).await;
    assert!(dispositions.iter().all(|disposition| *disposition == Acknowledge));
    let dead = message("3", "call 555-0199");
    assert_eq!(worker.dead_letter(&dead, 9, Duration::ZERO).await, Acknowledge);
    let stored = everything(&store).await;
    assert!(stored.len() > 10);
    for Document { id, fields, .. } in &stored {
        assert!(!fields.contains_key("original_text") && !says(fields, "555-0199"), "{id}");
    }
}

fn says(fields: &Fields, secret: &str) -> bool {
    fields.values().any(|value| match value {
        Value::Text(text) => text.contains(secret),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).contains(secret),
        Value::Map(fields) => says(fields, secret),
        _ => false,
    })
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_releases_the_texts_in_work_at_once() {
    let store = FaultyStore::new();
    let stopping = Arc::new(worker(&store));
    let delivery = tokio::spawn({
        let worker = Arc::clone(&stopping);
        async move { worker.deliver(&message("1", &"x".repeat(4_000)), 0).await }
    });
    sleep(Duration::from_secs(100)).await;
    let stopped = Instant::now();
    stopping.stop();
    assert_eq!(delivery.await.expect("no panic"), Release);
    assert_eq!(stopping.deliver(&message("2", "x"), 0).await, Release, "and no new work starts");
    assert_eq!(stopped.elapsed(), Duration::ZERO);
    assert!(everything(&store).await.is_empty() && store.commits().is_empty());
    let next = worker(&store);
    assert_eq!(next.deliver(&message("1", &"x".repeat(4_000)), 0).await, Acknowledge);
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_a_running_commit_end() {
    let store = FaultyStore::new();
    let worker = Arc::new(worker(&store));
    store.hold();
    let delivery = tokio::spawn({
        let worker = Arc::clone(&worker);
        async move { worker.deliver(&message("1", "x"), 0).await }
    });
    store.begun(1).await;
    worker.stop();
    store.release();
    assert_eq!(delivery.await.expect("no panic"), Acknowledge);
    assert!(store.find(log("1")).await.is_some());
}

const DAYS: u32 = 32;

fn days_ago(days: i64) -> DateTime<Utc> {
    let now = DateTime::from_timestamp_millis(Utc::now().timestamp_millis()).expect("now");
    now - TimeDelta::days(days)
}

#[tokio::test(start_paused = true)]
async fn with_a_retention_every_document_says_when_it_expires() {
    let store = FaultyStore::new();
    let worker = keeping(&store, Keep { original: true, days: Some(DAYS) });
    let came = days_ago(30);
    let mut deliveries = received("1", &long_text("anna"), came);
    deliveries.extend(received("2", "short", came));
    deliver_all(&worker, &deliveries).await;
    deliver_all(&worker, &received("2", "conflict", came)).await;
    let stored = [store.all(logs()).await, store.all(log("1").parts()).await].concat();
    assert_eq!(stored.len(), 2 + 3);
    let retention = TimeDelta::days(DAYS.into());
    assert!(stored.iter().all(|document| time(document, "expire_at") == came + retention));
    let aside = &store.all(quarantine()).await[0];
    assert_eq!(time(aside, "expire_at"), time(aside, "first_seen") + retention);
}

#[tokio::test(start_paused = true)]
async fn a_message_older_than_the_retention_less_a_day_is_quarantined_unless_it_is_replayed() {
    let store = FaultyStore::new();
    let worker = keeping(&store, Keep { original: true, days: Some(DAYS) });
    let came = days_ago(i64::from(DAYS) - 1);
    let mut deliveries = received("1", &long_text("anna"), came);
    deliveries.extend(received("2", "short", came));
    let mut replayed = deliveries.clone();
    let mark = |message: &mut Message| {
        message.attributes.insert(attribute::REPLAY.to_owned(), "1".to_owned());
    };
    replayed.iter_mut().for_each(mark);
    deliver_all(&worker, &replayed).await.iter().for_each(|d| assert_eq!(*d, Acknowledge));
    assert!(everything(&store).await.is_empty(), "it may have been counted before");
    deliver_all(&worker, &deliveries).await.iter().for_each(|d| assert_eq!(*d, Acknowledge));
    let aside = store.all(quarantine()).await;
    assert_eq!(aside.len(), deliveries.len());
    assert!(aside.iter().all(|document| document.text("reason") == Some("too-old")));
    assert!(store.all(logs()).await.is_empty());
}
