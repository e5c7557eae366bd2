//! Every refusal is counted once by its code, on a deployment that no other test uses.

use e2e::api::{Answer, Api, answer};
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{post, post_as_json, post_as_text};

#[tokio::test]
async fn each_refusal_is_counted_once_by_its_code_embedded() {
    each_refusal_is_counted_once_by_its_code(Deployment::embedded(Vec::new()).await).await;
}

#[tokio::test]
async fn each_refusal_is_counted_once_by_its_code_in_the_cloud() {
    each_refusal_is_counted_once_by_its_code(Deployment::cloud(Vec::new()).await).await;
}

async fn each_refusal_is_counted_once_by_its_code(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let codes = refuse_all(&api).await;
    for (status, code, answer) in &codes {
        answer.assert_problem(code, *status, code);
        let series = format!("spillway_requests_refused_total{{code=\"{code}\"}}");
        assert_eq!(api.metric(&series).await, 1.0, "{series}");
    }
    let accepted = "spillway_records_accepted_total{kind=\"text\",source=\"json_upload\"}";
    assert_eq!(api.metric(accepted).await, 0.0);
    assert_eq!(
        api.post_json(&json!({"tenant_id": "acme", "text": "a"})).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(api.metric(accepted).await, 1.0);
}

/// Sends a request for each code; returns the answers.
async fn refuse_all(api: &Api) -> Vec<(u16, &'static str, Answer)> {
    let of_header = async |name, value: &str| {
        let headers = [("content-type", "application/json"), (name, value)];
        post(api, &headers, json!({"tenant_id": "acme", "log_id": "1", "text": "a"}).to_string())
            .await
    };
    let of = async |body: serde_json::Value| api.post_json(&body).await;
    vec![
        (400, "empty-text", post_as_text(api, "acme", "").await),
        (400, "id-mismatch", of_header("x-log-id", "2").await),
        (400, "invalid-body", of(json!({})).await),
        (400, "invalid-encoding", of_header("content-encoding", "gzip").await),
        (400, "invalid-id", of_header("x-log-id", "a/b").await),
        (400, "invalid-json", post_as_json(api, "{").await),
        (400, "invalid-page-token", api.get("/tenants/acme/quarantine?page_token=x").await),
        (400, "invalid-query", api.get("/tenants/acme/quarantine?limit=x").await),
        (400, "invalid-tenant", of_header("x-tenant-id", "a/b").await),
        (400, "invalid-utf8", post_as_text(api, "acme", b"\xff").await),
        (400, "missing-field", of(json!({"tenant_id": "acme"})).await),
        (400, "missing-tenant", of(json!({"text": "a"})).await),
        (400, "tenant-mismatch", of_header("x-tenant-id", "beta").await),
        (400, "invalid-entries", of(json!([])).await),
        (400, "wrong-type", of(json!(5)).await),
        (404, "not-found", api.get("/nothing").await),
        (405, "method-not-allowed", answer(api.request(Method::PUT, "/ingest")).await),
        (413, "too-large", post_as_text(api, "acme", vec![b'a'; super::bodies::LIMIT + 1]).await),
        (415, "unsupported-encoding", of_header("content-encoding", "br").await),
        (415, "unsupported-media-type", post(api, &[("content-type", "text/html")], "a").await),
    ]
}
