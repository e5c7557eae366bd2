//! Recounts of small archives made by hand.

mod access_logs;

use std::fs;
use std::path::Path;

use common::broker::Message;
use common::broker::embedded::InWork;
use common::quarantine::{Quarantined, Reason};
use common::record::{Kind, Part, Record, RecordId};
use common::rollup;
use common::store::embedded::{EmbeddedStore, Snapshot};
use common::store::{DocumentStore as _, Write, fields};
use common::tenant::TenantId;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::balance::balance;
use super::compare::{Comparison, Difference};
use super::ledger::Ledger;
use super::report::Report;
use super::rows;
use super::run::{Outcome, aggregate};
use super::share::Share;
use super::source::Source;
use super::totals;
use crate::archive::Line;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn acme() -> TenantId {
    TenantId::parse("acme").expect("a tenant")
}

/// A record of acme, received `second` seconds after midnight.
pub(super) fn record(kind: Kind, id: &str, digest: &str, second: i64, data: &str) -> Record {
    let midnight = "2026-03-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>();
    Record {
        kind,
        tenant: acme(),
        id: RecordId::parse(id).expect("an id"),
        digest: digest.to_owned(),
        source: "test".to_owned(),
        received_at: midnight.expect("a time") + chrono::TimeDelta::seconds(second),
        part: Part::WHOLE,
        traceparent: None,
        data: data.to_owned(),
    }
}

pub(super) fn click(id: &str, digest: &str, second: i64) -> Record {
    let data = json!({
        "event_type": "click", "user_id": "u1", "timestamp": "2026-03-01T10:00:00Z"
    });
    record(Kind::Event, id, digest, second, &data.to_string())
}

pub(super) fn view(id: &str, second: i64) -> Record {
    let data = json!({
        "event_type": "view", "user_id": "u2", "path": "/a", "timestamp": "2026-03-02T10:00:00Z"
    });
    record(Kind::Event, id, "d", second, &data.to_string())
}

pub(super) fn batch(id: &str, second: i64) -> Record {
    let entry =
        |request| json!({"at": "2026-03-01T10:00:30Z", "request": request, "user_agent": "Chrome"});
    let data = format!("{}\n{}\n", entry("GET /"), entry("GET /b"));
    record(Kind::AccessLog, id, "d", second, &data)
}

pub(super) fn line(record: &Record, id: i64) -> String {
    let mut line = Line::from(Message::from(record.clone()));
    line.id = Some(id);
    serde_json::to_string(&line).expect("a line") + "\n"
}

fn write(folder: &Path, name: &str, lines: &[String]) {
    fs::write(folder.join(name), lines.concat()).expect("written");
}

/// Counts the archive in this many shares.
fn outcome(folder: &Path, shares: u64, threads: usize) -> Outcome {
    let source = Source::new(folder, Vec::new()).expect("a source");
    let mut whole = Outcome::of(&source);
    for share in Share::of(shares) {
        whole.add(aggregate(&source, None, share, threads, |_| ()));
    }
    whole
}

/// Compares the archive with the store in this many shares.
pub(super) async fn balanced(archive: &Path, data: &Path, in_work: InWork, shares: u64) -> Outcome {
    let store = Snapshot::open(data).expect("a snapshot");
    let source = Source::new(archive, Vec::new()).expect("a source");
    let read = |ledger: &Ledger, share| aggregate(&source, Some(ledger), share, 2, |_| ());
    let whole = balance(&source, &store, &in_work, Share::of(shares), read).await;
    whole.expect("compared")
}

pub(super) fn report(folder: &Path, threads: usize) -> Json {
    let Outcome { inputs, tally, .. } = outcome(folder, 1, threads);
    serde_json::to_value(Report::new(inputs, &tally, None)).expect("a report")
}

#[test]
fn everything_is_counted_as_the_rollups_count_it() {
    let folder = folder();
    let text = record(Kind::Text, "t", "d", 0, "häßlich");
    let lines = [line(&click("c", "d", 0), 1), line(&view("v", 1), 2), line(&batch("b", 2), 3)];
    write(folder.path(), "1.ndjson", &lines);
    write(folder.path(), "2.ndjson", &[line(&text, 4)]);
    let report = report(folder.path(), 2);
    let acme = &report["tenants"]["acme"];
    assert_eq!(acme["events"]["types"], json!({"click": 1, "view": 1}));
    assert_eq!(acme["events"]["views"], json!({"/a": 1}));
    assert_eq!(acme["events"]["unique_users"], 2);
    assert_eq!(acme["events"]["unique_users_by_day"], json!({"2026-03-01": 1, "2026-03-02": 1}));
    assert_eq!(acme["requests"]["total"], 2);
    assert_eq!(acme["requests"]["paths"], json!({"GET /": 1, "GET /b": 1}));
    let minute = &acme["requests"]["windows"]["minute"]["2026-03-01T10:00:00Z"];
    assert_eq!(minute["requests"], 2);
    assert_eq!(minute["user_agents"], json!({"Chrome": 2}));
    assert_eq!(acme["texts"], json!({"characters": 7, "texts": 1}));
}

#[test]
fn duplicates_count_once_and_of_conflicting_records_the_first_counts() {
    let folder = folder();
    // The order of the files is not that of arrival.
    let lines = [line(&view("x", 9), 9), line(&click("c", "d", 5), 5)];
    write(folder.path(), "1.ndjson", &lines);
    let lines = [line(&click("x", "other", 1), 1), line(&click("c", "d", 2), 2)];
    write(folder.path(), "2.ndjson", &lines);
    let report = report(folder.path(), 2);
    assert_eq!(report["tenants"]["acme"]["events"]["types"], json!({"click": 2}));
    let inputs = &report["inputs"];
    assert_eq!((&inputs["duplicates"], &inputs["conflicts"]), (&json!(1), &json!(1)));
    assert_eq!(inputs["counted"], 2);
}

#[test]
fn corrupt_lines_and_unreadable_messages_are_counted_and_skipped() {
    let folder = folder();
    let bad_data = record(Kind::Event, "e", "d", 0, "no JSON");
    let lines = [
        "garbage\n".to_owned(),
        line(&bad_data, 1),
        line(&click("c", "d", 0), 2),
        "{\"id\":3,\"attri".to_owned(),
    ];
    write(folder.path(), "1.ndjson", &lines);
    write(folder.path(), "2.avro", &["no Avro".to_owned()]);
    let report = report(folder.path(), 1);
    let inputs = &report["inputs"];
    assert_eq!(inputs["corrupt"], json!({"avro-file": 1, "line": 1, "torn-line": 1}));
    assert_eq!((&inputs["unreadable"], &inputs["counted"]), (&json!(1), &json!(1)));
}

#[test]
fn the_report_does_not_depend_on_the_number_of_threads_or_shares() {
    let folder = folder();
    for file in 0..8 {
        let mut lines: Vec<String> =
            (0..50).map(|n| line(&click(&format!("c{}", n * file % 37), "d", n), n)).collect();
        lines.push("garbage\n".to_owned());
        write(folder.path(), &format!("{file}.ndjson"), &lines);
    }
    let one = report(folder.path(), 1).to_string();
    assert_eq!(report(folder.path(), 7).to_string(), one);
    let Outcome { inputs, tally, .. } = outcome(folder.path(), 5, 2);
    let shared = serde_json::to_value(Report::new(inputs, &tally, None)).expect("a report");
    assert_eq!(shared.to_string(), one);
}

/// Fills a store with these events, their counts, and these quarantined messages.
async fn stored(folder: &Path, events: &[Record], quarantined: &[Record]) {
    let store = EmbeddedStore::open(folder).expect("a store");
    for (number, record) in events.iter().enumerate() {
        let event: common::event::Event = serde_json::from_str(&record.data).expect("an event");
        let keep = common::retention::Keep { original: true, days: None };
        let path = common::event::path(&record.tenant, &record.id);
        let mut writes = vec![Write::Create { path, fields: event.fields(record, keep) }];
        writes.extend(rollup::of_event(&record.tenant, &event, number as u32 % 3));
        store.commit(writes).await.expect("stored");
    }
    for record in quarantined {
        let message = &Message::from(record.clone());
        let quarantined = Quarantined {
            message,
            data: &message.data,
            reason: Reason::Conflict,
            detail: String::new(),
            attempts: 1,
            first_seen: chrono::DateTime::UNIX_EPOCH,
        };
        let write = Write::Create {
            path: common::quarantine::path(message, &message.data),
            fields: quarantined.fields(),
        };
        store.commit(vec![write]).await.expect("stored");
    }
}

/// The comparison, which does not depend on the number of shares.
async fn compared(archive: &Path, data: &Path, in_work: InWork) -> Comparison {
    let one = balanced(archive, data, in_work.clone(), 1).await;
    for shares in 2..5 {
        let same = balanced(archive, data, in_work.clone(), shares).await;
        assert_eq!((&same.comparison, &same.inputs), (&one.comparison, &one.inputs), "{shares}");
    }
    one.comparison
}

#[tokio::test]
async fn nothing_differs_whichever_of_two_records_the_store_kept() {
    let (archive, data) = (folder(), folder());
    // The store kept the later of two conflicting events, and the later of two deliveries of the
    // same event without a time of its own, which counts in another hour.
    let (first, kept) = (click("x", "first", 1), click("x", "kept", 2));
    let timed = |second, hour: &str| {
        let data = click("t", "d", second).data.replace("10:", hour);
        Record { data, ..click("t", "d", second) }
    };
    let (early, late) = (timed(3, "10:"), timed(4, "11:"));
    let lines = [line(&first, 1), line(&kept, 2), line(&early, 3), line(&late, 4)];
    write(archive.path(), "1.ndjson", &lines);
    stored(data.path(), &[kept, late], &[first]).await;
    let comparison = compared(archive.path(), data.path(), InWork::default()).await;
    assert_eq!(comparison, Comparison::default());
}

#[tokio::test]
async fn conflicts_in_quarantine_are_counted_there() {
    let (archive, data) = (folder(), folder());
    let kept = click("x", "kept", 1);
    let conflicts = [click("x", "second", 2), click("x", "third", 3)];
    let lines = [line(&kept, 1), line(&conflicts[0], 2), line(&conflicts[1], 3)];
    write(archive.path(), "1.ndjson", &lines);
    stored(data.path(), &[kept], &conflicts).await;
    let inputs = balanced(archive.path(), data.path(), InWork::default(), 1).await.inputs;
    assert_eq!((inputs.counted, inputs.conflicts, inputs.quarantined), (1, 2, 2));
}

#[tokio::test]
async fn every_kind_of_damage_is_found() {
    let (archive, data) = (folder(), folder());
    let (a, b, lost) = (click("a", "d", 1), view("b", 2), click("lost", "d", 3));
    write(archive.path(), "1.ndjson", &[line(&a, 1), line(&lost, 3)]);
    stored(data.path(), &[a, b], &[]).await;
    let in_work = InWork { last: 3, ..InWork::default() };
    let found = compared(archive.path(), data.path(), in_work).await.differences;
    let names: Vec<String> = found.iter().filter_map(name).collect();
    assert_eq!(names, ["not stored: lost", "not archived: b"]);
    let visitors = found.iter().filter(|it| matches!(it, Difference::Visitors { .. })).count();
    assert_eq!(visitors, 2, "of the day, and of all days: {found:?}");
    let rollups = found.iter().filter(|it| matches!(it, Difference::Rollup { .. })).count();
    assert_eq!(rollups, 3 + 5, "a click and a view: {found:?}");
}

#[tokio::test]
async fn a_message_that_is_stored_and_in_quarantine_is_named() {
    let (archive, data) = (folder(), folder());
    let (a, b) = (click("a", "d", 1), click("b", "d", 1));
    write(archive.path(), "1.ndjson", &[line(&a, 1), line(&b, 2)]);
    stored(data.path(), &[a.clone(), b], &[a]).await;
    let found = compared(archive.path(), data.path(), InWork::default()).await.differences;
    let names: Vec<String> = found.iter().filter_map(name).collect();
    assert_eq!((found.len(), &names[..]), (1, &["both: a".to_owned()][..]), "{found:?}");
}

fn name(difference: &Difference) -> Option<String> {
    match difference {
        Difference::NotStored(name) => Some(format!("not stored: {}", name.record_id)),
        Difference::NotArchived(name) => Some(format!("not archived: {}", name.record_id)),
        Difference::Both(name) => Some(format!("both: {}", name.record_id)),
        _ => None,
    }
}

#[tokio::test]
async fn messages_in_work_are_in_neither_count() {
    let (archive, data) = (folder(), folder());
    let (a, in_work, later) = (click("a", "d", 1), click("w", "d", 2), click("later", "d", 3));
    write(archive.path(), "1.ndjson", &[line(&a, 1), line(&in_work, 2), line(&later, 3)]);
    stored(data.path(), &[a], &[]).await;
    let in_work = InWork { ids: [2].into(), last: 2 };
    let comparison = compared(archive.path(), data.path(), in_work).await;
    assert!(comparison.differences.is_empty(), "{comparison:?}");
    assert_eq!(comparison.in_work.len(), 2);
}

#[tokio::test]
async fn a_changed_count_is_reported() {
    let (archive, data) = (folder(), folder());
    let a = click("a", "d", 1);
    write(archive.path(), "1.ndjson", &[line(&a, 1)]);
    stored(data.path(), std::slice::from_ref(&a), &[]).await;
    let event: common::event::Event = serde_json::from_str(&a.data).expect("an event");
    let rollup = rollup::of_event(&a.tenant, &event, 0).remove(0);
    let (path, by) = (rollup.path().clone(), [("count".into(), 41)].into());
    let change = Write::Increment { path, fields: fields::<0>([]).into(), by };
    let store = EmbeddedStore::open(data.path()).expect("a store");
    store.commit(vec![change]).await.expect("changed");
    let changed = store.get_many(&[rollup.path().clone()]).await.expect("read").remove(0);
    let count = changed.and_then(|it| it.integer("count"));
    let found = compared(archive.path(), data.path(), InWork::default()).await.differences;
    let [Difference::Rollup { dimension, value, archive, store, .. }] =
        &found.into_iter().collect::<Vec<_>>()[..]
    else {
        panic!("not one difference")
    };
    assert_eq!(
        (*dimension, value.as_str(), *archive, Some(*store)),
        ("event_type", "click", 1, count)
    );
}

#[test]
fn a_report_replaces_the_one_before_in_one_step() {
    let folder = folder();
    write(folder.path(), "1.ndjson", &[line(&click("a", "d", 1), 1)]);
    let Outcome { inputs, tally, .. } = outcome(folder.path(), 1, 1);
    let path = folder.path().join("new").join("report.json");
    for _ in 0..2 {
        Report::new(inputs.clone(), &tally, None).write(&path).expect("written");
    }
    let text = fs::read_to_string(&path).expect("a report");
    let report: Json = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["inputs"]["counted"], 1);
    assert_eq!(fs::read_dir(folder.path().join("new")).expect("a folder").count(), 1);
}

/// The rows that are written for an archive.
fn rows_of(archive: &Path) -> Vec<Json> {
    let Outcome { tally, .. } = outcome(archive, 1, 1);
    let path = archive.join("report.ndjson");
    rows::write(&totals::of(&tally), &path).expect("written");
    let text = fs::read_to_string(&path).expect("rows");
    text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

#[test]
fn each_count_is_a_row_with_all_columns() {
    let folder = folder();
    let text = record(Kind::Text, "t", "d", 4, "four");
    write(folder.path(), "1.ndjson", &[line(&view("a", 1), 1), line(&text, 2)]);
    let (day, none) = (json!("2026-03-02T00:00:00Z"), Json::Null);
    let row = |dimension: &str, grain: &str, start: &Json, value: &str, count: i64| {
        json!({
            "tenant": "acme", "dimension": dimension, "grain": grain, "start": start,
            "value": value, "count": count,
        })
    };
    let expected = [
        row("characters", "all", &none, "all", 4),
        row("event_type", "all", &none, "view", 1),
        row("event_type", "day", &day, "view", 1),
        row("event_type", "hour", &json!("2026-03-02T10:00:00Z"), "view", 1),
        row("texts", "all", &none, "all", 1),
        row("unique_users", "all", &none, "all", 1),
        row("unique_users", "day", &day, "all", 1),
        row("view_path", "all", &none, "/a", 1),
        row("view_path", "day", &day, "/a", 1),
    ];
    assert_eq!(rows_of(folder.path()), expected);
}
