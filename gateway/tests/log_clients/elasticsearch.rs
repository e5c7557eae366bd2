//! Elasticsearch's bulk API and its handshakes.

use serde_json::{Value, json};

use crate::running::{LINE, beside, beside_full, beside_with, gzip, requests};

const NDJSON: &str = "application/x-ndjson";
const VENDOR: &str = "application/vnd.elasticsearch+json; compatible-with=8";

fn bulk(pairs: &[(Value, Value)]) -> Vec<u8> {
    let lines = pairs.iter().flat_map(|(action, document)| [action, document]);
    lines.map(|line| format!("{line}\n")).collect::<String>().into_bytes()
}

fn document(message: &str) -> Value {
    json!({"@timestamp": "2025-05-01T10:00:10Z", "message": message, "log": {"level": "info"}})
}

fn statuses(answer: &Value) -> Vec<u64> {
    let items = answer["items"].as_array().expect("items").iter();
    let of = |item: &Value| item.as_object().and_then(|item| item.values().next()).cloned();
    items.filter_map(of).filter_map(|outcome| outcome["status"].as_u64()).collect()
}

#[tokio::test]
async fn documents_are_texts_or_access_log_entries_and_each_has_its_outcome() {
    let body = bulk(&[
        (json!({"create": {"_index": "logs", "_id": "1"}}), document("hello")),
        (json!({"index": {}}), document(LINE)),
        (
            json!({"create": {"_id": "r-2"}}),
            json!({
                "@timestamp": "2025-05-01T10:00:11Z", "http": {"request": {"method": "GET"},
                "response": {"status_code": 404}}, "url": {"path": "/b"},
            }),
        ),
        (json!({"index": {}}), json!({"level": "info", "k": 1})),
    ]);
    for path in ["/app/_bulk", "/elasticsearch/app/_bulk"] {
        beside(async |gateway| {
            for method in ["POST", "PUT"] {
                let line = format!("{method} {path}?tenant_id=acme");
                let headers = [&*format!("Content-Type: {NDJSON}"), &*format!("Accept: {VENDOR}")];
                let answer = gateway.send(&line, &headers, &body).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                assert!(answer.head.contains("x-elastic-product: elasticsearch"));
                assert!(answer.head.contains("vnd.elasticsearch+json;compatible-with=8"));
                let json = answer.json();
                assert_eq!((&json["errors"], statuses(&json)), (&json!(false), vec![201; 4]));
                let first = &json["items"][0]["create"];
                assert_eq!((&first["_index"], &first["_id"]), (&json!("logs"), &json!("1")));
                assert_eq!(json["items"][1]["index"]["_index"], "app");
                let published = gateway.published().await;
                assert!(published.iter().all(|it| it.tenant == "acme"), "{published:?}");
                assert_eq!(requests(&published), ["GET /a", "GET /b"]);
                let text = |text: &str| published.iter().find(|it| it.data == text).cloned();
                assert_eq!(text("hello").expect("a text").id, "logs:1");
                assert!(text(r#"{"level":"info","k":1}"#).is_some(), "{published:?}");
                assert!(published.iter().any(|it| it.id == "app:r-2"), "{published:?}");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn the_same_ids_again_are_the_same_records_also_in_another_request() {
    let entry = (json!({"create": {"_id": "e"}}), document(LINE));
    let text = (json!({"create": {"_id": "t"}}), document("hello"));
    let again = [bulk(&[text.clone(), entry.clone()]), bulk(&[entry]), bulk(&[text])];
    beside(async |gateway| {
        let mut published = Vec::new();
        for body in again {
            assert_eq!(gateway.post("/logs-app/_bulk", NDJSON, &body).await.status, 200);
            published.extend(gateway.published().await);
        }
        assert_eq!(published.len(), 4);
        published.sort();
        published.dedup();
        let ids: Vec<_> = published.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, ["logs-app:e", "logs-app:t"], "{published:?}");
    })
    .await;
}

#[tokio::test]
async fn actions_that_are_not_valid_have_their_error_and_the_others_are_taken() {
    let good = |message: &str| format!("{}\n{}\n", json!({"create": {}}), document(message));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let middle = [
        "{\"delete\":{\"_id\":\"1\"}}\n".to_owned(),
        "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{\"a\":1}}\n".to_owned(),
        "{\"create\":{}}\n{\"message\":\n".to_owned(),
        "{\"create\":{}}\n[1]\n".to_owned(),
        "{\"create\":{}}\n{\"message\":\"\\ud800\",\"message\":\"b\"}\n".to_owned(),
        format!("{{\"create\":{{}}}}\n{deep}\n"),
        "{\"create\":{}}\n{}\n".to_owned(),
        "{\"create\":{}}\n{\"message\":\"a\",\"tenant_id\":\"../x\"}\n".to_owned(),
    ];
    for middle in middle {
        beside(async |gateway| {
            let body = good("a") + &middle + &good("b");
            let answer = gateway.post("/_bulk", NDJSON, body.as_bytes()).await;
            assert_eq!(answer.status, 200, "{middle}: {answer:?}");
            let json = answer.json();
            assert_eq!((&json["errors"], statuses(&json)), (&json!(true), vec![201, 400, 201]));
            let failed = json["items"][1].as_object().and_then(|it| it.values().next()).cloned();
            let error = &failed.expect("an item")["error"];
            assert!(error["type"].is_string() && error["reason"].is_string(), "{error}");
            assert_eq!(gateway.texts().await, ["a", "b"], "{middle}");
        })
        .await;
    }
}

/// Clients send an item again that has any other status than this.
#[tokio::test]
async fn a_document_that_is_too_long_has_the_status_of_a_document_that_is_wrong() {
    beside(async |gateway| {
        let long = "x".repeat(5 << 20);
        let texts = ["a", &long, "b"].map(|text| (json!({"create": {}}), document(text)));
        let answer = gateway.post("/_bulk", NDJSON, &bulk(&texts)).await;
        assert_eq!(statuses(&answer.json()), [201, 400, 201]);
        assert_eq!(gateway.texts().await, ["a", "b"]);
    })
    .await;
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_refused_in_their_form() {
    let cases = [
        (NDJSON, b"{\"message\":\"a\"}\n".to_vec(), 400),
        (NDJSON, b"{\"create\":{}}\n{\"message\":\"a\"}\n{\"what\":{}}\n".to_vec(), 400),
        (NDJSON, b"\xff\xfe\n".to_vec(), 400),
        (NDJSON, "[".repeat(200_000).into_bytes(), 400),
        (NDJSON, Vec::new(), 400),
        ("text/html", b"{\"create\":{}}\n{\"message\":\"a\"}\n".to_vec(), 415),
    ];
    beside(async |gateway| {
        for (kind, body, status) in cases {
            let answer = gateway.post("/_bulk", kind, &body).await;
            let json = answer.json();
            assert_eq!((u64::from(answer.status), json["status"].as_u64()), (status, Some(status)));
            assert!(json["error"]["reason"].is_string(), "{json}");
            assert!(answer.head.contains("x-elastic-product"), "{}", answer.head);
        }
        let bomb = gzip(&vec![b'\n'; 50_000_000]);
        let headers = [&*format!("Content-Type: {NDJSON}"), "Content-Encoding: gzip"];
        assert_eq!(gateway.send("POST /_bulk", &headers, &bomb).await.status, 413);
        assert_eq!(gateway.published().await, []);
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_takes_nothing_is_503_and_no_item_is_created() {
    beside_full(async |gateway| {
        let body = bulk(&[(json!({"create": {}}), document("a"))]);
        let answer = gateway.post("/_bulk", NDJSON, &body).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
        assert!(answer.json()["items"].is_null());
    })
    .await;
}

#[tokio::test]
async fn a_user_name_is_the_tenant_unless_the_request_names_one() {
    beside(async |gateway| {
        let body = bulk(&[(json!({"create": {}}), document("a"))]);
        // acme:secret
        let user = "Authorization: Basic YWNtZTpzZWNyZXQ=";
        let key = "Authorization: ApiKey YWNtZTpzZWNyZXQ=";
        let kind = format!("Content-Type: {NDJSON}");
        for (headers, tenant) in [
            (&[&*kind][..], "default"),
            (&[&*kind, user][..], "acme"),
            (&[&*kind, user, "X-Tenant-ID: beta"][..], "beta"),
            (&[&*kind, key][..], "default"),
        ] {
            assert_eq!(gateway.send("POST /_bulk", headers, &body).await.status, 200);
            assert_eq!(gateway.published().await[0].tenant, tenant, "{headers:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_clients_ask_before_they_send_is_answered_also_where_reads_need_a_token() {
    beside_with(&["--read-token", "sesame"], async |gateway| {
        for path in [
            "/elasticsearch",
            "/elasticsearch/",
            "/elasticsearch/_license",
            "/elasticsearch/_xpack",
            "/elasticsearch/_cluster/health",
        ] {
            for method in ["GET", "HEAD"] {
                let answer = gateway.send(&format!("{method} {path}"), &[], b"").await;
                assert_eq!(answer.status, 200, "{path}: {answer:?}");
                assert!(answer.head.contains("x-elastic-product: elasticsearch"), "{path}");
            }
        }
        let version = gateway.send("GET /elasticsearch", &[], b"").await.json();
        assert_eq!(version["version"]["number"], "8.19.0");
        let vendor = format!("Accept: {VENDOR}");
        let root = gateway.send("GET /", &[&vendor], b"").await;
        assert_eq!(root.json()["version"]["number"], "8.19.0");
        let people = gateway.send("GET /", &["Accept: application/json"], b"").await;
        assert_eq!(people.json()["name"], "spillway");
        assert!(!people.head.contains("x-elastic-product"), "{}", people.head);
    })
    .await;
}
