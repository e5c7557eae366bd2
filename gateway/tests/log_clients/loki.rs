//! `POST /loki/api/v1/push`.

use prost::Message;
use serde_json::json;

use crate::running::{LINE, beside, beside_full, gzip, requests};

const PATH: &str = "/loki/api/v1/push";
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const SECOND: i64 = 1_746_093_610;

#[derive(Clone, PartialEq, Message)]
struct Push {
    #[prost(message, repeated, tag = "1")]
    streams: Vec<Stream>,
}

#[derive(Clone, PartialEq, Message)]
struct Stream {
    #[prost(string, tag = "1")]
    labels: String,
    #[prost(message, repeated, tag = "2")]
    entries: Vec<Entry>,
    #[prost(uint64, tag = "3")]
    hash: u64,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<Timestamp>,
    #[prost(string, tag = "2")]
    line: String,
}

#[derive(Clone, PartialEq, Message)]
struct Timestamp {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

fn push(lines: &[&str]) -> Push {
    let timestamp = Some(Timestamp { seconds: SECOND, nanos: 5 });
    let entry = |line: &&str| Entry { timestamp: timestamp.clone(), line: (*line).to_owned() };
    let labels = "{job=\"nginx\"}".to_owned();
    Push { streams: vec![Stream { labels, entries: lines.iter().map(entry).collect(), hash: 7 }] }
}

fn snappy(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).expect("it fits")
}

fn as_json(lines: &[&str]) -> Vec<u8> {
    let values: Vec<_> =
        lines.iter().map(|line| json!([format!("{SECOND}000000005"), line, {"k": "v"}])).collect();
    json!({"streams": [{"stream": {"job": "nginx"}, "values": values}]}).to_string().into_bytes()
}

fn encodings(lines: &[&str]) -> [(&'static str, Vec<u8>); 2] {
    [(PROTOBUF, snappy(&push(lines).encode_to_vec())), (JSON, as_json(lines))]
}

const OWN_TIME: &str = r#"{"method":"GET","path":"/b","status":200}"#;

#[tokio::test]
async fn lines_are_texts_or_access_log_entries_with_the_time_of_the_line() {
    for (kind, body) in encodings(&["hello", "", LINE, OWN_TIME, "hello"]) {
        beside(async |gateway| {
            let line = format!("POST {PATH}");
            let headers = [&*format!("Content-Type: {kind}"), "X-Scope-OrgID: acme"];
            let answer = gateway.send(&line, &headers, &body).await;
            assert_eq!((answer.status, answer.body.len()), (204, 0), "{answer:?}");
            let published = gateway.published().await;
            assert!(published.iter().all(|it| it.tenant == "acme" && it.source == "loki"));
            assert_eq!(requests(&published), ["GET /a", "GET /b"]);
            let logs = published.iter().find(|record| record.kind == "access_log");
            assert!(logs.expect("a batch").data.contains("2025-05-01T10:00:10.000000005Z"));
            let texts: Vec<_> = published.iter().filter(|record| record.kind == "text").collect();
            assert!(texts.len() == 2 && texts.iter().all(|text| text.data == "hello"));
        })
        .await;
    }
}

#[tokio::test]
async fn the_same_push_again_is_the_same_push() {
    for (kind, body) in encodings(&["hello", "hello", LINE]) {
        beside(async |gateway| {
            let send = async |path: &str| {
                assert_eq!(gateway.post(path, kind, &body).await.status, 204);
                gateway.published().await
            };
            let first = send(PATH).await;
            assert_eq!(first.len(), 3, "two equal lines are two");
            assert_eq!(send(PATH).await, first);
            assert_ne!(send("/loki/api/v1/push?dedup=none").await, first);
        })
        .await;
    }
}

#[tokio::test]
async fn entries_that_are_not_valid_are_named_and_the_others_are_taken() {
    let not_utf8 = |body: Vec<u8>| {
        let at = body.windows(3).position(|three| three == b"bad").expect("it is there");
        [&body[..at], b"\xff\xfe\xfd", &body[at + 3..]].concat()
    };
    let strange = String::from_utf8(as_json(&["a", "bad", "b"])).expect("a text");
    let bodies = [
        (PROTOBUF, snappy(&not_utf8(push(&["a", "bad", "b"]).encode_to_vec()))),
        (JSON, not_utf8(as_json(&["a", "bad", "b"]))),
        (JSON, strange.replace("\"bad\"", "{\"a\":5}").into_bytes()),
    ];
    for (kind, body) in &bodies {
        beside(async |gateway| {
            let answer = gateway.post(PATH, kind, body).await;
            assert_eq!(answer.status, 400, "{answer:?}");
            assert!(answer.head.contains("content-type: text/plain"), "{}", answer.head);
            let text = answer.text();
            assert!(text.starts_with("1 of 3 entries were refused") && text.contains("entry 1: "));
            assert_eq!(gateway.texts().await, ["a", "b"]);
        })
        .await;
    }
}

#[tokio::test]
async fn a_push_that_cannot_be_read_is_refused() {
    // Its header says that it has 4 GiB.
    let bomb = [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0; 100]].concat();
    let good = push(&["a"]).encode_to_vec();
    let cases = [
        (PROTOBUF, bomb, 413),
        (PROTOBUF, snappy(&vec![0; 50_000_000]), 413),
        (PROTOBUF, good.clone(), 400),
        (PROTOBUF, snappy(&good[..good.len() - 2]), 400),
        (PROTOBUF, snappy(&good)[..10].to_vec(), 400),
        (JSON, b"{\"streams\":[".to_vec(), 400),
        (JSON, "[".repeat(200_000).into_bytes(), 400),
        (JSON, b"{\"streams\":{}}".to_vec(), 400),
        ("text/plain", good, 415),
    ];
    beside(async |gateway| {
        for (kind, body, status) in cases {
            let answer = gateway.post(PATH, kind, &body).await;
            assert_eq!(answer.status, status, "{kind}: {answer:?}");
        }
        assert_eq!(gateway.published().await, []);
    })
    .await;
}

#[tokio::test]
async fn codings_that_clients_name_are_undone_once() {
    beside(async |gateway| {
        let cases = [
            (PROTOBUF, "snappy", snappy(&push(&["a"]).encode_to_vec())),
            (JSON, "gzip", gzip(&as_json(&["a"]))),
        ];
        for (kind, coding, body) in cases {
            let headers =
                [&*format!("Content-Type: {kind}"), &*format!("Content-Encoding: {coding}")];
            let answer = gateway.send(&format!("POST {PATH}"), &headers, &body).await;
            assert_eq!(answer.status, 204, "{coding}: {answer:?}");
            assert_eq!(gateway.texts().await, ["a"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_takes_nothing_is_503() {
    beside_full(async |gateway| {
        for (kind, body) in encodings(&["a", LINE]) {
            let answer = gateway.post(PATH, kind, &body).await;
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
        }
    })
    .await;
}
