//! `POST /records`, with the bodies of the shippers that it is for.

use serde_json::json;

use crate::running::{LINE, Published, beside, beside_full, gzip, requests};

const PATH: &str = "/records?tenant_id=acme";
const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";

fn texts(published: &[Published]) -> Vec<&str> {
    let texts = published.iter().filter(|it| it.kind == "text").map(|it| it.data.as_str());
    let mut texts: Vec<_> = texts.collect();
    texts.sort_unstable();
    texts
}

#[tokio::test]
async fn what_each_shipper_posts_is_texts_and_access_log_entries() {
    let hello = json!({"date": 1_746_093_610.5, "log": "hello\n"}).to_string();
    let line = json!({"date": 1_746_093_610.5, "log": format!("{LINE}\n")}).to_string();
    let docker = |log: &str| {
        json!({"log": log, "stream": "stdout", "time": "2005-05-01T10:00:10.1Z"}).to_string()
    };
    let syslog = "<134>May  1 10:00:10 web1 nginx: ";
    let bodies = [
        ("Fluent Bit, json", JSON, format!("[{hello},{line}]")),
        ("Fluent Bit, json_lines", NDJSON, format!("{hello}\n{line}\n")),
        ("Fluent Bit, json_stream", JSON, format!("{hello}{line}")),
        ("fluentd", NDJSON, format!("{hello}\n{line}\n")),
        (
            "Vector, json",
            JSON,
            format!("[{},{}]", json!({"message": "hello"}), json!({"message": LINE})),
        ),
        ("Vector, text", "text/plain", format!("hello\n{LINE}\n")),
        ("syslog-ng", "application/x-www-form-urlencoded", format!("hello\n{syslog}{LINE}")),
        ("rsyslog", JSON, format!("{}\n{}", json!({"msg": "hello"}), json!({"msg": LINE}))),
        ("Docker", NDJSON, format!("{}\n{}\n", docker("hello\n"), docker(&format!("{LINE}\n")))),
        ("Docker's file", "text/plain", format!("{}\n{}", docker("hello\n"), docker(LINE))),
        ("curl", "", format!("hello\n\n{LINE}\n")),
        ("pino", JSON, json!({"logs": [{"msg": "hello"}, {"msg": LINE}]}).to_string()),
    ];
    for (shipper, kind, body) in bodies {
        beside(async |gateway| {
            let answer = gateway.post(PATH, kind, body.as_bytes()).await;
            assert_eq!(answer.status, 200, "{shipper}: {answer:?}");
            let json = answer.json();
            let counts = ["texts", "entries", "rejected"].map(|name| json[name].as_u64());
            assert_eq!(counts, [Some(1), Some(1), Some(0)], "{shipper}: {json}");
            let published = gateway.published().await;
            assert!(published.iter().all(|it| it.tenant == "acme" && it.source == "records"));
            assert_eq!(requests(&published), ["GET /a"], "{shipper}");
            assert_eq!(texts(&published), ["hello"], "{shipper}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_record_may_name_its_tenant_and_its_id() {
    beside(async |gateway| {
        let body = json!({"tenant_id": "beta", "logs": [
            {"msg": "a", "log_id": "1"}, {"msg": "b", "tenant_id": "beta"}, "c",
        ]});
        let answer = gateway.post("/records", JSON, body.to_string().as_bytes()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let published = gateway.published().await;
        assert!(published.iter().all(|record| record.tenant == "beta"), "{published:?}");
        assert!(published.iter().any(|record| record.id == "1" && record.data == "a"));

        let body = r#"[{"msg":"a","tenant_id":"acme"},{"msg":"b","tenant_id":"beta"}]"#;
        let answer = gateway.post(PATH, JSON, body.as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["rejected"]), (200, &json!(1)));
        assert_eq!(gateway.texts().await, ["a"]);
    })
    .await;
}

#[tokio::test]
async fn records_that_are_not_valid_are_listed_and_the_others_are_taken() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let long = format!("\"{}\"", "x".repeat((4 << 20) + 1));
    for bad in ["{\"msg\":}", "5", "{}", "\"\"", &deep, &long] {
        for body in [format!("[\"a\",{bad},\"b\"]"), format!("\"a\"\n{bad}\n\"b\"")] {
            beside(async |gateway| {
                let answer = gateway.post(PATH, JSON, body.as_bytes()).await;
                let json = answer.json();
                assert_eq!(
                    (answer.status, &json["rejected"]),
                    (200, &json!(1)),
                    "{bad:.30}: {json}"
                );
                assert_eq!(json["errors"][0]["index"], 1, "{bad:.30}");
                assert_eq!(gateway.texts().await, ["a", "b"], "{bad:.30}");
            })
            .await;
        }
    }
    beside(async |gateway| {
        let answer = gateway.post(PATH, "text/plain", b"a\n\xff\xfe\nb").await;
        assert_eq!((answer.status, &answer.json()["rejected"]), (200, &json!(0)));
        assert_eq!(gateway.texts().await, ["a", "b", "ÿþ"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_json_to_all_is_read_as_its_program_meant_it() {
    let entry = r#""time":"2025-05-17T10:05:03Z","method":"GET","status":200"#;
    let azure = r#""time":"2025-05-17T10:05:03Z","properties":{"httpMethod":"GET","requestUri":"/a","httpStatus":200}"#;
    let records = r#"{"records":[{"a":1},{"a":2}]}"#;
    for (body, entries, expected) in [
        (format!(r#"{{{entry},"uri":"/a?b=\x22c\x22"}}"#), &["GET /a"][..], &[][..]),
        (r#"{"msg":"caf\xc3\xa9 \x22"}"#.to_owned(), &[], &["café \""]),
        (r#"{"a":"\x22"}"#.to_owned(), &[], &[r#"{"a":"\""}"#]),
        (r#"{"MESSAGE":[97,27,98]}"#.to_owned(), &[], &[r#"{"MESSAGE":"a\u001bb"}"#]),
        (format!(r#"{{"records":[{{{azure}}},{{{azure}}}]}}"#), &["GET /a", "GET /a"], &[]),
        (records.to_owned(), &[], &[r#"{"a":1}"#, r#"{"a":2}"#]),
        (r#"{"records":["a"],"b":1}"#.to_owned(), &[], &[r#"{"records":["a"],"b":1}"#]),
    ] {
        beside(async |gateway| {
            let answer = gateway.post(PATH, JSON, body.as_bytes()).await;
            assert_eq!(answer.status, 200, "{body}: {answer:?}");
            let published = gateway.published().await;
            assert_eq!(requests(&published), entries, "{body}");
            assert_eq!(texts(&published), expected, "{body}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_request_without_a_valid_record_is_a_problem() {
    beside(async |gateway| {
        let msgpack = [0x92, 0xd7, 0x00];
        let cases = [
            (JSON, &b"[]"[..], 400, "invalid-entries"),
            (JSON, b"{", 400, "invalid-entries"),
            (JSON, b"\xff\xff", 400, "invalid-entries"),
            ("text/plain", b"\n\n", 400, "invalid-entries"),
            ("application/msgpack", &msgpack, 415, "unsupported-media-type"),
        ];
        for (kind, body, status, code) in cases {
            let answer = gateway.post(PATH, kind, body).await;
            assert_eq!(
                (answer.status, &answer.json()["code"]),
                (status, &json!(code)),
                "{answer:?}"
            );
        }
        let bomb = gzip(&vec![b'\n'; 50_000_000]);
        let headers = ["Content-Type: text/plain", "Content-Encoding: gzip"];
        assert_eq!(gateway.send("POST /records", &headers, &bomb).await.status, 413);
        assert_eq!(gateway.published().await, []);
    })
    .await;
}

#[tokio::test]
async fn as_many_entries_as_fit_are_taken_and_10_000_texts() {
    beside(async |gateway| {
        let lines = format!("{LINE}\n").repeat(20_000);
        let answer = gateway.post(PATH, "text/plain", lines.as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["entries"]), (200, &json!(20_000)));
        assert_eq!(requests(&gateway.published().await).len(), 20_000);
        let texts = "a\n".repeat(10_001);
        let answer = gateway.post(PATH, "text/plain", texts.as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["code"]), (413, &json!("too-large")));
        let answer = gateway.post(PATH, "text/plain", "a\n".repeat(10_000).as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["texts"]), (200, &json!(10_000)));
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_takes_nothing_is_503_with_the_key_to_send_again() {
    beside_full(async |gateway| {
        let answer = gateway.post(PATH, "text/plain", b"a\nb").await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.json()["batch_id"].is_string() && answer.head.contains("retry-after: 1"));
    })
    .await;
}
