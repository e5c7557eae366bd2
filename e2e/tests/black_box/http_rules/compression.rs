//! Large answers of reads are compressed for clients that take gzip, and nothing else is.

use std::io::Read as _;

use e2e::api::{Api, answer, new_tenant};
use e2e::deployment::Deployment;
use flate2::read::GzDecoder;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// How many events fill a large answer.
const EVENTS: usize = 40;

/// Stores events of a new site.
async fn site(api: &Api) -> String {
    let site = new_tenant();
    for number in 0..EVENTS {
        let event = json!({
            "site_id": site, "event_type": "click", "event_id": format!("e-{number}"),
            "user_id": "ann", "timestamp": "2025-05-01T12:00:00Z",
        });
        let sent = answer(api.request(Method::POST, "/event").json(&event)).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    }
    api.listed(&site, "events", EVENTS).await;
    site
}

/// Reads with a client that unpacks nothing.
async fn get(deployment: &Deployment, path: &str, encodings: &str) -> (HeaderMap, Vec<u8>) {
    let client = Client::builder().no_gzip().build().expect("a client");
    let request = client.get(format!("{}{path}", deployment.url()));
    let answer = request.header("accept-encoding", encodings).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    let headers = answer.headers().clone();
    (headers, answer.bytes().await.expect("a body").to_vec())
}

/// The body, which must be compressed.
fn unpacked(what: &str, (headers, body): &(HeaderMap, Vec<u8>)) -> String {
    assert_eq!(headers["content-encoding"], "gzip", "{what}");
    let mut text = String::new();
    GzDecoder::new(&body[..]).read_to_string(&mut text).expect("gzip");
    text
}

fn assert_plain(what: &str, (headers, _): &(HeaderMap, Vec<u8>)) {
    assert!(!headers.contains_key("content-encoding"), "{what}");
    assert_eq!(headers["vary"], "accept-encoding", "{what}");
}

pub(super) async fn a_large_answer_is_compressed_for_clients_that_take_it(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    let site = site(&api).await;
    let large = format!("/tenants/{site}/events?limit={EVENTS}");
    let plain = get(deployment, &large, "identity").await;
    assert_plain("a client that takes none", &plain);
    let packed = get(deployment, &large, "br, gzip;q=0.5").await;
    assert_eq!(packed.0["vary"], "accept-encoding");
    assert_eq!(packed.0["content-length"], packed.1.len().to_string());
    assert_eq!(unpacked(&large, &packed).as_bytes(), plain.1);
    assert!(packed.1.len() < plain.1.len() / 3, "{} of {}", packed.1.len(), plain.1.len());
    assert_plain("a client that refuses it", &get(deployment, &large, "gzip;q=0").await);
    let small = format!("/tenants/{site}/events?limit=1");
    assert_plain("a small answer", &get(deployment, &small, "gzip").await);
}

/// The path of a record stays as short as it is, whatever the client takes.
pub(super) async fn an_answer_to_a_post_is_never_compressed(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let texts = vec!["a text"; 100];
    let sent = api.request(Method::POST, "/ingest").header("accept-encoding", "gzip");
    let sent = answer(sent.header("x-tenant-id", &tenant).json(&texts)).await;
    assert_eq!((sent.status, &sent.body["accepted"]), (StatusCode::ACCEPTED, &json!(100)));
    for header in ["content-encoding", "vary"] {
        let said = sent.headers.get(header).and_then(|value| value.to_str().ok());
        assert!(!said.unwrap_or_default().contains("encoding"), "{header}: {said:?}");
    }
}

/// Only a server that its own machine alone reaches gives it away without a token.
#[tokio::test]
async fn an_export_is_compressed_while_it_is_written() {
    let deployment = e2e::deployment::embedded();
    let site = site(&Api::new(deployment.url())).await;
    let path = format!("/tenants/{site}/export");
    let (plain, packed) =
        (get(deployment, &path, "identity").await, get(deployment, &path, "gzip").await);
    assert_plain("a client that takes none", &plain);
    let lines = |text: &str| -> Vec<Value> {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let exported = lines(&unpacked(&path, &packed));
    assert!(exported.len() > EVENTS, "{}", exported.len());
    assert_eq!(exported, lines(std::str::from_utf8(&plain.1).expect("UTF-8")));
}
