//! Access logs end to end: batches in every format are counted once, in their windows.

use std::collections::BTreeMap;

use e2e::api::{Answer, Api, answer, eventually};
use e2e::deployment::{Deployment, Settings};
use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

e2e::in_both_modes!(
    settings;
    the_requests_of_the_mission_are_counted_in_every_format,
    one_batch_sent_fifty_times_at_once_counts_once,
    a_large_batch_is_counted_in_parts_once_though_the_worker_is_killed,
    what_is_wrong_with_a_batch_is_told_entry_by_entry,
    paths_of_events_and_of_access_logs_never_mix,
);

fn settings() -> Settings {
    vec![("COMMIT_INTERVAL_MS", "0".to_owned())]
}

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
    (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

async fn post(api: &Api, customer: &str, key: &str, media_type: &str, body: String) -> Answer {
    let request = api.request(Method::POST, "/logs").header("x-customer-id", customer);
    answer(request.header("idempotency-key", key).header("content-type", media_type).body(body))
        .await
}

/// The windows of a grain, once they hold `requests` in all.
async fn windows(api: &Api, customer: &str, query: &str, requests: i64) -> Vec<Value> {
    let path = format!("/logs/stats?tenant_id={customer}&{query}");
    eventually(&format!("{path} has {requests} requests"), async || {
        let windows = api.get(&path).await.body["windows"].as_array().cloned()?;
        let total: i64 = windows.iter().filter_map(|window| window["requests"].as_i64()).sum();
        assert!(total <= requests, "{total} are more than were sent");
        (total == requests).then_some(windows)
    })
    .await
}

const MORNING: &str = "from=2025-05-01T10:00:00Z&to=2025-05-01T11:00:00Z";

async fn the_requests_of_the_mission_are_counted_in_every_format(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let json = json!([
        {"receivedAt": "2025-05-01T10:00:10Z", "method": "GET", "path": "/a?x=1",
         "userAgent": CHROME},
        {"receivedAt": "2025-05-01T10:01:59.999Z", "method": "post", "path": "/b",
         "userAgent": "curl/8.0"},
    ]);
    let lines: Vec<String> =
        json.as_array().expect("an array").iter().map(Value::to_string).collect();
    let csv = format!(
        "receivedAt,method,path,userAgent\r\n2025-05-01T10:00:10Z,GET,/a?x=1,\"{CHROME}\"\r\n\
         2025-05-01T10:01:59.999Z,POST,/b,curl/8.0\r\n"
    );
    let combined = format!(
        "203.0.113.1 - - [01/May/2025:10:00:10 +0000] \"GET /a?x=1 HTTP/1.1\" 200 5 \"-\" \
         \"{CHROME}\"\n203.0.113.1 - - [01/May/2025:12:01:59 +0200] \"POST /b HTTP/1.1\" 200 5 \
         \"-\" \"curl/8.0\"\n"
    );
    let formats = [
        ("cus-axon", "application/json", json.to_string()),
        ("cus-lines", "application/x-ndjson", lines.join("\n")),
        ("cus-csv", "text/csv", csv),
        ("cus-plain", "text/plain", combined),
    ];
    let expected = json!([
        {"start": "2025-05-01T10:00:00Z", "requests": 1,
         "paths": [{"path": "GET /a", "count": 1}],
         "user_agents": [{"user_agent": "Chrome", "count": 1}]},
        {"start": "2025-05-01T10:01:00Z", "requests": 1,
         "paths": [{"path": "POST /b", "count": 1}],
         "user_agents": [{"user_agent": "curl", "count": 1}]},
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
}

/// Entry `n` of many: one of 900 paths in one of a day's first 1,000 minutes, hardly any twice.
fn entry(n: usize) -> (i64, String) {
    (1_746_057_600 + (n % 1_000) as i64 * 60, format!("/page/{}", n % 900))
}

async fn a_large_batch_is_counted_in_parts_once_though_the_worker_is_killed(
    mut deployment: Deployment,
) {
    const ENTRIES: usize = 6_000;
    let api = Api::new(deployment.url());
    let lines: Vec<String> = (0..ENTRIES)
        .map(|n| {
            let (at, path) = entry(n);
            json!({"time": at, "method": "GET", "path": path, "userAgent": CHROME}).to_string()
        })
        .collect();
    let answer = post(&api, "acme", "large", "application/jsonl", lines.join("\n")).await;
    assert_eq!(answer.body["accepted"], ENTRIES, "{}", answer.body);
    let path = "/tenants/acme/log_batches/large";
    eventually("some parts are done", async || {
        (api.get(path).await.body["parts_done"].as_i64()? > 0).then_some(())
    })
    .await;
    deployment.crash_worker().await.expect("it starts again");

    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for n in 0..ENTRIES {
        *expected.entry(format!("GET {}", entry(n).1)).or_default() += 1;
    }
    let day = "grain=day&from=2025-05-01T00:00:00Z&to=2025-05-02T00:00:00Z&limit=1000";
    let windows = windows(&api, "acme", day, ENTRIES as i64).await;
    let counted: BTreeMap<String, i64> = windows[0]["paths"]
        .as_array()
        .expect("paths")
        .iter()
        .map(|row| {
            (
                row["path"].as_str().expect("a path").to_owned(),
                row["count"].as_i64().expect("a count"),
            )
        })
        .collect();
    assert_eq!(counted, expected);
    let batch = api.get(path).await.body;
    assert!(batch["parts"].as_i64() > Some(10), "{batch}");
    assert_eq!((&batch["entries"], &batch["parts_done"]), (&json!(ENTRIES), &batch["parts"]));
}

async fn what_is_wrong_with_a_batch_is_told_entry_by_entry(deployment: Deployment) {
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
