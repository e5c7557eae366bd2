//! PostHog's libraries for browsers and for servers.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::running::{BROWSER, beside};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// What the browser library sends 3 s after a page has opened.
fn view() -> Value {
    json!({
        "uuid": ID, "event": "$pageview", "offset": 3000,
        "properties": {
            "token": "phc_key", "distinct_id": "d-1", "$device_id": "d-1", "$insert_id": "x",
            "$current_url": "https://acme.example/pricing?utm_source=letter",
            "$host": "acme.example", "$pathname": "/pricing", "$referrer": "$direct",
            "$raw_user_agent": "Mozilla/5.0 Gecko", "title": "Pricing", "utm_source": "letter",
        },
    })
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("written");
    encoder.finish().expect("gzip")
}

#[tokio::test]
async fn the_browser_library_is_taken_in_each_of_its_forms() {
    beside(&[], async |gateway| {
        let events = json!([view()]).to_string();
        let form =
            format!("data={}", BASE64.encode(&events).replace('+', "%2B").replace('=', "%3D"));
        let packed = BASE64.encode(gzip(&events));
        let bodies = [
            ("/e/?ip=1&_=17&ver=1.2&compression=gzip-js", "text/plain", gzip(&events)),
            ("/i/v0/e/?compression=gzip-js", "text/plain", gzip(&events)),
            ("/e/?compression=base64", "application/x-www-form-urlencoded", form.into_bytes()),
            ("/e/", "application/x-www-form-urlencoded", format!("data={packed}").into_bytes()),
            ("/capture/", "application/json", view().to_string().into_bytes()),
            ("/track/", "application/json", events.clone().into_bytes()),
        ];
        for (path, kind, body) in bodies {
            let kind = format!("Content-Type: {kind}");
            let headers = [&[kind.as_str()], &BROWSER[..]].concat();
            let answer = gateway.request(&format!("POST {path}"), &headers, &body).await;
            assert_eq!(answer.has_status(200).json(), json!({"status": "Ok"}), "{path}");
            let sent = gateway.one().await;
            assert_eq!((&*sent.tenant, &*sent.id, &*sent.source), ("phc_key", ID, "posthog"));
            assert_eq!(sent.event["event_type"], "page_view");
            assert_eq!(sent.event["user_id"], "d-1");
            assert_eq!(sent.event["path"], "/pricing");
            assert_eq!(sent.event["timestamp"], "2023-06-30T03:34:18.518Z", "that of its id");
            assert_eq!(sent.event["dimensions"]["utm_source"], "letter");
            assert_eq!(sent.event["dimensions"]["entry_page"], "/pricing");
            assert!(!sent.event.to_string().contains("Gecko"), "{}", sent.event);
        }
        let beacon = gateway.beacon("/e/?beacon=1&compression=gzip-js", gzip(&events)).await;
        assert_eq!(beacon.has_status(204).body, b"");
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_a_server_is_taken_and_sent_again_it_is_the_same() {
    beside(&[], async |gateway| {
        let event = |id: &str| json!({"event": "signed up", "uuid": id, "distinct_id": 7,
            "properties": {"plan": "pro", "$ip": "192.0.2.1"}, "timestamp": "2025-05-01T10:00:00+00:00"});
        let batch = |at: &str| json!({"api_key": "phc_key", "sentAt": at,
            "batch": [event("e-1"), {"properties": {}}, event("e-2")]}).to_string();
        let packed = gzip(&batch("2025-05-01T10:00:01Z"));
        let answer = gateway.post("/batch/", &["Content-Encoding: gzip"], packed).await.has_status(200);
        assert_eq!((&answer.json()["status"], &answer.json()["rejected"]), (&json!("Ok"), &json!(1)));
        let sent = gateway.sent().await;
        assert_eq!(sent.len(), 2);
        assert_eq!((&*sent[0].tenant, &*sent[0].id), ("phc_key", "e-1"));
        assert_eq!(sent[0].event["event_type"], "signed up");
        assert_eq!((&sent[0].event["user_id"], &sent[0].event["payload"]), (&json!("7"), &json!({"plan": "pro"})));
        gateway.post("/batch", &[], batch("2025-05-01T10:09:09Z")).await.has_status(200);
        let again = gateway.sent().await;
        assert_eq!((&again[0].id, &again[0].digest), (&sent[0].id, &sent[0].digest));
    })
    .await;
}

#[tokio::test]
async fn the_browser_library_learns_that_there_is_nothing_but_events() {
    beside(&["--read-token", "sesame"], async |gateway| {
        for path in ["/flags/?v=2", "/decide/?v=3"] {
            let answer = gateway.beacon(path, gzip("{}")).await.has_status(200).json();
            assert_eq!((&answer["featureFlags"], &answer["flags"]), (&json!({}), &json!({})));
            assert_eq!(answer["errorsWhileComputingFlags"], false);
        }
        let config = gateway.get("/array/phc_key/config?ip=1").await.has_status(200);
        assert_eq!(config.json()["supportedCompression"], json!(["gzip", "gzip-js"]));
        let script = gateway.get("/array/phc_key/config.js").await.has_status(200);
        assert!(script.head.contains("content-type: text/javascript"));
        assert!(script.text().contains("all[\"phc_key\"]={config:{"), "{}", script.text());
        gateway.get("/array/%22%5D;alert(1)/config.js").await.has_status(400);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_event_is_ignored_and_what_cannot_be_read_is_refused() {
    beside(&[], async |gateway| {
        let snapshot = json!({"event": "$snapshot", "properties": {"token": "phc_key"}});
        gateway.post("/e", &[], snapshot.to_string()).await.has_status(200);
        gateway.beacon("/e?compression=lz64", "data=x").await.has_status(415);
        gateway.beacon("/e", b"\x1f\x8bno gzip").await.has_status(400);
        gateway.beacon("/e", "ip=1").await.has_status(400);
        let keyless = gateway.post("/capture", &[], r#"{"event":"a","distinct_id":"d"}"#).await;
        assert!(keyless.has_status(400).text().contains("api_key is required"));
        assert_eq!(gateway.sent().await, []);
    })
    .await;
}

#[tokio::test]
async fn a_small_body_may_not_unpack_to_more_than_the_limit() {
    beside(&["--max-logs-bytes", "100000"], async |gateway| {
        let bomb = gzip(&" ".repeat(1 << 20));
        assert!(bomb.len() < 10_000);
        gateway.beacon("/e?compression=gzip-js", bomb).await.has_status(413);
    })
    .await;
}
