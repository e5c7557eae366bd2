//! What the embedded adapters do while somebody else holds their files.
#![cfg(feature = "embedded")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::broker::embedded::{
    EmbeddedBroker, EmbeddedQueue, Flow, Lane, MIN_FREE_BYTES, QueueOptions,
};
use common::broker::{Broker, Message, PublishError};
use common::data_folder::{DOCUMENTS, QUEUE};
use common::store::DocumentStore as _;
use common::store::embedded::EmbeddedStore;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::time::timeout;

/// More than half of what may be in flight.
const LARGE: usize = 40 << 20;
/// Much longer than a probe takes, and shorter than the gateway waits for one.
const SOON: Duration = Duration::from_secs(1);

fn queue() -> (TempDir, Arc<EmbeddedQueue>) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = QueueOptions {
        min_free_bytes: MIN_FREE_BYTES,
        ..QueueOptions::unbounded(Duration::from_secs(600), |_| Flow {
            lane: Lane::Fast,
            tenant: String::new(),
        })
    };
    let queue = EmbeddedQueue::open(folder.path(), options).expect("a queue");
    (folder, queue)
}

/// Keeps everybody else from writing to the database until it is dropped.
fn hold(file: &Path) -> Connection {
    let holder = Connection::open(file).expect("a connection");
    holder.execute_batch("BEGIN IMMEDIATE").expect("held");
    holder
}

fn large() -> Vec<Message> {
    vec![Message { data: vec![b'x'; LARGE], ..Message::default() }]
}

/// Lets the writer, which is a thread of its own, get on.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        tokio::task::yield_now().await;
    }
}

/// Time is paused: a wait that is all there is to do is over at once.
#[tokio::test(start_paused = true)]
async fn a_publish_that_timed_out_is_still_delivered_and_still_counts_as_in_flight() {
    let (folder, queue) = queue();
    let broker = EmbeddedBroker(Arc::clone(&queue));
    let holder = hold(&folder.path().join(QUEUE));
    let slow = broker.publish(large()).await.remove(0);
    assert!(matches!(slow, Err(PublishError::Unavailable(_))), "{slow:?}");
    let more = broker.publish(large()).await.remove(0);
    assert!(matches!(more, Err(PublishError::Full(_))), "its bytes are still held: {more:?}");

    drop(holder);
    until("what was written is scheduled", || queue.backlog() == 1).await;
    let leases = queue.lease(Lane::Fast, 1).await.expect("a lease");
    assert_eq!(leases[0].message.data.len(), LARGE);
    tokio::time::resume();
    for result in broker.publish(large()).await {
        result.expect("there is room again");
    }
}

#[tokio::test]
async fn a_queue_that_cannot_be_written_is_not_ready() {
    let (folder, queue) = queue();
    let broker = EmbeddedBroker(queue);
    broker.probe().await.expect("ready");
    let holder = hold(&folder.path().join(QUEUE));
    let answer = timeout(SOON, broker.probe()).await;
    assert!(!matches!(answer, Ok(Ok(()))), "{answer:?}");
    drop(holder);
    broker.probe().await.expect("ready again");
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_not_ready() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    store.probe().await.expect("ready");
    let holder = hold(&folder.path().join(DOCUMENTS));
    let answer = timeout(SOON, store.probe()).await;
    assert!(!matches!(answer, Ok(Ok(()))), "{answer:?}");
    drop(holder);
    store.probe().await.expect("ready again");
}
