//! Recounts of access logs: old messages, old stores and every choice of dimensions balance.

use std::fs;
use std::path::Path;

use common::access_log::{Entry, FirstEntry, Rejected, entries};
use common::broker::Message;
use common::broker::embedded::InWork;
use common::log_batch::{self, Counted, DIMENSIONS};
use common::record::{Kind, Part, Record, RecordId};
use common::retention::Keep;
use common::rollup::{self, LogDimensions};
use common::store::embedded::EmbeddedStore;
use common::store::{DocumentStore as _, Write};
use common::tenant::TenantId;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::super::compare::Difference;
use super::super::report::Report;
use super::super::run::{Outcome, aggregate};
use super::super::share::Share;
use super::super::source::Source;
use super::balanced;
use crate::archive::Line;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn acme() -> TenantId {
    TenantId::parse("acme").expect("a tenant")
}

fn full(second: i64) -> Entry {
    let at = "2026-03-01T10:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().expect("a time");
    Entry {
        at: at + chrono::TimeDelta::seconds(second),
        request: "GET /a".to_owned(),
        user_agent: "curl".to_owned(),
        agent: Some("curl/8.5.0".to_owned()),
        status: Some(404),
        bytes: Some(512),
        host: Some("www.example.com".to_owned()),
        referer: Some("https://www.example.org/".to_owned()),
        ..Entry::default()
    }
}

/// A message as it was written before entries had details.
const OLD: &str = r#"{"at":"2026-03-01T10:00:30Z","request":"GET /","user_agent":"Chrome"}"#;

fn batch(id: &str, part: Part, data: String) -> Record {
    Record {
        kind: Kind::AccessLog,
        tenant: acme(),
        id: RecordId::parse(id).expect("an id"),
        digest: "d".to_owned(),
        source: "log_batch".to_owned(),
        received_at: full(0).at,
        part,
        traceparent: None,
        data,
    }
}

fn new(id: &str) -> Record {
    let lines = [0, 30, 90].map(|second| serde_json::to_string(&full(second)).expect("a line"));
    batch(id, Part::WHOLE, lines.join("\n"))
}

fn archive(folder: &Path, records: &[&Record]) {
    let line = |record: &Record| {
        serde_json::to_string(&Line::from(Message::from(record.clone()))).expect("a line") + "\n"
    };
    let lines: String = records.iter().map(|record| line(record)).collect();
    fs::write(folder.join("1.ndjson"), lines).expect("written");
}

/// Stores the batch as a worker with these dimensions does; a worker from before there was a choice
/// writes no dimensions.
async fn store(folder: &Path, record: &Record, dimensions: Option<LogDimensions>) {
    let counted = dimensions.unwrap_or(LogDimensions::BEFORE);
    let read = entries(&record.data).expect("entries");
    let keep = Keep { original: true, days: None };
    let of = Counted { entries: &read, dimensions: counted };
    let own = log_batch::path(&record.tenant, &record.id);
    let (path, mut fields) = if record.part.is_whole() {
        (own, log_batch::whole(record, of, record.received_at, keep))
    } else {
        let part = log_batch::part(record, of, record.received_at, keep);
        (own.part(record.part.number), part)
    };
    if dimensions.is_none() {
        fields.remove(DIMENSIONS);
    }
    let mut writes = rollup::of_entries(&record.tenant, &read, counted, record.part.number % 2);
    writes.push(Write::Create { path, fields });
    let store = EmbeddedStore::open(folder).expect("a store");
    store.commit(writes).await.expect("stored");
}

async fn found(archive: &Path, data: &Path) -> Vec<Difference> {
    let whole = balanced(archive, data, InWork::default(), 3).await;
    whole.comparison.differences.into_iter().collect()
}

#[tokio::test]
async fn batches_of_every_age_and_of_every_choice_balance() {
    let (files, data) = (folder(), folder());
    let choices =
        ["none", "status", "bytes,hosts", "paths,user_agents,status,bytes,referers,hosts"];
    let chosen = choices.map(|choice| Some(choice.parse().expect("dimensions")));
    let mut records = Vec::new();
    for (number, dimensions) in chosen.into_iter().chain([None]).enumerate() {
        let details = new(&format!("new-{number}"));
        let old = batch(&format!("old-{number}"), Part::WHOLE, format!("{OLD}\n{OLD}\n"));
        for record in [details, old] {
            store(data.path(), &record, dimensions).await;
            records.push(record);
        }
    }
    archive(files.path(), &records.iter().collect::<Vec<_>>());
    assert_eq!(found(files.path(), data.path()).await, []);
}

#[tokio::test]
async fn each_part_is_counted_by_its_own_choice() {
    let (files, data) = (folder(), folder());
    let part = |number, second| {
        let line = serde_json::to_string(&full(second)).expect("a line");
        batch("large", Part { number, of: 2 }, line)
    };
    let (first, second) = (part(1, 0), part(2, 600));
    let claim = log_batch::claim(&first, Keep { original: true, days: None });
    let claimed = EmbeddedStore::open(data.path()).expect("a store");
    claimed.commit(vec![claim]).await.expect("claimed");
    store(data.path(), &first, Some(LogDimensions::ALL)).await;
    store(data.path(), &second, Some("referers".parse().expect("dimensions"))).await;
    archive(files.path(), &[&first, &second]);
    assert_eq!(found(files.path(), data.path()).await, []);
}

#[tokio::test]
async fn a_wrong_number_of_statuses_or_bytes_is_found_in_both_directions() {
    let (files, data) = (folder(), folder());
    let record = new("a");
    archive(files.path(), &[&record]);
    store(data.path(), &record, Some(LogDimensions::ALL)).await;
    let read = entries(&record.data).expect("entries");
    let writes = rollup::of_entries(&record.tenant, &read, LogDimensions::ALL, 1);
    let requests = writes.iter().find_map(|write| match write {
        Write::Increment { path, fields, by } if by.len() > 1 => Some((path, fields)),
        _ => None,
    });
    let (path, fields) = requests.expect("the rollup of all requests");
    for (field, by) in [("status_4xx", 1), ("status_5xx", 1), ("bytes", -512)] {
        let change = |by: i64| {
            let by = [(field.into(), by)].into();
            Write::Increment { path: path.clone(), fields: fields.clone(), by }
        };
        let opened = EmbeddedStore::open(data.path()).expect("a store");
        opened.commit(vec![change(by)]).await.expect("changed");
        let differences = found(files.path(), data.path()).await;
        assert_eq!(differences.len(), 1, "{field}: {differences:?}");
        opened.commit(vec![change(-by)]).await.expect("changed back");
        assert_eq!(found(files.path(), data.path()).await, []);
    }
}

#[test]
fn a_recount_without_a_store_counts_all_that_the_archive_has() {
    let files = folder();
    let entry = full(0);
    let rejected = [Rejected { index: 0, reason: "x".to_owned(), text: "?".to_owned() }];
    let first = FirstEntry { entry: &entry, rejected: &rejected, rejected_left_out: 0 };
    let data = serde_json::to_string(&first).expect("a line");
    let with_rejected = batch("r", Part::WHOLE, format!("{data}\n{OLD}\n"));
    archive(files.path(), &[&with_rejected, &new("n")]);
    let source = Source::new(files.path(), Vec::new()).expect("a source");
    let Outcome { inputs, tally, .. } =
        aggregate(&source, None, Share::of(1).next().expect("one"), 1, |_| ());
    let report: Json = serde_json::to_value(Report::new(inputs, &tally, None)).expect("a report");
    let requests = &report["tenants"]["acme"]["requests"];
    assert_eq!((&requests["total"], &requests["bytes"]), (&json!(5), &json!(2_048)));
    assert_eq!(requests["status"], json!({"4xx": 4}));
    assert_eq!(requests["hosts"], json!({"www.example.com": 4}));
    assert_eq!(requests["referers"], json!({"www.example.org": 4}));
    let minute = &requests["windows"]["minute"]["2026-03-01T10:00:00Z"];
    assert_eq!((&minute["requests"], &minute["status"]), (&json!(4), &json!({"4xx": 3})));
}
