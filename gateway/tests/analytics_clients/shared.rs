//! What holds for every door.

use serde_json::Value;

use crate::running::{Running, beside};

/// A valid request of each door: its line, its headers and its body.
const REQUESTS: [(&str, &[&str], &str); 10] = [
    (
        "POST /api/event",
        &["Content-Type: text/plain"],
        r#"{"n":"pageview","u":"https://acme.example/","d":"acme"}"#,
    ),
    (
        "POST /api/send",
        &["Content-Type: application/json"],
        r#"{"type":"event","payload":{"website":"acme","url":"/"}}"#,
    ),
    (
        "POST /v1/batch",
        &["Content-Type: application/json"],
        r#"{"writeKey":"acme","batch":[{"type":"track","event":"a"}]}"#,
    ),
    (
        "POST /batch/",
        &["Content-Type: application/json"],
        r#"{"api_key":"acme","batch":[{"event":"a"}]}"#,
    ),
    (
        "POST /matomo.php",
        &["Content-Type: application/x-www-form-urlencoded"],
        "idsite=acme&rec=1&url=https%3A%2F%2Facme.example%2F",
    ),
    (
        "POST /com.snowplowanalytics.snowplow/tp2",
        &["Content-Type: application/json"],
        r#"{"schema":"x","data":[{"e":"pv","aid":"acme"}]}"#,
    ),
    ("GET /i?e=pv&aid=acme", &[], ""),
    ("GET /count/acme?p=a", &[], ""),
    ("POST /api/v0/count/acme", &["Content-Type: application/json"], r#"{"hits":[{"path":"/"}]}"#),
    (
        "POST /event",
        &["Content-Type: application/cloudevents+json"],
        r#"{"specversion":"1.0","id":"1","source":"x","type":"a","tenantid":"acme"}"#,
    ),
];

#[tokio::test]
async fn a_refusing_broker_is_a_503_and_the_same_request_is_taken_later() {
    beside(&[], async |gateway| {
        for (line, headers, body) in REQUESTS {
            gateway.refuse(true);
            let refused = gateway.request(line, headers, body.as_bytes()).await.has_status(503);
            assert!(refused.head.contains("retry-after: 1"), "{line}: {}", refused.head);
            assert_eq!(gateway.sent().await, [], "{line}");
            gateway.refuse(false);
            let taken = gateway.request(line, headers, body.as_bytes()).await;
            assert!((200..300).contains(&taken.status), "{line}: {}", taken.text());
            gateway.one().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_may_name_the_tenant_instead_of_the_clients_key() {
    beside(&[], async |gateway| {
        for (line, headers, body) in REQUESTS {
            let headers = [headers, &["X-Tenant-ID: mine"]].concat();
            let answer = gateway.request(line, &headers, body.as_bytes()).await;
            assert!(answer.status < 300, "{line}: {}", answer.text());
            assert_eq!(gateway.one().await.tenant, "mine", "{line}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_names_records_that_have_no_id() {
    beside(&[], async |gateway| {
        for (line, headers, body) in REQUESTS {
            let headers = [headers, &["Idempotency-Key: k-1"]].concat();
            gateway.request(line, &headers, body.as_bytes()).await;
            let first = gateway.one().await;
            gateway.request(line, &headers, body.as_bytes()).await;
            let second = gateway.one().await;
            assert_eq!((first.id, first.digest), (second.id, second.digest), "{line}");
        }
        let batch = r#"{"writeKey":"acme","batch":[{"type":"page"},{"type":"page"}]}"#;
        let mut ids = Vec::new();
        for _ in 0..2 {
            gateway.post("/v1/batch", &["Idempotency-Key: k-1"], batch).await.has_status(200);
            ids.extend(gateway.sent().await.into_iter().map(|sent| sent.id));
        }
        assert_eq!(ids[..2], ids[2..]);
        assert_ne!(ids[0], ids[1]);
    })
    .await;
}

#[tokio::test]
async fn an_event_that_is_called_like_a_view_is_none() {
    let named = [
        ("POST /api/event", r#"{"n":"View","u":"https://acme.example/","d":"acme"}"#),
        (
            "POST /api/send",
            r#"{"type":"event","payload":{"website":"acme","url":"/","name":"View"}}"#,
        ),
        ("POST /v1/track", r#"{"writeKey":"acme","event":"View"}"#),
        ("POST /batch/", r#"{"api_key":"acme","batch":[{"event":"View"}]}"#),
        ("GET /matomo.php?idsite=acme&rec=1&e_c=a&e_a=View", ""),
        ("GET /i?e=se&aid=acme&se_ca=a&se_ac=View", ""),
        ("GET /count/acme?p=View&e=true", ""),
    ];
    beside(&[], async |gateway| {
        for (line, body) in named {
            let headers = ["Content-Type: application/json"];
            let answer = gateway.request(line, &headers, body.as_bytes()).await;
            assert!(answer.status < 300, "{line}: {}", answer.text());
            let event = gateway.one().await.event;
            assert_eq!(event["event_type"], "event:View", "{line}");
            assert_eq!(event["dimensions"]["event"], "event:View", "{line}");
        }
    })
    .await;
}

/// The doors that read a body.
fn with_bodies() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let all = REQUESTS.into_iter().filter(|(line, ..)| line.starts_with("POST"));
    all.map(|(line, headers, _)| (line, headers))
}

async fn refused(
    gateway: &Running,
    line: &str,
    headers: &[&str],
    body: &[u8],
    status: u16,
) -> Value {
    let answer = gateway.request(line, headers, body).await;
    assert_eq!(answer.status, status, "{line}: {}", answer.text());
    assert_eq!(gateway.sent().await, [], "{line}");
    answer.json()
}

#[tokio::test]
async fn a_body_that_is_empty_no_json_or_no_text_is_refused() {
    beside(&[], async |gateway| {
        for (line, headers) in with_bodies() {
            for body in [&b""[..], b"x", b"[", b"{}", b"[]", b"5", b"{\"a\":\"\xff\"}", b"\xff\xfe"]
            {
                refused(&gateway, line, headers, body, 400).await;
            }
            let deep = "[".repeat(100_000) + &"]".repeat(100_000);
            refused(&gateway, line, headers, deep.as_bytes(), 400).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_of_another_type_is_refused_where_the_clients_name_theirs() {
    beside(&[], async |gateway| {
        for (line, _) in with_bodies() {
            // The clients of these declare their bodies in any way, so that only the content counts.
            if ["/matomo", "/batch/", "/event"]
                .iter()
                .any(|path| line.ends_with(path) || line.contains("matomo"))
            {
                continue;
            }
            refused(&gateway, line, &["Content-Type: text/html"], b"{}", 415).await;
            let coded = ["Content-Type: application/json", "Content-Encoding: br"];
            refused(&gateway, line, &coded, b"{}", 415).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_too_large_or_has_too_many_records_is_refused() {
    beside(&["--max-logs-bytes", "400000"], async |gateway| {
        for (line, headers) in with_bodies() {
            refused(&gateway, line, headers, &[b' '; 400_001], 413).await;
        }
        let many = format!(r#"{{"writeKey":"acme","batch":[{}{{}}]}}"#, "{},".repeat(10_000));
        refused(
            &gateway,
            "POST /v1/batch",
            &["Content-Type: application/json"],
            many.as_bytes(),
            413,
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn every_door_begins_its_counters_and_counts_what_it_leaves_out() {
    beside(&[], async |gateway| {
        let metrics = gateway.get("/metrics").await.text();
        for source in [
            "plausible",
            "umami",
            "segment",
            "posthog",
            "matomo",
            "snowplow",
            "goatcounter",
            "cloudevents",
        ] {
            let accepted =
                format!("spillway_records_accepted_total{{kind=\"event\",source=\"{source}\"}}");
            assert!(metrics.contains(&accepted), "{accepted}");
            for reason in ["ignored", "rejected"] {
                let left_out = format!(
                    "spillway_records_left_out_total{{reason=\"{reason}\",source=\"{source}\"}}"
                );
                assert!(metrics.contains(&left_out), "{left_out}");
            }
        }
    })
    .await;
}
