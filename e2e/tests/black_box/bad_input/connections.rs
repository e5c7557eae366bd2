//! Clients that are slow, hang up, or do not speak HTTP.

use std::time::{Duration, Instant};

use e2e::api::{Answer, Api, new_tenant};
use e2e::deployment::{self, Deployment};
use e2e::raw::{Raw, exchange};
use futures::future::join_all;
use reqwest::StatusCode;

/// Both modes at once, because it takes ten seconds.
#[tokio::test]
async fn a_slow_body_times_out_in_both_modes() {
    tokio::join!(give_up(deployment::embedded()), give_up(deployment::cloud()));
}

async fn give_up(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let began = Instant::now();
    let (silent, trickling) =
        tokio::join!(silence(deployment, &tenant), trickle(deployment, &tenant));
    silent.assert_problem("silence", 408, "slow-body");
    trickling.assert_problem("a trickle", 408, "slow-body");
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    api.assert_untouched(&tenant).await;
}

async fn silence(deployment: &Deployment, tenant: &str) -> Answer {
    let answer = exchange(&deployment.url(), head(tenant, "content-length: 100")).await;
    answer.expect("an answer")
}

/// Sends a byte every second, so that there is never a long silence.
async fn trickle(deployment: &Deployment, tenant: &str) -> Answer {
    let mut raw = Raw::connect(&deployment.url()).await;
    raw.send(head(tenant, "content-length: 100")).await.expect("the head is sent");
    while !raw.is_answered(Duration::from_secs(1)).await {
        raw.send("a").await.expect("the server listens until it answers");
    }
    raw.answer().await.expect("an answer")
}

/// What was received must not count as the whole body.
pub(super) async fn a_body_that_ends_early_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    for length in ["content-length: 100", "transfer-encoding: chunked"] {
        let mut raw = Raw::connect(&deployment.url()).await;
        raw.send(head(&tenant, length) + "8\r\nhalf a b").await.expect("the head is sent");
        raw.end().await.expect("the connection is open");
        raw.answer().await.expect("an answer").assert_problem(length, 400, "invalid-body");
    }
    api.assert_untouched(&tenant).await;
}

pub(super) async fn a_body_whose_chunks_are_broken_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    for body in [
        "zz\r\na\r\n0\r\n\r\n",
        "-1\r\na\r\n0\r\n\r\n",
        "1\r\nabc\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
    ] {
        let request = head(&tenant, "transfer-encoding: chunked") + body;
        let answer = exchange(&deployment.url(), request).await.expect("an answer");
        answer.assert_problem(body, 400, "invalid-body");
    }
    api.assert_untouched(&tenant).await;
}

/// There is no HTTP request to answer with a problem: 400 or a closed connection is enough.
pub(super) async fn garbage_on_a_socket_does_not_stop_the_server(deployment: &Deployment) {
    let (api, tenant, url) = (Api::new(deployment.url()), new_tenant(), deployment.url());
    let get = |headers: &str| format!("GET /health HTTP/1.1\r\n{headers}\r\n\r\n").into_bytes();
    let both = "content-length: 1\r\ntransfer-encoding: chunked";
    let cases = [
        b"\0".repeat(10_000),
        b"\r\n".repeat(10_000),
        b"a".repeat(1 << 20),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(100),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET /health HTTP/9.9\r\n\r\n".to_vec(),
        b"GET \xff\xfe HTTP/1.1\r\n\r\n".to_vec(),
        b"get /health\r\n\r\n".to_vec(),
        get(&"a: b\r\n".repeat(10_000)),
        get(&format!("a: {}", "b".repeat(1 << 20))),
        get("a\0b: c"),
        get("x-tenant-id: a\0b"),
        get("content-length: -1"),
        get("content-length: 1\r\ncontent-length: 2"),
        head(&tenant, "content-length: 99999999999999999999").into_bytes(),
        (head(&tenant, both) + "1\r\na\r\n0\r\n\r\n").into_bytes(),
    ];
    for request in cases {
        let what = String::from_utf8_lossy(&request[..request.len().min(80)]).into_owned();
        let mut raw = Raw::connect(&url).await;
        drop(raw.send(request).await);
        drop(raw.end().await);
        let status = raw.answer().await.map(|answer| answer.status);
        assert!(status.is_none_or(|status| status.is_client_error()), "{what:?}: {status:?}");
    }
    api.assert_untouched(&tenant).await;
}

pub(super) async fn a_thousand_idle_connections_do_not_stop_the_server(deployment: &Deployment) {
    let (api, url) = (Api::new(deployment.url()), deployment.url());
    let idle = join_all((0..1_000).map(|_| Raw::connect(&url))).await;
    assert_eq!(api.get("/health").await.status, StatusCode::OK);
    api.assert_untouched(&new_tenant()).await;
    assert_eq!(idle.len(), 1_000);
}

/// The head of a request with this header for the length of its body.
fn head(tenant: &str, length: &str) -> String {
    format!(
        "POST /ingest HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n\
         x-tenant-id: {tenant}\r\n{length}\r\n\r\n"
    )
}
