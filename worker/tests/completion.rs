//! The document of a text in several parts: complete when the last part is stored, whoever stores it
//! and whatever fails on the way.

mod faulty;
mod texts;

use std::iter::{repeat, repeat_n};
use std::sync::Arc;
use std::time::Duration;

use common::broker::Message;
use common::joined_text::MAX_BYTES;
use common::processed_log::{awaits_completion, is_complete};
use common::record::Record;
use common::retention::Keep;
use common::standing::{Standing, paths, standing};
use common::store::{Document, DocumentStore, Write};
use common::text::redact::redact;
use futures::future::join_all;
use proptest::prelude::*;
use tokio::runtime::Builder;
use tokio::time::timeout;
use worker::Disposition::{Acknowledge, Retry};
use worker::{Disposition, Worker};

use crate::faulty::{Fault, FaultyStore, log, logs, quarantine};
use crate::texts::{keeping, long_text, messages, worker, working};

async fn stored(store: &FaultyStore) -> Document {
    store.find(log("1")).await.expect("the log")
}

async fn deliver_all(worker: &Worker, messages: &[Message]) -> Vec<Disposition> {
    join_all(messages.iter().map(|message| worker.deliver(message, 0))).await
}

/// Asserts that the document has all of `text`, and since when its last part is processed.
async fn assert_complete(store: &FaultyStore, text: &str) {
    let document = stored(store).await;
    assert!(is_complete(&document), "{:?}", document.fields.keys());
    assert_eq!(document.text("original_text"), Some(text));
    assert_eq!(document.text("modified_data"), Some(&*redact(text).text));
    assert_eq!(document.integer("parts_done"), document.integer("parts"));
    assert_eq!(document.integer("characters"), Some(text.chars().count() as i64));
    let parts = store.all(log("1").parts()).await;
    let last = parts.iter().map(|part| part.timestamp("processed_at")).max().expect("a part");
    assert_eq!(document.timestamp("processed_at"), last);
}

fn in_paused_time<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(test)
}

#[tokio::test(start_paused = true)]
async fn while_a_part_is_missing_the_document_has_neither_texts_nor_a_time() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    let parts = messages("1", &long_text("anna"));
    for (stored_before, part) in (0..).zip(&parts) {
        if stored_before > 0 {
            let document = stored(&store).await;
            assert_eq!(document.integer("parts_done"), Some(stored_before));
            for name in ["original_text", "modified_data", "processed_at"] {
                assert!(!document.fields.contains_key(name), "{name}");
            }
        }
        assert_eq!(worker.deliver(part, 0).await, Acknowledge);
    }
    assert_complete(&store, &long_text("anna")).await;
}

#[tokio::test(start_paused = true)]
async fn duplicates_of_parts_change_nothing_and_commit_nothing() {
    let store = FaultyStore::new();
    let parts = messages("1", &long_text("anna"));
    deliver_all(&worker(&store), &parts).await;
    let (document, commits) = (stored(&store).await, store.commits().len());
    for worker in [worker(&store), worker(&store)] {
        assert_eq!(deliver_all(&worker, &parts).await, [Acknowledge; 3]);
    }
    assert_eq!((stored(&store).await, store.commits().len()), (document, commits));
}

/// The moments at which a worker can be killed: before or after each of its commits, and before
/// each of its reads.
#[derive(Clone, Copy, Debug)]
enum Kill {
    BeforeCommit,
    AfterCommit,
    BeforeRead,
}

impl Kill {
    /// From its `n`th call on, the store does nothing: what comes later never happens.
    fn after(self, n: usize, store: &FaultyStore) {
        let dead = repeat(Fault::Deployment);
        let alive = repeat_n(Fault::None, n);
        match self {
            Self::BeforeCommit => store.fail_commits(alive.chain(dead)),
            Self::AfterCommit => store.fail_commits(alive.chain([Fault::Ambiguous]).chain(dead)),
            Self::BeforeRead => store.fail_reads(alive.chain(dead)),
        }
    }
}

/// One part after the other, since every commit then has its own number.
async fn killed(kill: Kill, n: usize) -> bool {
    let (store, text) = (FaultyStore::new(), long_text("anna"));
    kill.after(n, &store);
    let (first, mut again) = (worker(&store), Vec::new());
    for part in messages("1", &text) {
        if first.deliver(&part, 0).await == Retry {
            again.push(part);
        }
    }
    store.fail_commits([]);
    store.fail_reads([]);
    let second = worker(&store);
    for part in &again {
        assert_eq!(second.deliver(part, 1).await, Acknowledge);
    }
    assert_complete(&store, &text).await;
    assert!(store.all(quarantine()).await.is_empty());
    !again.is_empty()
}

#[tokio::test(start_paused = true)]
async fn a_worker_may_be_killed_at_any_moment() {
    for kill in [Kill::BeforeCommit, Kill::AfterCommit, Kill::BeforeRead] {
        let mut n = 0;
        while killed(kill, n).await {
            n += 1;
        }
        assert!(n >= 5, "{kill:?}: the claim, three parts, and the completion: {n}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn workers_that_finish_the_last_parts_at_once_complete_the_text(
        order in Just(messages("1", &long_text("anna"))).prop_shuffle(),
        shares in proptest::collection::vec(0..3_usize, 3),
        faults in proptest::collection::vec(proptest::sample::select(
            vec![Fault::None, Fault::None, Fault::Passing, Fault::Ambiguous]), 0..12)
    ) {
        in_paused_time(async {
            let store = FaultyStore::new();
            store.fail_commits(faults);
            let workers = [worker(&store), worker(&store), worker(&store)];
            let deliveries = order.iter().zip(&shares);
            let deliveries = deliveries.map(|(part, share)| workers[*share].deliver(part, 0));
            assert_eq!(join_all(deliveries).await, [Acknowledge; 3]);
            assert_complete(&store, &long_text("anna")).await;
        });
    }
}

/// Both see all parts, since the store holds the commit of each until the other one has begun.
#[tokio::test(start_paused = true)]
async fn a_text_that_is_completed_twice_at_once_is_complete() {
    let (store, parts) = incomplete().await;
    store.fail_commits([]);
    let workers = [worker(&store), worker(&store)];
    let before = store.commits().len();
    store.hold();
    let both = join_all((0..2).map(|n| workers[n].deliver(&parts[n], 1)));
    let release = async {
        store.begun(before + 2).await;
        store.release();
    };
    let both = timeout(Duration::from_secs(600), async { tokio::join!(both, release) });
    let (dispositions, ()) = both.await.expect("both begin to commit");
    assert_eq!(dispositions, [Acknowledge; 2]);
    let commits = store.commits().split_off(before);
    assert_eq!((commits.len(), &commits[0].writes), (2, &commits[1].writes));
    assert_complete(&store, &long_text("anna")).await;
}

/// Lines without personal data, `bytes` long in all.
fn text_of(bytes: usize) -> String {
    let line = format!("{}\n", "x y ".repeat(25));
    let mut text = line.repeat(bytes / line.len());
    text.push_str(&line[..bytes % line.len()]);
    text
}

#[tokio::test(start_paused = true)]
async fn texts_that_fit_into_a_document_are_there_and_longer_ones_stay_in_parts() {
    for (bytes, fits) in [(MAX_BYTES / 2, true), (MAX_BYTES / 2 + 1, false)] {
        let (store, text) = (FaultyStore::new(), text_of(bytes));
        let worker = working(&store, Duration::ZERO);
        let parts = messages("1", &text);
        deliver_all(&worker, &parts).await;
        let document = stored(&store).await;
        assert!(is_complete(&document));
        assert_eq!(document.text("original_text"), fits.then_some(&*text));
        assert_eq!(document.text("modified_data"), fits.then_some(&*text));
        let commits = store.commits().len();
        deliver_all(&working(&store, Duration::ZERO), &parts).await;
        assert_eq!((stored(&store).await, store.commits().len()), (document, commits));
    }
}

#[tokio::test(start_paused = true)]
async fn without_originals_the_document_gets_none_even_where_parts_have_them() {
    let keep = |original| Keep { original, days: None };
    for first in [true, false] {
        let store = FaultyStore::new();
        let parts = messages("1", &long_text("anna"));
        deliver_all(&keeping(&store, keep(first)), &parts[..2]).await;
        deliver_all(&keeping(&store, keep(!first)), &parts[2..]).await;
        let document = stored(&store).await;
        assert_eq!(document.text("modified_data"), Some(&*redact(&long_text("anna")).text));
        assert!(!document.fields.contains_key("original_text"));
    }
}

/// A store with all parts of the text 1, where no worker could complete the document.
async fn incomplete() -> (Arc<FaultyStore>, Vec<Message>) {
    let (store, parts) = (FaultyStore::new(), messages("1", &long_text("anna")));
    let worker = worker(&store);
    deliver_all(&worker, &parts[..2]).await;
    let part = repeat_n(Fault::None, 1);
    store.fail_commits(part.chain(repeat(Fault::Deployment)));
    assert_eq!(worker.deliver(&parts[2], 0).await, Retry);
    assert!(awaits_completion(&stored(&store).await));
    (store, parts)
}

#[tokio::test(start_paused = true)]
async fn any_part_that_comes_again_completes_the_text() {
    for part in 0..3 {
        for is_dead in [false, true] {
            let (store, parts) = incomplete().await;
            store.fail_commits([]);
            let worker = worker(&store);
            let delivered = if is_dead {
                worker.dead_letter(&parts[part], 100, Duration::from_secs(600)).await
            } else {
                worker.deliver(&parts[part], 1).await
            };
            assert_eq!(delivered, Acknowledge);
            assert_complete(&store, &long_text("anna")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_cannot_complete_the_text_is_quarantined_and_not_taken_for_stored() {
    let (store, parts) = incomplete().await;
    let record = Record::try_from(&parts[2]).expect("a record");
    let look = async || standing(&store.get_many(&paths(&record)).await.expect("them"), &record);
    assert_eq!(look().await, Standing::Incomplete);
    let dead_letter = async || {
        let worker = worker(&store);
        worker.dead_letter(&parts[2], 100, Duration::from_secs(600)).await
    };
    store.fail_commits(repeat(Fault::Passing));
    assert_eq!(dead_letter().await, Retry, "nor can it be quarantined");
    store.fail_commits([]);
    store.fail_commits_to(Some(logs()));
    assert_eq!(dead_letter().await, Acknowledge);
    let reasons = store.all(quarantine()).await;
    assert_eq!(reasons[0].text("reason"), Some("dead-letter"));
    assert_eq!(look().await, Standing::Incomplete);
    store.fail_commits_to(None);
    assert_eq!(dead_letter().await, Acknowledge);
    assert_eq!(look().await, Standing::Stored);
    assert_complete(&store, &long_text("anna")).await;
}

#[tokio::test(start_paused = true)]
async fn a_text_whose_parts_were_removed_is_not_completed() {
    let (store, parts) = incomplete().await;
    store.fail_commits([]);
    let path = log("1").part(1);
    store.commit(vec![Write::Delete { path }]).await.expect("it is deleted");
    let before = stored(&store).await;
    assert_eq!(worker(&store).deliver(&parts[2], 1).await, Acknowledge);
    assert_eq!(stored(&store).await, before);
}
