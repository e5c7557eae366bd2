//! Bodies that are compressed or claim to be.

use std::io::Write as _;

use e2e::api::{Api, new_tenant};
use e2e::deployment::Deployment;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::StatusCode;
use serde_json::json;

use super::bodies::LIMIT;
use super::post;

pub(super) async fn a_good_gzip_is_read(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let json = json!({"tenant_id": tenant, "log_id": "json", "text": "one two"}).to_string();
    let cases = [
        ("json", "application/json", "gzip", gzip(json.as_bytes())),
        ("text", "text/plain", "GZIP", gzip(b"one two")),
        ("members", "text/plain", "x-gzip", [gzip(b"one "), gzip(b"two")].concat()),
        ("plain", "text/plain", "identity", b"one two".to_vec()),
    ];
    for (id, kind, encoding, body) in cases {
        let headers = [
            ("content-type", kind),
            ("content-encoding", encoding),
            ("x-tenant-id", &tenant),
            ("x-log-id", id),
        ];
        let answer = post(&api, &headers, body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{id}: {}", answer.body);
        assert_eq!(api.processed_log(&tenant, id).await["original_text"], "one two", "{id}");
    }
}

pub(super) async fn a_broken_gzip_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let good = gzip(b"a text that is long enough to be cut in the middle");
    let mut wrong_sum = good.clone();
    let sum = good.len() - 8;
    wrong_sum[sum] ^= 1;
    let cases = [
        ("nothing", Vec::new()),
        ("no gzip", b"a text".to_vec()),
        ("the head only", good[..10].to_vec()),
        ("cut in the middle", good[..good.len() / 2].to_vec()),
        ("cut at the end", good[..good.len() - 1].to_vec()),
        ("a wrong sum", wrong_sum),
        ("something behind", [&good[..], b"a text"].concat()),
        ("a second member that is cut", [&good[..], &good[..good.len() / 2]].concat()),
    ];
    for (what, body) in cases {
        send(&api, &tenant, "gzip", body).await.assert_problem(what, 400, "invalid-encoding");
    }
    api.assert_untouched(&tenant).await;
}

pub(super) async fn a_gzip_that_is_too_large_on_either_side_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let zeros = gzip(&vec![0; 16 * LIMIT]);
    let cases = [
        ("a bomb", zeros.clone()),
        ("a bomb of many members", zeros.repeat(20)),
        ("one byte too many", gzip(&vec![b'a'; LIMIT + 1])),
        ("no gzip, too large before it is looked at", vec![b'a'; LIMIT + 1]),
    ];
    for (what, body) in cases {
        send(&api, &tenant, "gzip", body).await.assert_problem(what, 413, "too-large");
    }
    api.assert_untouched(&tenant).await;
}

pub(super) async fn an_unknown_encoding_is_refused_with_the_known_ones(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    for encoding in ["br", "gzip, gzip", "gzip;q=1", "\u{fc}"] {
        let answer = send(&api, &tenant, encoding, gzip(b"a text")).await;
        answer.assert_problem(encoding, 415, "unsupported-encoding");
        assert_eq!(answer.headers["accept-encoding"], "gzip, deflate, zstd");
        let types = "application/json, application/x-ndjson, text/plain";
        assert_eq!(answer.headers["accept-post"], types);
    }
    let twice = [
        ("content-type", "text/plain"),
        ("x-tenant-id", &tenant),
        ("content-encoding", "gzip"),
        ("content-encoding", "br"),
    ];
    let answer = post(&api, &twice, gzip(b"a text")).await;
    answer.assert_problem("two headers", 415, "unsupported-encoding");
    api.assert_untouched(&tenant).await;
}

async fn send(api: &Api, tenant: &str, encoding: &str, body: Vec<u8>) -> e2e::api::Answer {
    let headers =
        [("content-type", "text/plain"), ("x-tenant-id", tenant), ("content-encoding", encoding)];
    post(api, &headers, body).await
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).expect("a vector never fails");
    encoder.finish().expect("a vector never fails")
}
