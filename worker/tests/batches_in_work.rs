//! Access logs are in work within a fixed memory: a worker takes no more of them than their bytes allow, also
//! while no commit ends.

mod faulty;

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use common::access_log::Entry;
use common::broker::Message;
use common::hash;
use common::record::{Kind, Part, Record, RecordId};
use common::rollup::LogDimensions;
use common::store::DocumentStore;
use common::tenant::TenantId;
use futures::future::{join, join_all};
use tokio::time::sleep;
use worker::{Disposition, Worker, WorkerSettings};

use crate::faulty::FaultyStore;

/// The bytes of all batches that may be in work, as the worker has it.
const ALL: usize = 2 << 20;
/// The bytes of one of these batches, at least.
const BATCH: usize = 64 << 10;
const BATCHES: usize = 100;

fn worker(store: &Arc<FaultyStore>) -> Worker {
    let settings = WorkerSettings {
        work_seconds_per_char: 0.0,
        store_original: true,
        rollup_shards: 1,
        log_dimensions: LogDimensions::ALL,
        retention_days: None,
        commit_interval_ms: None,
    };
    Worker::new(Arc::clone(store) as Arc<dyn DocumentStore>, settings)
}

/// A batch of requests for one page within one second, which make few documents.
fn message(number: usize) -> Message {
    let at = "2025-05-01T10:00:00Z".parse().expect("a time");
    let entry = Entry { at, request: "GET /".to_owned(), ..Entry::default() };
    let line = serde_json::to_string(&entry).expect("JSON") + "\n";
    let data = line.repeat(BATCH.div_ceil(line.len()));
    Message::from(Record {
        kind: Kind::AccessLog,
        tenant: TenantId::parse("acme").expect("a tenant"),
        id: RecordId::parse(&number.to_string()).expect("an id"),
        digest: hash::sha256(&data),
        source: "log_batch".to_owned(),
        received_at: Utc::now(),
        part: Part::WHOLE,
        traceparent: None,
        data,
    })
}

#[tokio::test(start_paused = true)]
async fn no_more_batches_are_in_work_than_their_bytes_allow() {
    let store = FaultyStore::new();
    let worker = worker(&store);
    store.hold();
    let messages: Vec<_> = (0..BATCHES).map(message).collect();
    let deliveries = join_all(messages.iter().map(|message| worker.deliver(message, 0)));
    let watch = async {
        store.begun(1).await;
        // Whatever may be in work is by then.
        sleep(Duration::from_secs(1)).await;
        store.release();
    };
    let (ended, ()) = join(deliveries, watch).await;
    assert_eq!(ended, [Disposition::Acknowledge; BATCHES]);
    let batches: Vec<usize> = store.commits().iter().map(|commit| commit.created().len()).collect();
    assert_eq!(batches.iter().sum::<usize>(), BATCHES);
    assert!(batches.iter().all(|batches| *batches <= ALL / BATCH), "{batches:?}");
}
