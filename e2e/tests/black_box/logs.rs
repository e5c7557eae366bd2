//! Access logs end to end: batches in every format are counted once, in the right windows.

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::api::{Answer, Api, answer, eventually};
use e2e::books::balanced;
use e2e::deployment::{Cloud, Deployment, Settings};
use e2e::emulators::Emulators;
use e2e::relay::Faults;
use futures::future::join_all;
use futures::{StreamExt as _, stream};
use rand::seq::SliceRandom as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

e2e::in_both_modes!(
    settings;
    requests_are_counted_in_every_format,
    equal_batches_without_a_key_are_two_unless_their_content_names_them,
    one_batch_sent_fifty_times_at_once_counts_once,
    the_parts_of_a_large_batch_are_counted_once_although_the_worker_is_killed,
    each_invalid_entry_of_a_batch_is_reported,
    paths_of_events_and_of_access_logs_never_mix,
);

fn settings() -> Settings {
    // Long enough to kill a worker between the parts of a batch.
    vec![("COMMIT_INTERVAL_MS", "20".to_owned())]
}

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
    (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

async fn post(api: &Api, customer: &str, key: &str, media_type: &str, body: String) -> Answer {
    let request = api.request(Method::POST, "/logs").header("x-customer-id", customer);
    answer(request.header("idempotency-key", key).header("content-type", media_type).body(body))
        .await
}

/// The windows, once they hold `requests` in total.
async fn windows(api: &Api, customer: &str, query: &str, requests: i64) -> Vec<Value> {
    let path = format!("/logs/stats?tenant_id={customer}&{query}");
    eventually(&format!("{path} has {requests} requests"), async || {
        let windows = api.get(&path).await.body["windows"].as_array().cloned()?;
        let total: i64 = windows.iter().filter_map(|window| window["requests"].as_i64()).sum();
        assert!(total <= requests, "{total} are counted, but only {requests} were sent");
        (total == requests).then_some(windows)
    })
    .await
}

const MORNING: &str = "from=2025-05-01T10:00:00Z&to=2025-05-01T11:00:00Z";

async fn requests_are_counted_in_every_format(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let json = json!([
        {"receivedAt": "2025-05-01T10:00:10Z", "method": "GET", "path": "/a?x=1",
         "userAgent": CHROME, "status": 200, "bytes": 5, "referer": "https://r.example/"},
        {"receivedAt": "2025-05-01T10:01:59.999Z", "method": "post", "path": "/b",
         "userAgent": "curl/8.0", "status": 503, "bytes": 6},
    ]);
    let lines: Vec<String> =
        json.as_array().expect("an array").iter().map(Value::to_string).collect();
    let csv = format!(
        "receivedAt,method,path,userAgent,status,bytes,referer\r\n\
         2025-05-01T10:00:10Z,GET,/a?x=1,\"{CHROME}\",200,5,https://r.example/\r\n\
         2025-05-01T10:01:59.999Z,POST,/b,curl/8.0,503,6,\r\n"
    );
    let combined = format!(
        "203.0.113.1 - - [01/May/2025:10:00:10 +0000] \"GET /a?x=1 HTTP/1.1\" 200 5 \
         \"https://r.example/\" \"{CHROME}\"\n203.0.113.1 - - [01/May/2025:12:01:59 +0200] \
         \"POST /b HTTP/1.1\" 503 6 \"-\" \"curl/8.0\"\n"
    );
    let formats = [
        ("cus-axon", "application/json", json.to_string()),
        ("cus-lines", "application/x-ndjson", lines.join("\n")),
        ("cus-csv", "text/csv", csv),
        ("cus-plain", "text/plain", combined),
    ];
    let expected = json!([
        {"start": "2025-05-01T10:00:00Z", "requests": 1, "bytes": 5,
         "status": {"1xx": 0, "2xx": 1, "3xx": 0, "4xx": 0, "5xx": 0, "unknown": 0},
         "paths": [{"path": "GET /a", "count": 1}],
         "user_agents": [{"user_agent": "Chrome", "count": 1}],
         "referers": [{"referer": "r.example", "count": 1}], "hosts": []},
        {"start": "2025-05-01T10:01:00Z", "requests": 1, "bytes": 6,
         "status": {"1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 1, "unknown": 0},
         "paths": [{"path": "POST /b", "count": 1}],
         "user_agents": [{"user_agent": "curl", "count": 1}], "referers": [], "hosts": []},
    ]);
    for (customer, media_type, body) in formats {
        let answer = post(&api, customer, "batch-XXX", media_type, body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{media_type}: {}", answer.body);
        let taken = json!({"status": "accepted", "tenant_id": customer, "batch_id": "batch-XXX",
            "accepted": 2, "rejected": 0, "errors": []});
        assert_eq!(answer.body, taken, "{media_type}");
        let windows = windows(&api, customer, MORNING, 2).await;
        assert_eq!(json!(windows), expected, "{media_type}");
        let batch = api.get(&format!("/tenants/{customer}/log_batches/batch-XXX")).await.body;
        assert_eq!((&batch["entries"], &batch["parts_done"]), (&json!(2), &json!(1)));
    }
    assert_balanced(&deployment).await;
}

async fn equal_batches_without_a_key_are_two_unless_their_content_names_them(
    deployment: Deployment,
) {
    let api = Api::new(deployment.url());
    let line = "203.0.113.1 - - [01/May/2025:10:00:10 +0000] \"GET /a HTTP/1.1\" 200 5\n";
    let send = async |tenant: &str, query: &str| {
        let request = api.request(Method::POST, &format!("/logs?tenant_id={tenant}{query}"));
        let sent = answer(request.header("content-type", "text/plain").body(line)).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
        sent.body["batch_id"].as_str().expect("an id").to_owned()
    };
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..3 {
        ids.insert(send("single", "").await);
        ids.insert(send("content", "&dedup=content").await);
    }
    assert_eq!(ids.len(), 4);
    assert_eq!(windows(&api, "single", MORNING, 3).await.len(), 1);
    assert_eq!(windows(&api, "content", MORNING, 1).await.len(), 1);
    let refused = api.request(Method::POST, "/logs?dedup=maybe").body(line);
    let refused = answer(refused.header("content-type", "text/plain")).await;
    refused.assert_problem("dedup", 400, "invalid-query");
    let refused = api.request(Method::POST, "/logs?format=xml").body(line);
    let refused = answer(refused.header("content-type", "text/plain")).await;
    refused.assert_problem("format", 400, "invalid-query");
    assert_balanced(&deployment).await;
}

async fn one_batch_sent_fifty_times_at_once_counts_once(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let body = json!([{"ts": 1_746_093_610, "method": "GET", "path": "/", "user_agent": "curl/8"}]);
    let sent = (0..50).map(|_| post(&api, "acme", "same", "application/json", body.to_string()));
    let answers = join_all(sent).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED));
    let other = json!([{"ts": 1_746_093_610, "method": "GET", "path": "/other"}]).to_string();
    assert_eq!(
        post(&api, "acme", "same", "application/json", other).await.status,
        StatusCode::ACCEPTED
    );
    let quarantined = api.listed("acme", "quarantine", 1).await;
    assert_eq!(quarantined[0]["reason"], "conflict");
    windows(&api, "acme", MORNING, 1).await;
    assert_balanced(&deployment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_window_is_exact_although_workers_are_killed_embedded() {
    assert_windows_exact(Deployment::embedded(settings()).await).await;
}

/// Each message is also delivered several times, and out of order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_window_is_exact_although_workers_are_killed_on_the_emulators() {
    let faults = Faults { repeats: 3, delay: Duration::from_millis(300), ..Faults::default() };
    let cloud = Cloud::on(Emulators::shared().await, settings(), faults).await;
    let cloud = cloud.unwrap_or_else(|error| panic!("{error}"));
    assert_windows_exact(Deployment::Cloud(Box::new(cloud))).await;
}

/// Sends thirty batches that share their windows: the first one fifty times, the others up to four
/// times, in random order. Meanwhile the worker is killed three times.
async fn assert_windows_exact(mut deployment: Deployment) {
    const BATCHES: usize = 30;
    let batches: Vec<Vec<Request>> =
        (0..BATCHES).map(|batch| (0..40).map(|n| Request::of(batch * 7 + n)).collect()).collect();
    let times = |batch| if batch == 0 { 50 } else { 1 + batch % 4 };
    let mut sent: Vec<usize> =
        (0..BATCHES).flat_map(|batch| std::iter::repeat_n(batch, times(batch))).collect();
    sent.shuffle(&mut rand::rng());
    let url = deployment.url();
    let flood = stream::iter(sent)
        .for_each_concurrent(32, |batch| post_until_accepted(&url, batch, &batches[batch]));
    let crashes = async {
        for crash in 1..=3 {
            counted_batches(&url, 4 * crash).await;
            deployment.crash_worker().await.expect("it starts again");
        }
    };
    futures::join!(flood, crashes);

    let all: Vec<Request> = batches.into_iter().flatten().collect();
    let api = Api::new(url);
    for grain in ["day", "hour", "minute"] {
        let query = format!("grain={grain}&from={DAY}&limit=1000");
        let given = windows(&api, "acme", &query, all.len() as i64).await;
        assert_eq!(json!(given), expected_windows(&all, grain), "{grain}");
    }
    assert_balanced(&deployment).await;
}

/// Asserts that the windows of these minutes equal a count of the requests.
async fn assert_minutes(api: &Api, requests: &[Request], (from, to): (usize, usize)) {
    let instant = |minute| format!("2025-05-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
    let period = format!("from={}&to={}", instant(from), instant(to));
    let given = api.get(&format!("/logs/stats?tenant_id=acme&limit=1000&{period}")).await.body;
    let within = |request: &&Request| (from..to).contains(&request.minute);
    let within: Vec<Request> = requests.iter().filter(within).cloned().collect();
    assert_eq!(given["windows"], expected_windows(&within, "minute"), "{period}");
}

async fn post_until_accepted(url: &str, batch: usize, requests: &[Request]) {
    let client = reqwest::Client::new();
    let body: Vec<Value> = requests.iter().map(Request::json).collect();
    eventually("the batch is accepted", async || {
        let request = client.post(format!("{url}/logs")).header("x-customer-id", "acme");
        let request = request.header("idempotency-key", format!("batch-{batch}"));
        let status = request.json(&body).send().await.ok()?.status();
        assert_ne!(status, StatusCode::BAD_REQUEST);
        (status == StatusCode::ACCEPTED).then_some(())
    })
    .await;
}

/// Waits until `batches` are counted. The server may be down meanwhile.
async fn counted_batches(url: &str, batches: i64) {
    let client = reqwest::Client::new();
    let path = format!("{url}/logs/stats?tenant_id=acme&grain=day&from={DAY}");
    eventually("some batches are counted", async || {
        let stats: Value = client.get(&path).send().await.ok()?.json().await.ok()?;
        (stats["windows"][0]["requests"].as_i64()? >= batches * 40).then_some(())
    })
    .await;
}

async fn the_parts_of_a_large_batch_are_counted_once_although_the_worker_is_killed(
    mut deployment: Deployment,
) {
    // Each path four times, and twenty requests a minute. Every path and minute is a document, and the
    // emulator takes a millisecond for each.
    let count = match &deployment {
        Deployment::Embedded(_) => 20_000,
        Deployment::Cloud(_) => 5_000,
    };
    let requests: Vec<Request> = (0..count).map(|n| Request::at(n / 20, n / 4, n)).collect();
    let lines: Vec<String> = requests.iter().map(|request| request.json().to_string()).collect();
    let api = Api::new(deployment.url());
    let answer = post(&api, "acme", "large", "application/jsonl", lines.join("\n")).await;
    assert_eq!(answer.body["accepted"], requests.len(), "{}", answer.body);
    let path = "/tenants/acme/log_batches/large";
    eventually("some parts are done and others are not", async || {
        let batch = api.get(path).await.body;
        let (done, parts) = (batch["parts_done"].as_i64()?, batch["parts"].as_i64()?);
        assert!(done < parts && parts > 10, "{done} of {parts} parts are done");
        (done > 0).then_some(())
    })
    .await;
    deployment.crash_worker().await.expect("it starts again");

    windows(&api, "acme", &format!("grain=day&from={DAY}"), requests.len() as i64).await;
    // Each window takes four queries, which are slow on the emulator. There only eight of the minutes
    // are compared, each in an answer of its own.
    let minutes: Vec<(usize, usize)> = match &deployment {
        Deployment::Embedded(_) => (0..1_020).step_by(60).map(|from| (from, from + 60)).collect(),
        Deployment::Cloud(_) => {
            [0, 1, 83, 84, 166, 167, 248, 249].map(|from| (from, from + 1)).to_vec()
        }
    };
    for minutes in minutes {
        assert_minutes(&api, &requests, minutes).await;
    }
    let batch = api.get(path).await.body;
    assert_eq!((&batch["entries"], &batch["parts_done"]), (&json!(count), &batch["parts"]));
    assert_balanced(&deployment).await;
}

/// A period of one day.
const DAY: &str = "2025-05-01T00:00:00Z&to=2025-05-02T00:00:00Z";
/// User agents, each with its family.
const AGENTS: [(&str, &str); 4] =
    [("curl/8.0", "curl"), ("Googlebot/2.1", "Googlebot"), ("-", "Other"), ("Wget/1.2", "Wget")];

/// An entry of a batch.
#[derive(Clone)]
struct Request {
    minute: usize,
    path: usize,
    agent: usize,
}

impl Request {
    fn at(minute: usize, path: usize, agent: usize) -> Self {
        Self { minute, path, agent: agent % AGENTS.len() }
    }

    /// One of seven paths, in one of a hundred minutes.
    fn of(n: usize) -> Self {
        Self::at(n % 100, n % 7, n)
    }

    fn json(&self) -> Value {
        let (time, path) = (1_746_057_600 + 60 * self.minute, format!("/page/{}", self.path));
        json!({"time": time, "method": "GET", "path": path, "userAgent": AGENTS[self.agent].0})
    }

    /// The start of its window.
    fn window(&self, grain: &str) -> String {
        let minutes = match grain {
            "minute" => self.minute,
            "hour" => self.minute / 60 * 60,
            _ => 0,
        };
        format!("2025-05-01T{:02}:{:02}:00Z", minutes / 60, minutes % 60)
    }
}

/// The windows that `/logs/stats` should answer, counted from the entries themselves.
fn expected_windows(requests: &[Request], grain: &str) -> Value {
    type Counts = BTreeMap<String, i64>;
    let mut windows: BTreeMap<String, (i64, Counts, Counts)> = BTreeMap::new();
    for request in requests {
        let (total, paths, agents) = windows.entry(request.window(grain)).or_default();
        *total += 1;
        *paths.entry(format!("GET /page/{}", request.path)).or_default() += 1;
        *agents.entry(AGENTS[request.agent].1.to_owned()).or_default() += 1;
    }
    let window = |(start, (total, paths, agents)): (String, (i64, Counts, Counts))| {
        json!({"start": start, "requests": total, "paths": ranked("path", paths),
            "user_agents": ranked("user_agent", agents), "referers": [], "hosts": [], "bytes": 0,
            "status": {"1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, "unknown": total}})
    };
    windows.into_iter().map(window).collect()
}

/// The most frequent first, ties by name.
fn ranked(name: &str, counts: BTreeMap<String, i64>) -> Vec<Value> {
    let mut rows: Vec<(String, i64)> = counts.into_iter().collect();
    rows.sort_by_key(|(_, count)| -count);
    rows.into_iter().map(|(value, count)| json!({name: value, "count": count})).collect()
}

/// Asserts that a recount of the archive equals the live counts. On Google Cloud, Cloud Storage
/// holds the archive, and it has no emulator.
async fn assert_balanced(deployment: &Deployment) {
    if let Deployment::Embedded(embedded) = deployment {
        balanced(embedded).await;
    }
}

async fn each_invalid_entry_of_a_batch_is_reported(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let body = json!([
        {"receivedAt": "yesterday", "method": "GET", "path": "/"},
        {"receivedAt": "2025-05-01T10:00:00Z", "method": "GET", "path": "/"},
        {"receivedAt": "2025-05-01T10:00:00Z", "method": "GET"},
    ]);
    let answer = post(&api, "acme", "mixed", "application/json", body.to_string()).await;
    assert_eq!((&answer.body["accepted"], &answer.body["rejected"]), (&json!(1), &json!(2)));
    let errors = answer.body["errors"].as_array().expect("errors");
    let places: Vec<_> =
        errors.iter().map(|e| (e["index"].as_i64(), e["field"].as_str())).collect();
    assert_eq!(places, [(Some(0), Some("receivedAt")), (Some(2), Some("path"))]);

    let strict = api.request(Method::POST, "/logs?strict=true").json(&body);
    let refused = e2e::api::answer(strict).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.body["code"], "invalid-entries");
    let empty = post(&api, "acme", "none", "application/json", "[]".to_owned()).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    for query in [
        "from=2025-05-02T00:00:00Z&to=2025-05-01T00:00:00Z",
        "grain=week",
        "limit=0",
        "from=yesterday",
        "from=2025-05-01T00:00:00Z&to=2025-05-03T00:00:00Z",
    ] {
        let refused = api.get(&format!("/logs/stats?tenant_id=acme&{query}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(refused.body["errors"][0]["reason"].is_string(), "{query}");
    }
    windows(&api, "acme", MORNING, 1).await;
}

async fn paths_of_events_and_of_access_logs_never_mix(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let at = "2025-05-01T10:00:10Z";
    let view = json!({"site_id": "acme", "event_type": "view", "path": "/same", "user_id": "u",
        "timestamp": at});
    let viewed = answer(api.request(Method::POST, "/event").json(&view)).await;
    assert_eq!(viewed.status, StatusCode::ACCEPTED, "{}", viewed.body);
    let entries = json!([{"receivedAt": at, "method": "GET", "path": "/same"},
        {"receivedAt": at, "method": "GET", "path": "/same"}]);
    post(&api, "acme", "one", "application/json", entries.to_string()).await;

    let logged = windows(&api, "acme", MORNING, 2).await;
    assert_eq!(logged[0]["paths"], json!([{"path": "GET /same", "count": 2}]));
    let stats = eventually("the view is counted", async || {
        let stats = api.get("/stats?site_id=acme").await.body;
        (stats["total_views"] != 0).then_some(stats)
    })
    .await;
    assert_eq!(stats["total_views"], 1);
    assert_eq!(stats["top_paths"], json!([{"path": "/same", "views": 1}]));
    let types = api.get("/analytics/event-counts-by-type?tenant_id=acme").await.body;
    assert_eq!(types, json!({"view": 1}));
}
