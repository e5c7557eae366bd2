//! `Expect: 100-continue`: the body is asked for when it will be read, and not before.

use e2e::api::{Answer, Api, new_tenant};
use e2e::deployment::Deployment;
use e2e::raw::Raw;
use reqwest::StatusCode;

/// More than any route takes.
const TOO_MUCH: &str = "content-length: 1000000000";

/// The first answer to a request whose client waits for leave to send its body.
async fn ask(raw: &mut Raw, line: &str, headers: &[&str]) -> Answer {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head =
        format!("{line} HTTP/1.1\r\nhost: localhost\r\n{headers}expect: 100-continue\r\n\r\n");
    raw.send(head).await.expect("the head is sent");
    raw.answer().await.expect("an answer")
}

pub(super) async fn a_body_that_would_be_refused_is_not_asked_for(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let (json, html) = ("content-type: application/json", "content-type: text/html");
    let (text, some) = ("content-type: text/plain", "content-length: 10");
    let cases = [
        ("POST /ingest", [text, TOO_MUCH, ""], 413, "too-large"),
        ("POST /event", [json, TOO_MUCH, ""], 413, "too-large"),
        ("POST /events", [json, TOO_MUCH, ""], 413, "too-large"),
        ("POST /logs", [text, TOO_MUCH, ""], 413, "too-large"),
        ("POST /records", [text, TOO_MUCH, ""], 413, "too-large"),
        ("POST /ingest", [html, some, ""], 415, "unsupported-media-type"),
        ("POST /event", [html, some, ""], 415, "unsupported-media-type"),
        ("POST /events", [html, some, ""], 415, "unsupported-media-type"),
        ("POST /logs", [html, some, ""], 415, "unsupported-media-type"),
        ("POST /ingest", [text, some, "content-encoding: br"], 415, "unsupported-encoding"),
        ("POST /nothing", [text, some, ""], 404, "not-found"),
        ("PUT /event", [text, some, ""], 405, "method-not-allowed"),
    ];
    let named = format!("x-tenant-id: {tenant}");
    for (line, headers, status, code) in cases {
        let what = format!("{line} {headers:?}");
        let mut raw = Raw::connect(&deployment.url()).await;
        let headers = headers.into_iter().chain([named.as_str()]).filter(|it| !it.is_empty());
        let answer = ask(&mut raw, line, &headers.collect::<Vec<_>>()).await;
        answer.assert_problem(&what, status, code);
        if status == 415 {
            assert!(answer.headers.contains_key("accept-post"), "{what}");
        }
    }
    // Its errors are text.
    let mut raw = Raw::connect(&deployment.url()).await;
    let refused = ask(&mut raw, "POST /upload", &[html, some, &named]).await;
    assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    api.assert_untouched(&tenant).await;
}

pub(super) async fn a_body_that_is_read_is_asked_for(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let named = format!("x-tenant-id: {tenant}");
    let mut raw = Raw::connect(&deployment.url()).await;
    // One after the other, on one connection.
    for id in ["first", "second"] {
        let id = format!("x-log-id: {id}");
        let headers = ["content-type: text/plain", "content-length: 6", &named, &id];
        assert_eq!(ask(&mut raw, "POST /ingest", &headers).await.status, StatusCode::CONTINUE);
        raw.send("a text").await.expect("the body is sent");
        assert_eq!(raw.answer().await.expect("an answer").status, StatusCode::ACCEPTED);
    }
    let chunked = ["content-type: application/json", "transfer-encoding: chunked", &named];
    assert_eq!(ask(&mut raw, "POST /event", &chunked).await.status, StatusCode::CONTINUE);
    raw.send("1\r\n{\r\n0\r\n\r\n").await.expect("the body is sent");
    raw.answer().await.expect("an answer").assert_problem("half an event", 400, "invalid-json");
    for id in ["first", "second"] {
        assert_eq!(api.processed_log(&tenant, id).await["original_text"], "a text");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_the_token_that_it_needs_is_not_asked_for() {
    let settings = vec![("ADMIN_TOKEN", "the-token-of-the-operator".to_owned())];
    let deployment = Deployment::embedded(settings).await;
    let headers = ["content-type: application/json", "content-length: 2"];
    let mut raw = Raw::connect(&deployment.url()).await;
    let refused = ask(&mut raw, "PUT /tenants/acme/settings", &headers).await;
    refused.assert_problem("no token", 401, "unauthorized");
    let mut raw = Raw::connect(&deployment.url()).await;
    let token = "authorization: Bearer the-token-of-the-operator";
    let headers = [&headers[..], &[token]].concat();
    let asked = ask(&mut raw, "PUT /tenants/acme/settings", &headers).await;
    assert_eq!(asked.status, StatusCode::CONTINUE);
    raw.send("{}").await.expect("the body is sent");
    assert_eq!(raw.answer().await.expect("an answer").status, StatusCode::OK);
}
