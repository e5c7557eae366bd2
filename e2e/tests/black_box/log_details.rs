//! What an access log says beside paths and user agents: it is counted as chosen, the archive keeps
//! it, and no client's address is kept anywhere.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::api::{Api, answer, eventually};
use e2e::books::{balanced, spillway};
use e2e::deployment::{Deployment, Embedded, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

e2e::in_both_modes!(
    settings;
    stats_have_statuses_bytes_referers_and_hosts,
    a_large_batch_has_the_same_details_in_every_grain,
);

fn settings() -> Settings {
    Vec::new()
}

const PERIOD: &str = "from=2025-05-01T00:00:00Z&to=2025-05-02T00:00:00Z";
const ADDRESS: &str = "203.0.113.7";

async fn post(api: &Api, query: &str, media_type: &str, body: impl Into<String>) -> Value {
    let request = api.request(Method::POST, &format!("/logs?tenant_id=acme{query}"));
    let sent = answer(request.header("content-type", media_type).body(body.into())).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    sent.body
}

/// The windows, once they hold `requests` in total.
async fn windows(api: &Api, grain: &str, requests: i64) -> Vec<Value> {
    let path = format!("/logs/stats?tenant_id=acme&grain={grain}&{PERIOD}");
    eventually(&format!("{path} has {requests} requests"), async || {
        let windows = api.get(&path).await.body["windows"].as_array().cloned()?;
        let total: i64 = windows.iter().filter_map(|window| window["requests"].as_i64()).sum();
        (total == requests).then_some(windows)
    })
    .await
}

fn sum(statuses: &Value) -> i64 {
    let classes = statuses.as_object().expect("an object");
    assert_eq!(classes.len(), 6, "{statuses}");
    classes.values().filter_map(Value::as_i64).sum()
}

async fn assert_balanced(deployment: &Deployment) {
    if let Deployment::Embedded(embedded) = deployment {
        balanced(embedded).await;
    }
}

async fn stats_have_statuses_bytes_referers_and_hosts(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let at = "[01/May/2025:10:00:10 +0000]";
    let lines = [
        format!(
            "www.example.com:443 {ADDRESS} - - {at} \"GET /a?x HTTP/1.1\" 200 512 \
             \"https://News.example.org/x?y\" \"curl/8.5.0\""
        ),
        format!("www.example.com:443 {ADDRESS} - - {at} \"GET /b HTTP/1.1\" 404 - \"-\" \"-\""),
        format!("{ADDRESS} - - {at} \"POST /a HTTP/1.1\" 503 88"),
        format!("{ADDRESS} - - {at} \"GET /a HTTP/1.1\" - 0"),
    ];
    post(&api, "", "text/plain", lines.join("\n")).await;
    let entries = json!([
        {"ts": "2025-05-01T10:00:20Z", "method": "GET", "path": "/a", "status": 301, "bytes": 0,
            "referer": "https://news.example.org/z", "http_host": "shop.example.com"},
        {"ts": "2025-05-01T10:00:30Z", "method": "GET", "path": "/a", "status": 101},
        {"ts": "2025-05-01T10:00:30Z", "method": "GET", "path": "/a", "status": 999},
        {"ts": "2025-05-01T10:00:30Z", "method": "GET", "path": "/a", "host": ADDRESS,
            "referer": format!("http://{ADDRESS}/")},
    ]);
    post(&api, "", "application/json", entries.to_string()).await;
    let expected = json!({
        "requests": 8,
        "status": {"1xx": 1, "2xx": 1, "3xx": 1, "4xx": 1, "5xx": 1, "unknown": 3},
        "bytes": 600,
        "paths": [{"path": "GET /a", "count": 6}, {"path": "GET /b", "count": 1},
            {"path": "POST /a", "count": 1}],
        "user_agents": [{"user_agent": "Other", "count": 7}, {"user_agent": "curl", "count": 1}],
        "referers": [{"referer": "news.example.org", "count": 2}],
        "hosts": [{"host": "www.example.com", "count": 2}, {"host": "shop.example.com", "count": 1}],
    });
    for (grain, start) in [
        ("minute", "2025-05-01T10:00:00Z"),
        ("hour", "2025-05-01T10:00:00Z"),
        ("day", "2025-05-01T00:00:00Z"),
    ] {
        let mut expected = expected.clone();
        expected["start"] = start.into();
        assert_eq!(windows(&api, grain, 8).await, [expected], "{grain}");
    }
    assert_balanced(&deployment).await;
}

async fn a_large_batch_has_the_same_details_in_every_grain(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let entry = |n: u32| {
        json!({"ts": 1_746_057_600 + n % 36 * 300, "method": "GET", "path": format!("/{}", n % 50),
            "status": 100 + n % 500, "bytes": n % 7, "vhost": format!("h{}.example", n % 3),
            "referrer": format!("https://r{}.example/{n}", n % 5), "agent": "x".repeat(200)})
    };
    let entries: Vec<String> = (0..3_000).map(|n| entry(n).to_string()).collect();
    let sent = post(&api, "", "application/x-ndjson", entries.join("\n")).await;
    assert_eq!((&sent["accepted"], &sent["rejected"]), (&json!(3_000), &json!(0)));
    let batch = format!("/tenants/acme/log_batches/{}", sent["batch_id"].as_str().expect("an id"));
    for grain in ["minute", "hour", "day"] {
        let windows = windows(&api, grain, 3_000).await;
        let of = |list: &str| -> i64 {
            let lists = windows.iter().filter_map(|window| window[list].as_array());
            lists.flatten().filter_map(|item| item["count"].as_i64()).sum()
        };
        assert_eq!((of("hosts"), of("referers")), (3_000, 3_000), "{grain}");
        let bytes: i64 = windows.iter().filter_map(|window| window["bytes"].as_i64()).sum();
        assert_eq!(bytes, (0..3_000).map(|n| n % 7).sum::<i64>(), "{grain}");
        for window in &windows {
            assert_eq!(sum(&window["status"]), window["requests"], "{grain}: {window}");
        }
        let class = |class| windows.iter().filter_map(|it| it["status"][class].as_i64()).sum();
        let classes: [i64; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "unknown"].map(class);
        assert_eq!(classes, [600, 600, 600, 600, 600, 0], "{grain}");
    }
    assert!(api.get(&batch).await.body["parts"].as_i64() > Some(2), "it has several parts");
    assert_balanced(&deployment).await;
}

async fn started(settings: &[(&'static str, &str)]) -> Embedded {
    let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Embedded::start(settings).await.unwrap_or_else(|error| panic!("{error}"))
}

fn api(embedded: &Embedded) -> Api {
    Api::new(embedded.service().url())
}

/// The text of every file of the archive.
fn archived(embedded: &Embedded) -> String {
    fn read(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                read(&path, text);
            } else {
                text.push_str(&fs::read_to_string(path).expect("a file"));
            }
        }
    }
    let mut text = String::new();
    read(&embedded.folder().join("archive"), &mut text);
    text
}

/// The entries of the only message in the archive, once it is there.
async fn archived_entries(embedded: &Embedded) -> Vec<Value> {
    let message: Value = eventually("the batch is archived", async || {
        serde_json::from_str(archived(embedded).lines().next()?).ok()
    })
    .await;
    let lines = message["data"].as_str().expect("a text").lines();
    lines.map(|line| serde_json::from_str(line).expect("an entry")).collect()
}

/// A batch with a valid entry, a torn line, one of another format, and a broken entry of JSON.
fn mixed() -> String {
    [
        &format!(
            "{ADDRESS} - ann [01/May/2025:10:00:10 +0000] \"GET /u/ann@example.com?k=v&mail=\
             ann%40example.com HTTP/1.1\" 404 512 \"https://r.example/ann@example.com\" \
             \"Mozilla/5.0 (X11) Firefox/121.0\" 0.004"
        ),
        &format!("{ADDRESS} - - [01/May/2025:10:00:1"),
        "hello ann@example.com",
        &format!("{{\"ts\": \"yesterday\", \"path\": \"/\", \"remote_addr\": \"{ADDRESS}\"}}"),
    ]
    .join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_keeps_what_was_sent_and_what_was_rejected_without_addresses() {
    let embedded = started(&[]).await;
    let sent = post(&api(&embedded), "", "text/plain", mixed()).await;
    assert_eq!((&sent["accepted"], &sent["rejected"]), (&json!(1), &json!(3)));
    let entries = archived_entries(&embedded).await;
    let unknown = "entry is not a line of a known access-log format";
    let torn = "[REDACTED] - - [01/May/2025:10:00:1";
    let object = "{\"ts\": \"yesterday\", \"path\": \"/\", \"remote_addr\": \"[REDACTED]\"}";
    let time = &sent["errors"][2]["reason"].as_str().expect("a reason");
    let expected = json!({
        "at": "2025-05-01T10:00:10Z",
        "request": "GET /u/[REDACTED]",
        "user_agent": "Firefox",
        "agent": "Mozilla/5.0 (X11) Firefox/121.0",
        "status": 404,
        "bytes": 512,
        "duration_us": 4_000,
        "query": "k=v&mail=[REDACTED]",
        "referer": "https://r.example/[REDACTED]",
        "rejected": [
            {"index": 1, "reason": unknown, "text": torn},
            {"index": 2, "reason": unknown, "text": "hello [REDACTED]"},
            {"index": 3, "reason": format!("ts {time}"), "text": object},
        ],
    });
    assert_eq!(entries, [expected]);
    assert_nothing_personal(&embedded, &["ann@example.com", "ann%40example.com"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redaction_of_paths_no_address_of_a_client_is_kept_either() {
    let embedded = started(&[("REDACT_PATHS", "false")]).await;
    post(&api(&embedded), "", "text/plain", mixed()).await;
    let entries = archived_entries(&embedded).await;
    assert_eq!(entries[0]["query"], "k=v&mail=ann%40example.com");
    assert_eq!(entries[0]["referer"], "https://r.example/ann@example.com");
    assert_eq!(entries[0]["rejected"][1]["text"], "hello [REDACTED]");
    assert_nothing_personal(&embedded, &[]).await;
}

/// Asserts that the client's address, and these, are in no file of the data folder.
async fn assert_nothing_personal(embedded: &Embedded, more: &[&str]) {
    windows(&api(embedded), "day", 1).await;
    let archive = archived(embedded);
    let files = ["queue.db", "queue.db-wal", "documents.db", "documents.db-wal"];
    let files = files.map(|name| fs::read(embedded.folder().join(name)).unwrap_or_default());
    for text in [&[ADDRESS], more].concat() {
        assert!(!archive.contains(text), "{text}: {archive}");
        for file in &files {
            let has = file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
            assert!(!has, "{text} is in a database");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_lines_are_bounded_and_the_rest_is_counted() {
    let embedded = started(&[]).await;
    let valid = "x - - [01/May/2025:10:00:10 +0000] \"GET /a HTTP/1.1\" 200 5";
    let torn = format!("torn {}", "x".repeat(5_000));
    let lines = std::iter::once(valid).chain(std::iter::repeat_n(torn.as_str(), 400));
    let body = lines.collect::<Vec<_>>().join("\n");
    let sent = post(&api(&embedded), "", "text/plain", body).await;
    assert_eq!((&sent["accepted"], &sent["rejected"]), (&json!(1), &json!(400)));
    let entries = archived_entries(&embedded).await;
    let kept = entries[0]["rejected"].as_array().expect("a list");
    let left_out = entries[0]["rejected_left_out"].as_u64().expect("a number");
    assert_eq!(kept.len() as u64 + left_out, 400);
    let bytes: usize = kept.iter().map(|rejected| rejected.to_string().len()).sum();
    assert!((100_000..=128 << 10).contains(&bytes), "{bytes}");
    assert!(kept.iter().all(|it| it["text"].as_str().is_some_and(|text| text.len() <= 1_024)));
    balanced(&embedded).await;
}

async fn replayed(embedded: &Embedded, archive: &Path) {
    let archive = archive.display().to_string();
    let output = spillway(embedded.folder(), &["replay", "--archive", &archive]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_choice_of_dimensions_is_no_difference_and_a_replay_counts_what_it_names() {
    let mut embedded = started(&[("LOG_DIMENSIONS", "status")]).await;
    post(&api(&embedded), "", "text/plain", mixed()).await;
    let window = windows(&api(&embedded), "day", 1).await.remove(0);
    assert_eq!((&window["status"]["4xx"], &window["bytes"]), (&json!(1), &json!(0)));
    assert_eq!((&window["paths"], &window["referers"]), (&json!([]), &json!([])));
    balanced(&embedded).await;

    embedded.terminate().await.expect("it ends");
    embedded.set(Vec::new());
    embedded.start_again().await.expect("it starts");
    post(&api(&embedded), "", "text/plain", mixed()).await;
    let window = windows(&api(&embedded), "day", 2).await.remove(0);
    assert_eq!((&window["status"]["4xx"], &window["bytes"]), (&json!(2), &json!(512)));
    assert_eq!(window["paths"], json!([{"path": "GET /u/[REDACTED]", "count": 1}]));
    balanced(&embedded).await;

    embedded.terminate().await.expect("it ends");
    for name in ["documents.db", "documents.db-wal", "documents.db-shm"] {
        drop(fs::remove_file(embedded.folder().join(name)));
    }
    replayed(&embedded, &embedded.folder().join("archive")).await;
    embedded.start_again().await.expect("it starts");
    let window = windows(&api(&embedded), "day", 2).await.remove(0);
    assert_eq!((&window["status"]["4xx"], &window["bytes"]), (&json!(2), &json!(1_024)));
    assert_eq!(window["paths"], json!([{"path": "GET /u/[REDACTED]", "count": 2}]));
    assert_eq!(window["referers"], json!([{"referer": "r.example", "count": 2}]));
    balanced(&embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_from_before_the_details_restores_the_same_counts() {
    let embedded = started(&[]).await;
    let line = r#"{"at":"2025-05-01T10:00:10Z","request":"GET /a","user_agent":"curl"}"#;
    let attributes = json!({"v": "1", "kind": "access_log", "tenant_id": "acme", "record_id": "b-1",
        "digest": "0d", "source": "log_batch", "received_at": "2025-05-01T10:00:11.000Z",
        "part": "1", "parts": "1"});
    let message = json!({"id": 1, "attributes": attributes, "data": format!("{line}\n{line}\n")});
    let folder = embedded.folder().join("archive/acme/2025-05-01");
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("0000000000000000001.ndjson");
    fs::write(file, format!("{message}\n")).expect("written");
    replayed(&embedded, &embedded.folder().join("archive")).await;
    let window = windows(&api(&embedded), "minute", 2).await.remove(0);
    let none = json!({"1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, "unknown": 2});
    assert_eq!((&window["status"], &window["bytes"]), (&none, &json!(0)));
    assert_eq!(window["paths"], json!([{"path": "GET /a", "count": 2}]));
    balanced(&embedded).await;
}
