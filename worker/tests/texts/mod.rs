//! Texts as the gateway publishes them, and workers for them.

#![allow(dead_code, reason = "each test program uses its part of this module")]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::broker::Message;
use common::hash::sha256;
use common::record::{Kind, Part, Record, RecordId};
use common::retention::Keep;
use common::rollup::LogDimensions;
use common::store::DocumentStore;
use common::text::segment::segment;
use worker::{Worker, WorkerSettings};

use crate::faulty::{FaultyStore, tenant};

/// The simulated work on one character.
pub(crate) const WORK: Duration = Duration::from_millis(50);

/// A worker that keeps everything without end.
pub(crate) fn worker(store: &Arc<FaultyStore>) -> Worker {
    keeping(store, Keep { original: true, days: None })
}

/// A worker that keeps what `keep` says.
pub(crate) fn keeping(store: &Arc<FaultyStore>, keep: Keep) -> Worker {
    let settings = WorkerSettings {
        store_original: keep.original,
        retention_days: keep.days,
        ..settings(WORK)
    };
    Worker::new(Arc::clone(store) as Arc<dyn DocumentStore>, settings)
}

/// A worker that works on each character for so long.
pub(crate) fn working(store: &Arc<FaultyStore>, work_per_character: Duration) -> Worker {
    Worker::new(Arc::clone(store) as Arc<dyn DocumentStore>, settings(work_per_character))
}

fn settings(work_per_character: Duration) -> WorkerSettings {
    WorkerSettings {
        work_seconds_per_char: work_per_character.as_secs_f64(),
        store_original: true,
        rollup_shards: 1,
        log_dimensions: LogDimensions::ALL,
        retention_days: None,
        commit_interval_ms: None,
    }
}

/// When a text was received, where a test does not say.
pub(crate) fn received_at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_750_000_000_123).expect("a time")
}

/// The messages of a text, in the order of its parts.
pub(crate) fn messages(id: &str, text: &str) -> Vec<Message> {
    received(id, text, received_at())
}

/// The same for a text received at `received_at`.
pub(crate) fn received(id: &str, text: &str, received_at: DateTime<Utc>) -> Vec<Message> {
    let parts = segment(text);
    let of = u32::try_from(parts.len()).expect("a few parts");
    let record = |(number, data): (u32, &&str)| Record {
        kind: Kind::Text,
        tenant: tenant(),
        id: RecordId::parse(id).expect("an id"),
        digest: sha256(text),
        source: "text_upload".to_owned(),
        received_at,
        part: Part { number, of },
        traceparent: None,
        data: (*data).to_owned(),
    };
    (1..).zip(&parts).map(record).map(Message::from).collect()
}

/// The message of a text of one part.
pub(crate) fn message(id: &str, text: &str) -> Message {
    let mut messages = messages(id, text);
    assert_eq!(messages.len(), 1, "a short text");
    messages.remove(0)
}

/// A text of three parts with something to redact in each.
pub(crate) fn long_text(word: &str) -> String {
    (0..300).map(|line| format!("line {line}: {word} called 555-0199 again\n")).collect()
}
