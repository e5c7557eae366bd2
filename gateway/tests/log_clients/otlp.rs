//! `POST /v1/logs`.

use prost::{Message, Oneof};
use serde_json::{Value, json};

use crate::running::{Running, beside, beside_full, beside_with, gzip, requests};

const PATH: &str = "/v1/logs";
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

#[derive(Clone, PartialEq, Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_logs: Vec<ScopeLogs>,
    #[prost(string, tag = "3")]
    schema_url: String,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeLogs {
    #[prost(message, repeated, tag = "2")]
    log_records: Vec<LogRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct LogRecord {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(int32, tag = "2")]
    severity_number: i32,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
    #[prost(fixed32, tag = "8")]
    flags: u32,
    #[prost(bytes = "vec", tag = "9")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "10")]
    span_id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "OfAny", tags = "1, 2, 3, 4, 5, 6, 7")]
    value: Option<OfAny>,
}

#[derive(Clone, PartialEq, Oneof)]
enum OfAny {
    #[prost(string, tag = "1")]
    String(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    #[prost(message, tag = "6")]
    List(KeyValueList),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

/// `ExportLogsServiceResponse`.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_log_records: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn any(value: OfAny) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn string(text: &str) -> Option<AnyValue> {
    any(OfAny::String(text.to_owned()))
}

fn pair(key: &str, value: Option<AnyValue>) -> KeyValue {
    KeyValue { key: key.to_owned(), value }
}

fn text(body: &str) -> LogRecord {
    let time_unix_nano = 1_746_093_610_000_000_000;
    LogRecord { time_unix_nano, severity_number: 9, body: string(body), ..LogRecord::default() }
}

/// What an instrumented server writes about a request that it has answered.
fn request(path: &str) -> LogRecord {
    let attributes = vec![
        pair("http.request.method", string("GET")),
        pair("url.path", string(path)),
        pair("http.response.status_code", any(OfAny::Int(200))),
        pair("user_agent.original", string("curl/8.5.0")),
    ];
    LogRecord { attributes, ..text("answered") }
}

fn export(tenant: Option<&str>, log_records: Vec<LogRecord>) -> Export {
    let tenant = tenant.map(|name| pair("tenant.id", string(name)));
    let service = pair("service.name", string("shop"));
    let attributes = tenant.into_iter().chain([service]).collect();
    let resource = Some(Resource { attributes });
    let scope_logs = vec![ScopeLogs { log_records }];
    Export {
        resource_logs: vec![ResourceLogs { resource, scope_logs, schema_url: "x".to_owned() }],
    }
}

/// The same in the JSON mapping.
fn as_json(export: &Export) -> Value {
    fn value(of: &Option<AnyValue>) -> Value {
        match of.as_ref().and_then(|any| any.value.as_ref()) {
            None => json!({}),
            Some(OfAny::String(text)) => json!({ "stringValue": text }),
            Some(OfAny::Bool(flag)) => json!({ "boolValue": flag }),
            Some(OfAny::Int(number)) => json!({ "intValue": number.to_string() }),
            Some(OfAny::Double(number)) => json!({ "doubleValue": number }),
            Some(OfAny::Array(array)) => {
                let values = array.values.iter().map(|any| value(&Some(any.clone())));
                json!({"arrayValue": {"values": values.collect::<Vec<_>>()}})
            }
            Some(OfAny::List(list)) => json!({"kvlistValue": {"values": pairs(&list.values)}}),
            Some(OfAny::Bytes(_)) => json!({"bytesValue": "AQI="}),
        }
    }
    fn pairs(pairs: &[KeyValue]) -> Vec<Value> {
        pairs.iter().map(|pair| json!({"key": pair.key, "value": value(&pair.value)})).collect()
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let record = |record: &LogRecord| {
        json!({
            "timeUnixNano": record.time_unix_nano.to_string(), "severityNumber": 9,
            "body": value(&record.body), "attributes": pairs(&record.attributes),
            "flags": record.flags, "traceId": hex(&record.trace_id),
            "spanId": hex(&record.span_id), "someday": {"a": [1]},
        })
    };
    let logs = export.resource_logs.iter().map(|logs| {
        let attributes = logs.resource.as_ref().map(|resource| pairs(&resource.attributes));
        let scopes = logs.scope_logs.iter().map(|scope| {
            json!({"scope": {}, "logRecords": scope.log_records.iter().map(record).collect::<Vec<_>>()})
        });
        json!({"resource": {"attributes": attributes}, "scopeLogs": scopes.collect::<Vec<_>>()})
    });
    json!({"resourceLogs": logs.collect::<Vec<_>>()})
}

/// The export in each encoding.
fn encodings(export: &Export) -> [(&'static str, Vec<u8>); 2] {
    [(PROTOBUF, export.encode_to_vec()), (JSON, as_json(export).to_string().into_bytes())]
}

/// How many records were rejected, and why, in the encoding of the answer.
fn partial(kind: &str, body: &[u8]) -> (i64, String) {
    if kind == PROTOBUF {
        let partial = Response::decode(body).expect("a response").partial_success;
        let partial = partial.unwrap_or_default();
        return (partial.rejected_log_records, partial.error_message);
    }
    let body: Value = serde_json::from_slice(body).expect("JSON");
    let partial = &body["partialSuccess"];
    let count = partial["rejectedLogRecords"].as_str().unwrap_or("0").parse();
    (count.expect("a number"), partial["errorMessage"].as_str().unwrap_or_default().to_owned())
}

fn status(kind: &str, body: &[u8]) -> Status {
    if kind == PROTOBUF {
        return Status::decode(body).expect("a status");
    }
    let body: Value = serde_json::from_slice(body).expect("JSON");
    let code = body["code"].as_i64().expect("a code");
    let message = body["message"].as_str().expect("a message").to_owned();
    Status { code: i32::try_from(code).expect("a code"), message }
}

#[tokio::test]
async fn a_record_is_a_text_and_one_about_a_request_is_an_access_log_entry() {
    let values = KeyValueList { values: vec![pair("a", any(OfAny::Int(-1)))] };
    let array = ArrayValue { values: vec![AnyValue { value: Some(OfAny::Bool(true)) }] };
    let traced = LogRecord {
        trace_id: vec![0x5b; 16],
        span_id: vec![0xee; 8],
        flags: 1,
        ..text("with a trace")
    };
    let records = vec![
        traced,
        LogRecord { body: any(OfAny::List(values)), ..text("") },
        LogRecord { body: any(OfAny::Array(array)), ..text("") },
        LogRecord { body: any(OfAny::Double(0.5)), ..text("") },
        LogRecord { body: any(OfAny::Bytes(vec![1, 2])), ..text("") },
        LogRecord { body: None, attributes: vec![pair("k", string("v"))], ..text("") },
        request("/a?x=1"),
        text(crate::running::LINE),
    ];
    for (kind, body) in encodings(&export(Some("acme"), records)) {
        beside(async |gateway| {
            let answer = gateway.post(PATH, kind, &body).await;
            assert_eq!((answer.status, partial(kind, &answer.body).0), (200, 0), "{answer:?}");
            assert!(answer.head.contains(&format!("content-type: {kind}")), "{}", answer.head);
            let published = gateway.published().await;
            assert!(published.iter().all(|it| it.tenant == "acme" && it.source == "otlp"));
            assert_eq!(requests(&published), ["GET /a", "GET /a"], "{published:?}");
            let texts = published.iter().filter(|record| record.kind == "text");
            let mut texts: Vec<_> = texts.map(|record| record.data.as_str()).collect();
            texts.sort_unstable();
            let expected = ["0.5", "AQI=", "[true]", "with a trace", r#"{"a":-1}"#, r#"{"k":"v"}"#];
            assert_eq!(texts, expected);
            let trace = published.iter().find(|record| record.data == "with a trace");
            let expected = format!("00-{}-{}-01", "5b".repeat(16), "ee".repeat(8));
            assert_eq!(trace.and_then(|record| record.traceparent.clone()), Some(expected));
        })
        .await;
    }
}

#[tokio::test]
async fn a_record_without_the_status_of_an_answer_stays_a_text() {
    beside(async |gateway| {
        let mut during = request("/a");
        during.attributes.truncate(2);
        let body = export(None, vec![during]).encode_to_vec();
        assert_eq!(gateway.post(PATH, PROTOBUF, &body).await.status, 200);
        assert_eq!(gateway.texts().await, ["answered"]);
    })
    .await;
}

#[tokio::test]
async fn the_tenant_is_in_a_header_the_query_or_the_resource() {
    beside(async |gateway| {
        let tenant_of = async |path: &str, headers: &[&str], export: &Export| {
            let kind = format!("Content-Type: {PROTOBUF}");
            let headers = [&[kind.as_str()], headers].concat();
            let line = format!("POST {path}");
            let answer = gateway.send(&line, &headers, &export.encode_to_vec()).await;
            let tenants: Vec<_> =
                gateway.published().await.into_iter().map(|record| record.tenant).collect();
            (answer.status, tenants, partial(PROTOBUF, &answer.body).1)
        };
        let one = |name: &str| (200, vec![name.to_owned()], String::new());
        let (plain, of_acme) =
            (export(None, vec![text("a")]), export(Some("acme"), vec![text("a")]));
        assert_eq!(tenant_of(PATH, &[], &plain).await, one("default"));
        assert_eq!(tenant_of(PATH, &["X-Tenant-ID: beta"], &plain).await, one("beta"));
        assert_eq!(tenant_of("/v1/logs?tenant_id=beta", &[], &plain).await, one("beta"));
        assert_eq!(tenant_of(PATH, &[], &of_acme).await, one("acme"));
        assert_eq!(tenant_of(PATH, &["X-Tenant-ID: acme"], &of_acme).await, one("acme"));
        let (status, tenants, why) = tenant_of(PATH, &["X-Tenant-ID: beta"], &of_acme).await;
        assert_eq!((status, tenants.len()), (200, 0));
        assert!(why.contains("tenant.id differs from the tenant elsewhere"), "{why}");
        let (_, tenants, why) = tenant_of(PATH, &[], &export(Some("../x"), vec![text("a")])).await;
        assert!(tenants.is_empty() && why.contains("tenant.id must"), "{why}");
    })
    .await;
}

#[tokio::test]
async fn records_that_are_not_valid_are_counted_and_the_others_are_taken() {
    let not_utf8 = |body: &[u8]| {
        let at = body.windows(3).position(|three| three == b"bad").expect("it is there");
        [&body[..at], b"\xff\xfe\xfd", &body[at + 3..]].concat()
    };
    let deep = (0..80).fold(OfAny::Int(1), |value, _| {
        OfAny::Array(ArrayValue { values: vec![AnyValue { value: Some(value) }] })
    });
    let records = |bad| export(None, vec![text("a"), bad, text("b")]);
    let empty = records(LogRecord::default());
    let deep = records(LogRecord { body: any(deep), ..text("") });
    let strange = as_json(&records(text("bad"))).to_string();
    let cases = [
        (PROTOBUF, empty.encode_to_vec(), "must not be empty"),
        (JSON, as_json(&empty).to_string().into_bytes(), "must not be empty"),
        (PROTOBUF, not_utf8(&records(text("bad")).encode_to_vec()), "is not UTF-8"),
        (JSON, not_utf8(strange.as_bytes()), "is not JSON"),
        (JSON, strange.replace(r#""bad""#, "nul").into_bytes(), "is not JSON"),
        (PROTOBUF, deep.encode_to_vec(), "is nested too deep"),
        (JSON, as_json(&deep).to_string().into_bytes(), "recursion limit exceeded"),
    ];
    for (kind, body, why) in cases {
        beside(async |gateway| {
            let answer = gateway.post(PATH, kind, &body).await;
            let (rejected, message) = partial(kind, &answer.body);
            assert_eq!((answer.status, rejected), (200, 1), "{kind} {why}: {}", answer.text());
            assert!(message.contains("log record 1: ") && message.contains(why), "{message}");
            assert_eq!(gateway.texts().await, ["a", "b"]);
        })
        .await;
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_refused_in_its_own_encoding() {
    let good = export(None, vec![text("a")]);
    let cut = |body: Vec<u8>| body[..body.len() - 4].to_vec();
    let [(_, protobuf), (_, json)] = encodings(&good);
    let deep = "[".repeat(200_000).into_bytes();
    let cases = [
        (PROTOBUF, cut(protobuf.clone()), 400, 3),
        (PROTOBUF, vec![0xff; 1_000], 400, 3),
        (JSON, cut(json), 400, 3),
        (JSON, deep, 400, 3),
        (JSON, br#"{"resourceLogs":5}"#.to_vec(), 400, 3),
        (JSON, protobuf.clone(), 400, 3),
        ("text/plain", protobuf, 415, 12),
    ];
    beside(async |gateway| {
        for (kind, body, http, code) in cases {
            let answer = gateway.post(PATH, kind, &body).await;
            let status = status(kind, &answer.body);
            assert_eq!((answer.status, status.code), (http, code), "{kind}: {answer:?}");
            assert!(!status.message.is_empty());
            assert!(answer.head.contains("x-request-id"), "{}", answer.head);
        }
        assert_eq!(gateway.published().await, []);
    })
    .await;
}

#[tokio::test]
async fn what_is_compressed_is_taken_and_a_bomb_is_not() {
    let headers = [&*format!("Content-Type: {PROTOBUF}"), "Content-Encoding: gzip"];
    beside(async |gateway| {
        let body = gzip(&export(None, vec![text("a")]).encode_to_vec());
        assert_eq!(gateway.send("POST /v1/logs", &headers, &body).await.status, 200);
        assert_eq!(gateway.texts().await, ["a"]);
        let bomb = gzip(&vec![0; 50_000_000]);
        let answer = gateway.send("POST /v1/logs", &headers, &bomb).await;
        assert_eq!((answer.status, status(PROTOBUF, &answer.body).code), (413, 8));
    })
    .await;
}

/// Two bytes for each record, in both encodings: built before they are counted, they would take a
/// gigabyte.
#[tokio::test]
async fn more_records_than_a_request_may_have_are_refused_before_they_are_built() {
    let scope = [0x12, 0x00].repeat(2_000_000);
    let within = |number: u8, message: &[u8]| {
        let mut bytes = vec![number << 3 | 2];
        prost::encoding::encode_varint(message.len() as u64, &mut bytes);
        [bytes, message.to_vec()].concat()
    };
    let protobuf = within(1, &within(2, &scope));
    let records = vec!["{}"; 1_000_000].join(",");
    let json = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#);
    beside(async |gateway| {
        for (kind, body) in [(PROTOBUF, protobuf), (JSON, json.into_bytes())] {
            let answer = gateway.post(PATH, kind, &body).await;
            assert_eq!(answer.status, 413, "{}", answer.text());
            let message = status(kind, &answer.body).message;
            assert!(message.contains("more than 50000 records"), "{message}");
        }
    })
    .await;
}

/// Sends an export with these headers and returns the ids of its texts.
async fn ids(gateway: &Running, path: &str, headers: &[&str]) -> Vec<String> {
    let kind = format!("Content-Type: {PROTOBUF}");
    let body = export(None, vec![text("a"), text("a"), request("/a")]).encode_to_vec();
    let headers = [&[kind.as_str()], headers].concat();
    assert_eq!(gateway.send(&format!("POST {path}"), &headers, &body).await.status, 200);
    gateway.published().await.into_iter().map(|record| record.id).collect()
}

#[tokio::test]
async fn the_same_export_again_is_the_same_only_if_the_client_says_so() {
    beside(async |gateway| {
        for (path, headers, is_same) in [
            (PATH, &[][..], false),
            (PATH, &["Idempotency-Key: k-1"], true),
            ("/v1/logs?dedup=content", &[], true),
        ] {
            let first = ids(&gateway, path, headers).await;
            assert_eq!(first.len(), 3, "two equal texts are two");
            assert_ne!(first[1], first[2]);
            assert_eq!(ids(&gateway, path, headers).await == first, is_same, "{path} {headers:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_takes_nothing_is_a_status_that_exporters_retry() {
    beside_full(async |gateway| {
        for (kind, body) in encodings(&export(None, vec![text("a"), request("/a")])) {
            let answer = gateway.post(PATH, kind, &body).await;
            assert_eq!((answer.status, status(kind, &answer.body).code), (503, 14));
            assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
        }
    })
    .await;
}

#[tokio::test]
async fn a_tenant_that_sends_too_fast_is_told_when_to_come_back() {
    beside_with(&["--tenant-records-per-second", "1"], async |gateway| {
        let body = export(None, vec![text("a"); 50]).encode_to_vec();
        assert_eq!(gateway.post(PATH, PROTOBUF, &body).await.status, 200);
        let answer = gateway.post(PATH, PROTOBUF, &body).await;
        assert_eq!((answer.status, status(PROTOBUF, &answer.body).code), (429, 8));
        assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    })
    .await;
}
