//! The OpenAPI document is the one that is served, and its examples are true: sent as they are
//! printed, they are stored under the ids and with the digests that the document shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use e2e::api::{Answer, Api, answer, eventually};
use e2e::deployment::Deployment;
use regex::Regex;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::repository;

/// The tenant of all examples.
const TENANT: &str = "acme";
/// A conflict with the text of `boot-1`: the document shows it in quarantine.
const CONFLICT: &str = "another text";

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_served_as_it_is_committed() {
    let committed = fs::read_to_string(repository("docs/openapi.json")).expect("docs/openapi.json");
    let deployment = Deployment::embedded(Vec::new()).await;
    let url = format!("{}/openapi.json", deployment.url());
    let answer = reqwest::get(url).await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.text().await.expect("a body"), committed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_openapi_document_are_true() {
    let examples = Examples::read();
    let deployment = Deployment::embedded(Vec::new()).await;
    let api = Api::new(deployment.url());
    let mut answers = send_all(&api, &examples).await;
    answers.extend(read_all(&api, &examples).await);
    let said = answers.iter().map(Value::to_string).collect::<String>();
    for made in examples.digests_and_tokens() {
        assert!(said.contains(&made), "no answer has {made}, which an example shows");
    }
}

/// Sends each request that names a record, and compares the answers.
async fn send_all(api: &Api, examples: &Examples) -> Vec<Value> {
    let text = |id: &'static str| vec![("x-tenant-id", TENANT), ("x-log-id", id)];
    let key = vec![("x-tenant-id", TENANT), ("idempotency-key", "batch-1")];
    let json = "application/json";
    let order = send(api, "/ingest", json, &examples.request("/ingest", json), &[]).await;
    assert_shows(&order, &examples.answer("post", "/ingest", 202), "/ingest");
    let boot = examples.request("/ingest", "text/plain");
    send(api, "/ingest", "text/plain", &boot, &text("boot-1")).await;
    // The first text must be stored before the second one is a conflict.
    api.processed_log(TENANT, "boot-1").await;
    send(api, "/ingest", "text/plain", &CONFLICT.into(), &text("boot-1")).await;
    send(api, "/logs", json, &examples.request("/logs", json), &key).await;
    send_events(api, examples).await;
    vec![order]
}

/// Sends each event of the document, and compares the answer where it shows one.
async fn send_events(api: &Api, examples: &Examples) {
    let (events, answers) = (examples.requests("/event"), examples.answers("post", "/event", 202));
    for (name, event) in &events {
        let sent = send(api, "/event", "application/json", event, &[]).await;
        if let Some(shown) = answers.get(name) {
            assert_shows(&sent, shown, name);
        }
    }
    assert!(answers.keys().all(|name| events.contains_key(name)), "{answers:?} are of no event");
}

/// Reads each stored record of the document, once it is there, and compares it.
async fn read_all(api: &Api, examples: &Examples) -> Vec<Value> {
    let reads = [
        ("/tenants/{tenant}/processed_logs/{log_id}", "/tenants/acme/processed_logs/order-7"),
        ("/tenants/{tenant}/processed_logs", "/tenants/acme/processed_logs?limit=1"),
        ("/tenants/{tenant}/log_batches/{batch_id}", "/tenants/acme/log_batches/batch-1"),
        ("/tenants/{tenant}/quarantine", "/tenants/acme/quarantine?limit=1"),
    ];
    let mut answers = read_events(api, examples).await;
    for (operation, path) in reads {
        let stored = stored(api, path).await;
        assert_shows(&stored, &examples.answer("get", operation, 200), path);
        answers.push(stored);
    }
    answers
}

/// Reads each event of the document, then the listing, which has all of them.
async fn read_events(api: &Api, examples: &Examples) -> Vec<Value> {
    let mut answers = Vec::new();
    for (name, event) in examples.answers("get", "/tenants/{tenant}/events/{event_id}", 200) {
        let id = event["event_id"].as_str().expect("an id");
        let stored = stored(api, &format!("/tenants/{TENANT}/events/{id}")).await;
        assert_shows(&stored, &event, &name);
        answers.push(stored);
    }
    let path = format!("/tenants/{TENANT}/events");
    let listed = stored(api, &path).await;
    assert_shows(&listed, &examples.answer("get", "/tenants/{tenant}/events", 200), &path);
    answers.push(listed);
    answers
}

/// What is read at the path, once it is there.
async fn stored(api: &Api, path: &str) -> Value {
    eventually(&format!("{path} is stored"), async || {
        let Answer { status, body, .. } = api.get(path).await;
        (status == StatusCode::OK && body["quarantine"] != Value::Array(vec![])).then_some(body)
    })
    .await
}

async fn send(
    api: &Api,
    path: &str,
    media_type: &str,
    body: &Value,
    headers: &[(&str, &str)],
) -> Value {
    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    let mut request = api.request(Method::POST, path).header("content-type", media_type).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = answer(request).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{path}: {}", answer.body);
    answer.body
}

/// The answer has everything that the example shows, except that its times are others.
fn assert_shows(answer: &Value, example: &Value, what: &str) {
    match (answer, example) {
        (Value::Object(answer), Value::Object(example)) => {
            let is_time = |name: &str| name.ends_with("_at") || name == "first_seen";
            for (name, shown) in example.iter().filter(|(name, _)| !is_time(name)) {
                let field = format!("{what}: {name}");
                assert_shows(answer.get(name).unwrap_or(&Value::Null), shown, &field);
            }
        }
        (Value::Array(answer), Value::Array(example)) => {
            assert_eq!(answer.len(), example.len(), "{what}");
            answer.iter().zip(example).for_each(|(one, shown)| assert_shows(one, shown, what));
        }
        _ => assert_eq!(answer, example, "{what}"),
    }
}

/// The examples of the committed document.
struct Examples(Value);

impl Examples {
    fn read() -> Self {
        let text = fs::read(repository("docs/openapi.json")).expect("docs/openapi.json");
        Self(serde_json::from_slice(&text).expect("JSON"))
    }

    fn request(&self, path: &str, media_type: &str) -> Value {
        let content = &self.0["paths"][path]["post"]["requestBody"]["content"];
        shown(&content[media_type], path)
    }

    fn answer(&self, method: &str, path: &str, status: u16) -> Value {
        let answers = &self.0["paths"][path][method]["responses"];
        shown(&answers[status.to_string()]["content"]["application/json"], path)
    }

    /// The JSON requests of an operation, by the names of the examples.
    fn requests(&self, path: &str) -> BTreeMap<String, Value> {
        let body = &self.0["paths"][path]["post"]["requestBody"];
        named(&body["content"]["application/json"], path)
    }

    /// The answers of an operation, by the names of the examples.
    fn answers(&self, method: &str, path: &str, status: u16) -> BTreeMap<String, Value> {
        let answer = &self.0["paths"][path][method]["responses"][status.to_string()];
        named(&answer["content"]["application/json"], path)
    }

    /// What no author can make up: digests, ids that are hashes, and page tokens.
    fn digests_and_tokens(&self) -> BTreeSet<String> {
        let made =
            Regex::new(r#""([0-9a-f]{64})"|"next_page_token":"([^"]+)""#).expect("a pattern");
        let paths = self.0["paths"].to_string();
        let found = made.captures_iter(&paths).filter_map(|it| it.get(1).or_else(|| it.get(2)));
        let found: BTreeSet<_> = found.map(|it| it.as_str().to_owned()).collect();
        assert!(found.len() > 4, "the document shows only {found:?}");
        found
    }
}

fn named(media_type: &Value, path: &str) -> BTreeMap<String, Value> {
    let examples = media_type["examples"].as_object();
    let examples = examples.unwrap_or_else(|| panic!("{path} has no examples"));
    examples.iter().map(|(name, example)| (name.clone(), example["value"].clone())).collect()
}

fn shown(media_type: &Value, path: &str) -> Value {
    let example = media_type.get("example").cloned();
    example.unwrap_or_else(|| panic!("{path} has no example"))
}
