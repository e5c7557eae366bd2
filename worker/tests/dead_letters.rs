//! Dead letters, which were delivered too often: looked up, tried once more, quarantined.

mod faulty;
mod texts;

use std::iter::{repeat, repeat_n};
use std::time::Duration;

use common::broker::Message;
use common::event::Event;
use common::path::{Collection, CollectionPath};
use common::record::{Kind, Record};
use common::site_dimension::Dimensions;
use common::store::{Document, Value};
use tokio::time::{Instant, sleep};
use worker::Disposition::{Acknowledge, Release, Retry};
use worker::{Disposition, Worker};

use crate::faulty::{Fault, FaultyStore, log, logs, quarantine, tenant};
use crate::texts::{WORK, message, messages, worker};

/// How long Pub/Sub waits for an answer.
const TIME: Duration = Duration::from_secs(600);

async fn dead_letter(worker: &Worker, message: &Message) -> Disposition {
    worker.dead_letter(message, 100, TIME).await
}

/// The only message in quarantine: its reason, its attempts, and the detail.
async fn quarantined(store: &FaultyStore) -> (String, i64, String) {
    let [document] = &store.all(quarantine()).await[..] else { panic!("not one in quarantine") };
    let text = |name: &str| document.fields[name].as_text().expect("a text").to_owned();
    let attempts = document.fields["attempts"].as_integer().expect("a number");
    (text("reason"), attempts, text("detail"))
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_stored_after_all_is_acknowledged_without_a_write() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    let mut stored = vec![message("1", "a text")];
    stored.extend(messages("2", &texts::long_text("anna")));
    stored.push(event());
    for message in &stored {
        assert_eq!(worker.deliver(message, 0).await, Acknowledge);
    }
    let (commits, start) = (store.commits().len(), Instant::now());
    // Reads work although writes do not, and this worker remembers nothing.
    store.fail_commits(repeat(Fault::Passing));
    let worker = texts::worker(&store);
    for message in &stored {
        assert_eq!(dead_letter(&worker, message).await, Acknowledge);
    }
    assert_eq!(store.commits().len(), commits);
    assert!(start.elapsed() < WORK, "no work, no retries");
    assert!(store.all(quarantine()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_can_be_stored_by_now_is_stored() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    let parts = messages("2", &texts::long_text("anna"));
    let late = [message("1", "a text"), parts[1].clone(), event()];
    for message in &late {
        assert_eq!(dead_letter(&worker, message).await, Acknowledge);
    }
    assert!(store.find(log("1")).await.is_some());
    assert!(store.find(log("2").part(2)).await.is_some());
    let events = CollectionPath::of(&tenant(), Collection::Events);
    assert_eq!(store.all(events).await.len(), 1);
    assert!(store.all(quarantine()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_again_is_quarantined_with_the_reason_and_the_attempts() {
    let store = FaultyStore::new();
    store.fail_commits_to(Some(logs()));
    assert_eq!(dead_letter(&worker(&store), &message("1", "a text")).await, Acknowledge);
    let (reason, attempts, detail) = quarantined(&store).await;
    assert_eq!((&*reason, attempts), ("dead-letter", 100));
    assert_eq!(
        detail,
        "100 deliveries failed, and so did the last try: the store cannot be reached, or is busy"
    );
    assert!(store.all(logs()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_quarantined_comes_again() {
    let store = FaultyStore::new();
    store.fail_commits(repeat(Fault::Passing));
    assert_eq!(dead_letter(&worker(&store), &message("1", "a text")).await, Retry);
    store.fail_reads(repeat(Fault::Passing));
    assert_eq!(dead_letter(&worker(&store), &message("1", "a text")).await, Retry);
    assert!(store.all(quarantine()).await.is_empty());
}

/// A missing permission would send every message to quarantine.
#[tokio::test(start_paused = true)]
async fn a_deployment_fault_quarantines_nothing() {
    for in_reads in [true, false] {
        let store = FaultyStore::new();
        if in_reads {
            store.fail_reads(repeat_n(Fault::Deployment, 1));
        } else {
            store.fail_commits(repeat_n(Fault::Deployment, 1));
        }
        let (worker, message) = (worker(&store), message("1", "a text"));
        assert_eq!(dead_letter(&worker, &message).await, Retry);
        assert!(store.all(quarantine()).await.is_empty());
        assert_eq!(dead_letter(&worker, &message).await, Acknowledge);
        assert!(store.find(log("1")).await.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_quarantined_for_its_own_reason() {
    let bad = |name: &str, value: &str| {
        let mut message = message("1", "a text");
        message.attributes.insert(name.to_owned(), value.to_owned());
        message
    };
    let mut conflict = message("2", "another text");
    let cases = [
        ("bad-message", bad("v", "2"), Fault::None),
        ("bad-message", bad("kind", "event"), Fault::None),
        ("invalid", message("1", "a text"), Fault::Invalid),
        ("conflict", std::mem::take(&mut conflict), Fault::None),
    ];
    for (expected, message, fault) in cases {
        let store = FaultyStore::new();
        let worker = worker(&store);
        assert_eq!(worker.deliver(&texts::message("2", "a text"), 0).await, Acknowledge);
        store.fail_commits([fault]);
        assert_eq!(dead_letter(&worker, &message).await, Acknowledge);
        let (reason, attempts, _) = quarantined(&store).await;
        assert_eq!((&*reason, attempts), (expected, 101), "the last try counts");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_try_has_time_for_the_slowest_text_and_then_for_quarantine() {
    let slowest = Duration::from_millis(135);
    for (work_per_character, is_stored) in [(slowest, true), (slowest * 2, false)] {
        let store = FaultyStore::new();
        let worker = texts::working(&store, work_per_character);
        let start = Instant::now();
        let text = message("1", &"x".repeat(4_000));
        assert_eq!(dead_letter(&worker, &text).await, Acknowledge);
        assert!(start.elapsed() <= Duration::from_secs(570), "{:?}", start.elapsed());
        assert_eq!(store.find(log("1")).await.is_some(), is_stored);
        if !is_stored {
            assert_eq!(quarantined(&store).await.0, "dead-letter");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_gives_the_dead_letter_back() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    worker.stop();
    assert_eq!(dead_letter(&worker, &message("1", "a text")).await, Release);
    assert!(store.commits().is_empty());
}

/// Whoever replayed it wants to know; the rest of the document stays.
#[tokio::test(start_paused = true)]
async fn a_replay_that_fails_again_says_so_in_quarantine() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    assert_eq!(worker.deliver(&message("1", "a text"), 0).await, Acknowledge);
    let conflict = message("1", "another text");
    assert_eq!(worker.deliver(&conflict, 0).await, Acknowledge);
    let first = store.all(quarantine()).await;
    assert_eq!(worker.deliver(&conflict, 5).await, Acknowledge);
    assert_eq!(store.all(quarantine()).await, first);

    let mut replayed = conflict;
    replayed.attributes.insert("replay".to_owned(), "now".to_owned());
    assert_eq!(worker.deliver(&replayed, 1).await, Acknowledge);
    let again = store.all(quarantine()).await;
    let attribute = |document: &Document| match &document.fields["attributes"] {
        Value::Map(attributes) => attributes.get("replay").cloned(),
        other => panic!("{other:?}"),
    };
    assert_eq!((again.len(), attribute(&again[0])), (1, Some("now".into())));
    assert_eq!(again[0].fields["attempts"].as_integer(), Some(2));
    for name in ["first_seen", "data", "data_sha256", "reason"] {
        assert_eq!(again[0].fields[name], first[0].fields[name], "{name}");
    }
}

fn events() -> CollectionPath {
    CollectionPath::of(&tenant(), Collection::Events)
}

/// The commit goes on when the time for the last try is over.
#[tokio::test(start_paused = true)]
async fn a_record_whose_commit_outlasts_the_last_try_has_one_end() {
    let store = FaultyStore::new();
    let (worker, event) = (worker(&store), event());
    store.hold();
    let late = async {
        store.begun(1).await;
        sleep(TIME).await;
        store.release();
    };
    let (disposition, ()) = futures::join!(dead_letter(&worker, &event), late);
    assert_eq!(disposition, Acknowledge);
    assert_eq!(store.all(events()).await.len(), 1);
    assert!(store.all(quarantine()).await.is_empty());
}

/// Two deliveries of one message may overlap, and each may believe that it is the last one.
#[tokio::test(start_paused = true)]
async fn a_record_that_is_stored_when_it_is_in_quarantine_already_leaves_quarantine() {
    let store = FaultyStore::new();
    let (worker, event) = (worker(&store), event());
    store.fail_commits_to(Some(events()));
    assert_eq!(dead_letter(&worker, &event).await, Acknowledge);
    assert_eq!(quarantined(&store).await.0, "dead-letter");
    store.fail_commits_to(None);
    assert_eq!(dead_letter(&worker, &event).await, Acknowledge);
    assert_eq!(store.all(events()).await.len(), 1);
    assert!(store.all(quarantine()).await.is_empty());
}

/// The other delivery stores it while this one quarantines it.
#[tokio::test(start_paused = true)]
async fn a_record_that_another_worker_stores_meanwhile_does_not_stay_in_quarantine() {
    let store = FaultyStore::new();
    let (worker, event) = (worker(&store), event());
    store.fail_commits_to(Some(events()));
    let other = async {
        store.begun_with(quarantine()).await;
        store.fail_commits_to(None);
        assert_eq!(texts::worker(&store).deliver(&event, 0).await, Acknowledge);
        store.release();
    };
    store.hold_commits_to(quarantine());
    let (disposition, ()) = futures::join!(dead_letter(&worker, &event), other);
    assert_eq!(disposition, Acknowledge);
    assert_eq!(store.all(events()).await.len(), 1);
    assert!(store.all(quarantine()).await.is_empty());
}

/// Events are looked up too, although their commit would find the duplicate.
fn event() -> Message {
    let event = Event {
        event_type: "click".to_owned(),
        user_id: None,
        path: None,
        payload: None,
        timestamp: texts::received_at(),
        truncated: false,
        excluded: None,
        dimensions: Dimensions::new(),
        others: Vec::new(),
        day: None,
    };
    let text = Record::try_from(&message("e-1", "{}")).expect("a record");
    let data = serde_json::to_string(&event).expect("JSON");
    Record { kind: Kind::Event, digest: event.digest(None), data, ..text }.into()
}
