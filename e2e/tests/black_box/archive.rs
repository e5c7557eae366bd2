//! The raw archive of the embedded mode: it is complete after any crash, a recount of it equals the
//! live counts, and a replay changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::path::{Collection, CollectionPath};
use common::store::embedded::EmbeddedStore;
use common::store::{DocumentStore as _, Op, Query, Write};
use common::tenant::TenantId;
use e2e::api::{Api, answer, eventually, listening};
use e2e::books::{aggregated, balanced, differences, spillway};
use e2e::deployment::{Embedded, Settings};
use futures::future::join_all;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

const SITES: [&str; 3] = ["red", "green", "blue"];

/// The work on a text of 60 characters takes 60 ms.
fn settings() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0.001".to_owned()), ("AGGREGATE_SECONDS", "1".to_owned())]
}

async fn started(settings: Settings) -> Embedded {
    Embedded::start(settings).await.unwrap_or_else(|error| panic!("{error}"))
}

fn api(embedded: &Embedded) -> Api {
    Api::new(embedded.service().url())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_message_is_archived_despite_crashes() {
    let mut embedded = started(settings()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let url = embedded.service().url();
    let flood: Vec<_> =
        (0..8).map(|lane| tokio::spawn(flood(url.clone(), lane, Arc::clone(&stop)))).collect();
    for _ in 0..4 {
        archived(&embedded, 100.0).await;
        embedded.crash().await.expect("it starts again");
    }
    stop.store(true, Ordering::Relaxed);
    let promised: BTreeSet<String> = join_all(flood)
        .await
        .into_iter()
        .flat_map(|taken| taken.expect("the flood does not panic"))
        .collect();
    assert!(promised.len() > 400, "only {} were accepted", promised.len());

    eventually("every accepted message is archived", async || {
        promised.is_subset(&record_ids(embedded.folder())).then_some(())
    })
    .await;
    balanced(&embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_last_line_is_cut_at_the_next_start() {
    let mut embedded = started(settings()).await;
    send(&api(&embedded), 0).await;
    let file = archived_once(&embedded, 1).await.remove(0);
    let whole = fs::read_to_string(&file).expect("the file");
    embedded.terminate().await.expect("it ends");
    let mut torn = fs::OpenOptions::new().append(true).open(&file).expect("the file");
    torn.write_all(b"{\"id\":99,\"attributes\":{\"kind\":\"te").expect("written");
    embedded.start_again().await.expect("it starts");
    eventually("the torn line is cut", async || {
        (fs::read_to_string(&file).ok()? == whole).then_some(())
    })
    .await;
    send(&api(&embedded), 3).await; // the same tenant, so the same file
    eventually("both are archived", async || (lines(embedded.folder()).len() == 2).then_some(()))
        .await;
    assert!(fs::read_to_string(&file).expect("the file").starts_with(&whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_cannot_be_written_blocks_nothing_and_recovers() {
    let mut embedded = started(settings()).await;
    embedded.terminate().await.expect("it ends");
    let archive = embedded.folder().join("archive");
    drop(fs::remove_dir_all(&archive));
    fs::write(&archive, "not a folder").expect("written");
    embedded.start_again().await.expect("it starts");
    let api = api(&embedded);
    send(&api, 0).await;
    stored(&api, 1).await;
    eventually("the failure is counted", async || {
        (api.metric("spillway_archive_failures_total").await > 0.0).then_some(())
    })
    .await;
    fs::remove_file(&archive).expect("removed");
    archived_once(&embedded, 1).await;
    balanced(&embedded).await;
}

/// A file where the folder of `red` should be keeps out even the administrator.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_folder_that_cannot_be_written_holds_up_no_other_tenant_and_loses_nothing() {
    let mut embedded = started(settings()).await;
    let red = embedded.folder().join("archive").join("red");
    fs::write(&red, "not a folder").expect("written");
    send_all(&embedded, 30).await;
    archived_once(&embedded, 20).await;
    let api = api(&embedded);
    assert_eq!(api.metric("spillway_archive_blocked_tenants").await, 1.0);
    assert!(api.metric("spillway_archive_failures_total").await > 0.0);
    assert_eq!(api.get("/ready").await.status, StatusCode::OK);
    let day = fs::read_dir(embedded.folder().join("archive/green")).expect("a folder").next();
    let day = red.join(day.expect("a day").expect("a day").file_name());
    let (log, path) = (embedded.service().log().text(), day.display().to_string());
    assert!(
        log.contains(&format!("cannot write to {path}: Not a directory (os error 20)")),
        "{log}"
    );

    // Neither a restart nor a crash loses what waits.
    embedded.crash().await.expect("it starts again");
    fs::remove_file(&red).expect("removed");
    archived_once(&embedded, 30).await;
    eventually("no tenant waits any more", async || {
        (self::api(&embedded).metric("spillway_archive_blocked_tenants").await == 0.0).then_some(())
    })
    .await;
    balanced(&embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_has_no_personal_data_if_originals_are_not_stored() {
    let mut settings = settings();
    settings.push(("STORE_ORIGINAL", "false".to_owned()));
    let embedded = started(settings).await;
    send_all(&embedded, 10).await;
    let files = archived_once(&embedded, 10).await;
    let all: String =
        files.iter().map(|file| fs::read_to_string(file).expect("the file")).collect();
    assert!(all.contains("[REDACTED]") && !all.contains("555-0199"), "{all}");
    balanced(&embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_while_the_server_runs_changes_nothing() {
    let embedded = started(settings()).await;
    send_all(&embedded, 60).await;
    archived_once(&embedded, 60).await;
    let before = state(&api(&embedded)).await;

    let replayed = replay(&embedded, &[]).await;
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    duplicates(&embedded, 60.0).await;
    assert_eq!(state(&api(&embedded)).await, before);
    assert_eq!(lines(embedded.folder()).len(), 60, "a replay is not archived again");
    balanced(&embedded).await;

    let none = replay(&embedded, &["--tenant", "nobody"]).await;
    assert_eq!(none.status.code(), Some(1), "{none:?}");
    let usage = replay(&embedded, &["--from", "2026-02-02", "--to", "2026-02-01"]).await;
    assert_eq!(usage.status.code(), Some(2), "{usage:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_store_comes_back_from_the_archive() {
    let mut embedded = started(settings()).await;
    send_all(&embedded, 60).await;
    archived_once(&embedded, 60).await;
    let before = state(&api(&embedded)).await;
    let api = restored(&mut embedded).await;
    stored(&api, 60).await;
    assert_eq!(state(&api).await, before);
    balanced(&embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_comes_back_whole_from_the_archive() {
    let mut embedded = started(settings()).await;
    let text: String = (0..200).map(|n| format!("{n} {} 555-0199\n", "x".repeat(90))).collect();
    let sent = api(&embedded).ingest_text("red", "long", &text).await;
    let parts = sent.body["parts"].as_u64().expect("a number");
    assert!(parts > 3, "{parts}");
    let mut before = api(&embedded).processed_log("red", "long").await;
    eventually("all parts are archived", async || {
        (lines(embedded.folder()).len() as u64 == parts).then_some(())
    })
    .await;
    let mut after = restored(&mut embedded).await.processed_log("red", "long").await;
    for log in [&mut before, &mut after] {
        log.as_object_mut().and_then(|log| log.remove("processed_at")).expect("a time");
    }
    assert_eq!(after["original_text"], text);
    assert_eq!(after, before);
    balanced(&embedded).await;
}

/// The API of the server after it has lost its store and replayed its archive.
async fn restored(embedded: &mut Embedded) -> Api {
    embedded.terminate().await.expect("it ends");
    for name in ["documents.db", "documents.db-wal", "documents.db-shm"] {
        drop(fs::remove_file(embedded.folder().join(name)));
    }
    let replayed = replay(embedded, &[]).await;
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    embedded.start_again().await.expect("it starts");
    api(embedded)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_balance_in_the_middle_of_a_flood() {
    let embedded = started(settings()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let url = embedded.service().url();
    let flood: Vec<_> =
        (0..4).map(|lane| tokio::spawn(flood(url.clone(), lane, Arc::clone(&stop)))).collect();
    archived(&embedded, 200.0).await;
    for _ in 0..3 {
        balanced(&embedded).await;
    }
    stop.store(true, Ordering::Relaxed);
    join_all(flood)
        .await
        .into_iter()
        .for_each(|taken| drop(taken.expect("the flood does not panic")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_balance_and_all_damage_is_found() {
    let embedded = started(settings()).await;
    let (api, folder) = (api(&embedded), embedded.folder().to_owned());
    send_all(&embedded, 60).await;
    send_all(&embedded, 30).await; // duplicates
    for n in 0..6 {
        let answer = post(&api, n, "other content").await; // conflicts
        assert_eq!(answer, StatusCode::ACCEPTED);
    }
    eventually("the conflicts are in quarantine", async || {
        let counts = join_all(SITES.map(|site| api.all(site, "quarantine"))).await;
        (counts.iter().map(Vec::len).sum::<usize>() == 6).then_some(())
    })
    .await;
    archived_once(&embedded, 66).await;
    let report = balanced(&embedded).await;
    assert_eq!(report["inputs"]["counted"], 60, "{report:#}");
    assert_eq!(report["inputs"]["quarantined"], 6, "the conflicts: {report:#}");

    // A wrong count in the store.
    let rollup = change_a_count(&folder, 1).await;
    let found = differences(&embedded).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["what"], &found[0]["value"]), (&json!("rollup"), &json!("click")));
    change(&folder, rollup, -1).await;
    balanced(&embedded).await;

    // A missing line of the archive, then a damaged one.
    let (file, text, event) = an_event(&folder);
    for damage in ["", "damaged\n"] {
        fs::write(&file, text.replace(&event, damage)).expect("written");
        let found = differences(&embedded).await;
        assert!(found.iter().any(|it| it["what"] == "not-archived"), "{found:?}");
        assert!(found.iter().any(|it| it["what"] == "rollup"), "{found:?}");
    }
    let report = aggregated(&embedded).await.1;
    assert_eq!(report["inputs"]["corrupt"], json!({"line": 1}));

    // A message that never reached the store.
    let lost = event.replace("record-", "lost-");
    fs::write(&file, format!("{text}{lost}")).expect("written");
    let found = differences(&embedded).await;
    assert!(found.iter().any(|it| it["what"] == "not-stored"), "{found:?}");
    fs::write(&file, &text).expect("written");
    balanced(&embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_beyond_the_bound_of_a_day_are_counted_as_one_in_a_recount_too() {
    let mut settings = settings();
    settings.push(("MAX_EVENT_VALUES", "2".to_owned()));
    let embedded = started(settings).await;
    for path in ["/a", "/b", "/c", "/d", "/a"] {
        let view = json!({"site_id": "red", "event_type": "view", "user_id": "u", "path": path});
        let sent = api(&embedded).request(Method::POST, "/event").json(&view).send().await;
        assert_eq!(sent.expect("an answer").status(), StatusCode::ACCEPTED);
    }
    let views = json!({"/a": 2, "/b": 1, "(other)": 2});
    eventually("all views are counted", async || {
        let stats = api(&embedded).get("/stats?site_id=red").await.body;
        let top = stats["top_paths"].as_array()?.iter();
        let top: BTreeSet<_> =
            top.map(|row| (row["path"].as_str(), row["views"].as_u64())).collect();
        let counted = views.as_object()?.iter();
        let counted = counted.map(|(path, views)| (Some(path.as_str()), views.as_u64()));
        (top == counted.collect()).then_some(())
    })
    .await;
    assert_eq!(balanced(&embedded).await["tenants"]["red"]["events"]["views"], views);
}

/// Each is sent several times, and the server is killed meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_recount_of_batches_and_texts_of_many_parts_equals_the_live_counts() {
    let mut embedded = started(settings()).await;
    let line = |n: usize| {
        let (hour, minute, path) = (n / 600 % 24, n / 10 % 60, n % 1_500);
        format!(
            "203.0.113.7 - - [01/Mar/2026:{hour:02}:{minute:02}:00 +0000] \
             \"GET /{path}?q={n} HTTP/1.1\" 200 12 \"-\" \"curl/8.{}\"\n",
            n % 3
        )
    };
    let log: String = (0..6_000).map(line).collect();
    let text: String = (0..400).map(|n| format!("{n} häßlich {}\n", "x".repeat(90))).collect();
    for _ in 0..3 {
        let api = api(&embedded);
        let request = api.request(Method::POST, "/logs?dedup=content");
        let request = request.header("x-customer-id", "red");
        let sent = answer(request.header("content-type", "text/plain").body(log.clone())).await;
        assert_eq!((sent.status, &sent.body["accepted"]), (StatusCode::ACCEPTED, &json!(6_000)));
        let sent = api.ingest_text("red", "long", &text).await;
        assert!(sent.body["parts"].as_u64() > Some(5), "{}", sent.body);
        embedded.crash().await.expect("it starts again");
        balanced(&embedded).await;
    }
    let api = api(&embedded);
    api.processed_log("red", "long").await;
    let path = "/logs/stats?tenant_id=red&grain=day&from=2026-03-01T00:00:00Z\
                &to=2026-03-02T00:00:00Z";
    eventually("all requests are counted", async || {
        let stats = api.get(path).await.body;
        (stats["windows"][0]["requests"] == 6_000).then_some(())
    })
    .await;
    let report = balanced(&embedded).await;
    assert_eq!(report["inputs"]["in_work"], 0, "{}", report["inputs"]);
    let red = &report["tenants"]["red"];
    assert_eq!(red["requests"]["total"], 6_000);
    assert_eq!(red["requests"]["user_agents"], json!({"curl": 6_000}));
    assert_eq!(red["requests"]["paths"]["GET /7"], 4);
    assert_eq!(red["texts"], json!({"characters": text.chars().count(), "texts": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_writes_a_report_itself() {
    let mut embedded = started(settings()).await;
    send_all(&embedded, 30).await;
    let path = embedded.folder().join("analytics").join("report.json");
    let report: Value = eventually("all is in the report", async || {
        let report: Value = serde_json::from_slice(&fs::read(&path).ok()?).expect("a whole report");
        (report["inputs"]["counted"] == 30).then_some(report)
    })
    .await;
    let events: u64 =
        SITES.iter().filter_map(|site| report["tenants"][site]["events"]["total"].as_u64()).sum();
    assert_eq!(events, 15, "{report:#}");
    eventually("the rows count the same", async || {
        let rows = fs::read_to_string(path.with_extension("ndjson")).ok()?;
        (events_of(&rows) == events).then_some(())
    })
    .await;
    let outcome = "spillway_aggregations_total{outcome=\"written\"}";
    eventually("runs are counted", async || {
        (api(&embedded).metric(outcome).await > 0.0).then_some(())
    })
    .await;
    embedded.crash().await.expect("it starts again");
    send_all(&embedded, 10).await;
    eventually("it goes on where it was", async || {
        let report: Value = serde_json::from_slice(&fs::read(&path).ok()?).expect("a whole report");
        let inputs = ["counted", "duplicates"].map(|name| &report["inputs"][name]);
        (inputs == [30, 10]).then_some(())
    })
    .await;
}

/// The events of all time that these rows count.
fn events_of(rows: &str) -> u64 {
    let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("a row"));
    let ever = rows.filter(|row| row["dimension"] == "event_type" && row["grain"] == "all");
    ever.filter_map(|row| row["count"].as_u64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_wrong_usage_from_an_empty_archive() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("report.json").display().to_string();
    let run = async |archive: &str, more: &[&str]| -> Option<i32> {
        let args = [&["aggregate", "--archive", archive, "--out", &out], more].concat();
        spillway(folder.path(), &args).await.status.code()
    };
    let here = folder.path().display().to_string();
    assert_eq!(run("/nowhere", &[]).await, Some(2));
    assert_eq!(run(&here, &["--compare"]).await, Some(2), "no store");
    assert_eq!(run(&here, &["--nonsense"]).await, Some(2));
    assert_eq!(run(&here, &[]).await, Some(1), "no message");
    let output = spillway(folder.path(), &["aggregate", "--archive", &here, "--out", &out]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!("there are no messages in the archive {here}")), "{said}");
}

/// Even records are texts and odd ones are events; the number decides the tenant, too.
async fn post(api: &Api, n: usize, more: &str) -> StatusCode {
    let (site, id) = (SITES[n % SITES.len()], format!("record-{n:05}"));
    let request = if n.is_multiple_of(2) {
        let text = format!("{n:>5} call 555-0199 or write to someone@example.com {more}");
        let body = json!({"tenant_id": site, "log_id": id, "text": text});
        api.request(Method::POST, "/ingest").json(&body)
    } else {
        let body = json!({
            "site_id": site, "event_id": id, "user_id": format!("user-{}", n % 7),
            "event_type": if n % 4 == 1 { "click" } else { "page_view" },
            "path": format!("/{}", n % 5), "payload": {"more": more},
        });
        api.request(Method::POST, "/event").json(&body)
    };
    answer(request).await.status
}

async fn send(api: &Api, n: usize) {
    assert_eq!(post(api, n, "").await, StatusCode::ACCEPTED);
}

async fn send_all(embedded: &Embedded, count: usize) {
    let api = api(embedded);
    join_all((0..count).map(|n| send(&api, n))).await;
    stored(&api, count).await;
}

/// Waits until at least `count` records of [`post`] are stored.
async fn stored(api: &Api, count: usize) {
    eventually("all is stored", async || {
        let state = state(api).await;
        let texts: usize =
            state.values().filter_map(|it| it["logs"].as_array()).map(Vec::len).sum();
        let events: u64 = state.values().filter_map(|it| it["events"].as_u64()).sum();
        (texts + events as usize >= count).then_some(())
    })
    .await;
}

/// Sends records `lane`, `lane + 8`, … until it is told to stop. Returns the accepted ones.
async fn flood(url: String, lane: usize, stop: Arc<AtomicBool>) -> Vec<String> {
    let client = Client::new();
    let mut taken = Vec::new();
    for n in (lane..).step_by(8) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (site, id) = (SITES[n % SITES.len()], format!("record-{n:05}"));
        let request = if n.is_multiple_of(2) {
            let body = json!({"tenant_id": site, "log_id": id, "text": format!("{n} 555-0199")});
            client.post(format!("{url}/ingest")).json(&body)
        } else {
            let body = json!({
                "site_id": site, "event_id": id, "event_type": "view", "path": "/",
                "user_id": format!("user-{}", n % 50),
            });
            client.post(format!("{url}/event")).json(&body)
        };
        match request.send().await.map(|answer| answer.status()) {
            Ok(StatusCode::ACCEPTED) => taken.push(id),
            Ok(status) => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
            Err(_) => listening(&url).await,
        }
    }
    taken
}

/// What the API answers for every tenant, without the times of processing.
async fn state(api: &Api) -> BTreeMap<&'static str, Value> {
    let mut state = BTreeMap::new();
    for site in SITES {
        let mut logs = api.all(site, "processed_logs").await;
        for log in logs.iter_mut().filter_map(Value::as_object_mut) {
            log.remove("processed_at");
        }
        let stats = api.get(&format!("/stats?site_id={site}&limit=100")).await.body;
        let events = api.get(&format!("/analytics/event-counts?tenant_id={site}")).await.body;
        let quarantine = api.all(site, "quarantine").await.len();
        let value = json!({
            "logs": logs, "stats": stats, "events": events["total_events"],
            "quarantine": quarantine,
        });
        state.insert(site, value);
    }
    state
}

/// Waits until the server has archived `count` messages since its last start.
async fn archived(embedded: &Embedded, count: f64) {
    eventually("some messages are archived", async || {
        (api(embedded).metric("spillway_archived_messages_total").await >= count).then_some(())
    })
    .await;
}

/// Waits until the archive holds `count` different messages; returns its files.
async fn archived_once(embedded: &Embedded, count: usize) -> Vec<PathBuf> {
    eventually(&format!("{count} messages are archived"), async || {
        let identity = |line: &Value| {
            let attributes = &line["attributes"];
            ["kind", "tenant_id", "record_id", "digest", "part"]
                .map(|it| attributes[it].to_string())
        };
        let different: BTreeSet<_> = lines(embedded.folder()).iter().map(identity).collect();
        (different.len() == count).then_some(())
    })
    .await;
    files(embedded.folder())
}

async fn duplicates(embedded: &Embedded, count: f64) {
    eventually("all replayed messages are duplicates", async || {
        let series = ["event", "text"].map(|kind| {
            format!("spillway_messages_delivered_total{{kind=\"{kind}\",outcome=\"duplicate\"}}")
        });
        let api = api(embedded);
        let found = api.metric(&series[0]).await + api.metric(&series[1]).await;
        (found == count).then_some(())
    })
    .await;
}

fn files(data: &Path) -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { walk(&path, files) } else { files.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&data.join("archive"), &mut found);
    found.sort();
    found
}

/// Every complete line of the archive.
fn lines(data: &Path) -> Vec<Value> {
    let text = |file: &PathBuf| fs::read_to_string(file).expect("the file");
    let whole = |text: String| {
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).expect("a line")).collect::<Vec<Value>>()
    };
    files(data).iter().map(text).flat_map(whole).collect()
}

fn record_ids(data: &Path) -> BTreeSet<String> {
    let id = |line: &Value| line["attributes"]["record_id"].as_str().expect("an id").to_owned();
    lines(data).iter().map(id).collect()
}

/// A file of the archive, its text, and a line of it: an event that was delivered once, so that it
/// is lost with the line.
fn an_event(data: &Path) -> (PathBuf, String, String) {
    let is_delivered_once = |line: &&str| {
        let line: Value = serde_json::from_str(line).expect("a line");
        let attributes = &line["attributes"];
        attributes["kind"] == "event" && attributes["record_id"].as_str() >= Some("record-00030")
    };
    let found = files(data).into_iter().find_map(|file| {
        let text = fs::read_to_string(&file).expect("the file");
        let line = text.lines().find(is_delivered_once).map(|line| format!("{line}\n"))?;
        Some((file, text, line))
    });
    found.expect("an event that was delivered once")
}

async fn replay(embedded: &Embedded, more: &[&str]) -> Output {
    let archive = embedded.folder().join("archive").display().to_string();
    spillway(embedded.folder(), &[&["replay", "--archive", &archive], more].concat()).await
}

/// Changes a tenant's total of clicks by `by`; returns the path of the count.
async fn change_a_count(data: &Path, by: i64) -> common::path::DocumentPath {
    let red = TenantId::parse("red").expect("a tenant");
    let rollups = CollectionPath::of(&red, Collection::Rollups);
    let query = Query::all(rollups.clone())
        .filter("dimension", Op::Equal, "event_type")
        .filter("grain", Op::Equal, "all")
        .filter("value", Op::Equal, "click");
    let store = EmbeddedStore::open(data).expect("the store");
    let found = store.query(&query).await.expect("read").remove(0);
    let id = common::record::RecordId::parse(&found.id).expect("a hash");
    let path = rollups.record(&id);
    change(data, path.clone(), by).await;
    path
}

async fn change(data: &Path, path: common::path::DocumentPath, by: i64) {
    let store = EmbeddedStore::open(data).expect("the store");
    let by = [("count".into(), by)].into();
    let write = Write::Increment { path, fields: Default::default(), by };
    store.commit(vec![write]).await.expect("changed");
}
