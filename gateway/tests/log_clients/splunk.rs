//! Splunk's HTTP Event Collector.

use serde_json::json;

use crate::running::{LINE, beside, beside_full, beside_with, gzip, requests};

const EVENT: &str = "/services/collector/event";
const RAW: &str = "/services/collector/raw";
const JSON: &str = "application/json";

#[tokio::test]
async fn events_are_texts_or_access_log_entries() {
    let events = [
        json!({"event": "hello", "time": 1_746_093_610.5, "host": "web1", "fields": {"a": 1}}),
        json!({"event": {"message": "structured", "severity": "info"}}),
        json!({"event": {"line": "from docker", "source": "stdout", "tag": "ab12"}}),
        json!({"event": {"line": LINE, "source": "stdout"}}),
        json!({"event": {"method": "GET", "path": "/b", "status": 200}, "time": "1746093610"}),
        json!({"event": {"k": 1}}),
        json!({"event": 5}),
    ];
    for between in ["", "\n", " "] {
        for path in ["/services/collector", EVENT, "/services/collector/event/1.0"] {
            beside(async |gateway| {
                let body = events.iter().map(ToString::to_string).collect::<Vec<_>>().join(between);
                let headers = ["Authorization: Splunk acme", "Content-Type: application/json"];
                let answer = gateway.send(&format!("POST {path}"), &headers, body.as_bytes()).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                assert_eq!(answer.json(), json!({"text": "Success", "code": 0}));
                let published = gateway.published().await;
                assert!(published.iter().all(|it| it.tenant == "acme" && it.source == "splunk"));
                assert_eq!(requests(&published), ["GET /a", "GET /b"]);
                let texts = published.iter().filter(|it| it.kind == "text");
                let mut texts: Vec<_> = texts.map(|it| it.data.as_str()).collect();
                texts.sort_unstable();
                assert_eq!(texts, ["5", "from docker", "hello", "structured", r#"{"k":1}"#]);
            })
            .await;
        }
    }
}

#[tokio::test]
async fn raw_lines_are_records() {
    for path in [RAW, "/services/collector/raw/1.0?channel=x&sourcetype=y"] {
        beside(async |gateway| {
            let body = format!("first\n\n{LINE}\r\n  second\n");
            let answer = gateway.post(path, "text/plain", body.as_bytes()).await;
            assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(0)));
            let published = gateway.published().await;
            assert_eq!(requests(&published), ["GET /a"]);
            let texts = published.iter().filter(|it| it.kind == "text").map(|it| &*it.data);
            let mut texts: Vec<_> = texts.collect();
            texts.sort_unstable();
            assert_eq!(texts, ["  second", "first"]);
        })
        .await;
    }
}

#[tokio::test]
async fn the_first_event_that_is_not_valid_is_named_and_the_others_are_taken() {
    let deep = format!("{{\"event\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let cases = [
        (r#"{"evnt":"x"}"#, 12, "Event field is required"),
        (r#"{"event":""}"#, 13, "Event field cannot be blank"),
        (r#"{"event":null}"#, 13, "Event field cannot be blank"),
        (r#"{"event":"x",}"#, 6, "Invalid data format"),
        (r#"["x"]"#, 6, "Invalid data format"),
        (&deep, 6, "Invalid data format"),
    ];
    for (bad, code, text) in cases {
        beside(async |gateway| {
            let body = format!(r#"{{"event":"a"}}{bad}{{"event":"b"}}{bad}"#);
            let answer = gateway.post(EVENT, JSON, body.as_bytes()).await;
            assert_eq!(answer.status, 400, "{answer:?}");
            let json = answer.json();
            assert_eq!((&json["text"], &json["code"]), (&json!(text), &json!(code)), "{bad}");
            assert_eq!(json["invalid-event-number"], 1);
            assert_eq!(gateway.texts().await, ["a", "b"]);
        })
        .await;
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_taken_has_their_code() {
    beside(async |gateway| {
        let token = async |authorization: &str| {
            let header = format!("Authorization: {authorization}");
            let answer =
                gateway.send(&format!("POST {EVENT}"), &[&header], br#"{"event":"a"}"#).await;
            let tenant = gateway.published().await.pop().map(|record| record.tenant);
            (answer.status, answer.json()["code"].clone(), tenant)
        };
        assert_eq!(token("Splunk ../x").await, (403, json!(4), None));
        assert_eq!(token("Splunk acme").await, (200, json!(0), Some("acme".to_owned())));
        // x:acme
        assert_eq!(token("Basic eDphY21l").await, (200, json!(0), Some("acme".to_owned())));
        assert_eq!(token("Bearer acme").await, (200, json!(0), Some("default".to_owned())));
        let in_query = format!("POST {EVENT}?token=beta");
        assert_eq!(gateway.send(&in_query, &[], br#"{"event":"a"}"#).await.status, 200);
        assert_eq!(gateway.published().await[0].tenant, "beta");

        for body in ["", "\n"] {
            for path in [EVENT, RAW] {
                let answer = gateway.post(path, JSON, body.as_bytes()).await;
                assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(5)), "{path}");
            }
        }
        let bomb = gzip(&vec![b' '; 50_000_000]);
        let line = format!("POST {EVENT}");
        let answer = gateway.send(&line, &["Content-Encoding: gzip"], &bomb).await;
        assert_eq!((answer.status, &answer.json()["code"]), (413, &json!(6)));
        let answer = gateway.post(RAW, "text/plain", b"a\n\xff\xfe\nb").await;
        assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(0)));
        assert_eq!(gateway.texts().await, ["a", "b", "ÿþ"]);
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_takes_nothing_is_busy() {
    beside_full(async |gateway| {
        let answer = gateway.post(EVENT, JSON, br#"{"event":"a"}"#).await;
        assert_eq!((answer.status, &answer.json()["code"]), (503, &json!(9)));
        assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    })
    .await;
}

#[tokio::test]
async fn clients_may_ask_whether_somebody_is_there() {
    beside_with(&["--read-token", "sesame"], async |gateway| {
        for path in ["/services/collector/health", "/services/collector/health/1.0"] {
            let answer = gateway.send(&format!("GET {path}"), &[], b"").await;
            assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(17)), "{answer:?}");
        }
        let asked = gateway.send("OPTIONS /services/collector/event/1.0", &[], b"").await;
        assert_eq!(asked.status, 200, "Docker asks so");
        assert_eq!(gateway.send(&format!("DELETE {EVENT}"), &[], b"").await.status, 405);
    })
    .await;
}
