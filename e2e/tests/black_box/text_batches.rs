//! Texts as log libraries send them: batches, other names for the text, and objects.

use e2e::api::{Answer, Api, answer, new_tenant};
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

e2e::on_shared_deployments!(
    each_text_of_a_batch_is_a_record_of_its_own_in_every_shape,
    an_item_that_is_not_valid_costs_only_itself,
    a_line_that_is_not_utf8_costs_only_itself,
    a_batch_with_a_key_can_be_sent_again,
    a_batch_without_a_valid_text_is_refused,
    what_is_wrong_with_the_whole_batch_is_refused,
    a_text_is_found_under_the_names_of_log_libraries,
    the_texts_of_a_batch_may_be_of_several_tenants,
    a_strict_batch_is_refused_whole,
    a_batch_has_a_most_of_texts,
);

/// `POST /ingest` with a content type, for a tenant in the header.
async fn post(api: &Api, tenant: &str, kind: &str, query: &str, body: String) -> Answer {
    let request = api.request(Method::POST, &format!("/ingest{query}"));
    let request = request.header("x-tenant-id", tenant).header("content-type", kind);
    answer(request.body(body)).await
}

async fn post_json(api: &Api, tenant: &str, body: &Value) -> Answer {
    post(api, tenant, "application/json", "", body.to_string()).await
}

/// The stored texts of a batch, in its order.
async fn stored(api: &Api, answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let mut texts = Vec::new();
    for log in answer.body["logs"].as_array().expect("a list") {
        let name = |field: &str| log[field].as_str().expect("a name").to_owned();
        let stored = api.processed_log(&name("tenant_id"), &name("log_id")).await;
        texts.push(stored["original_text"].clone());
    }
    texts
}

async fn each_text_of_a_batch_is_a_record_of_its_own_in_every_shape(deployment: &Deployment) {
    let (api, lines) = (
        Api::new(deployment.url()),
        "{\"log_id\":\"a\",\"text\":\"one\"}\n\n{\"msg\":\"two\"}\r\n",
    );
    let items = r#"[{"log_id":"a","text":"one"}, "two"]"#;
    for (kind, body) in [
        ("application/json", items.to_owned()),
        ("application/json", format!("{{\"logs\": {items}}}")),
        ("application/json", lines.to_owned()),
        ("application/x-ndjson", lines.to_owned()),
        ("application/jsonl", format!("\u{feff}{lines}")),
        ("", lines.to_owned()),
        ("application/x-ndjson", items.to_owned()),
    ] {
        let tenant = new_tenant();
        let sent = post(&api, &tenant, kind, "", body.clone()).await;
        assert_eq!(stored(&api, &sent).await, ["one", "two"], "{kind} {body}");
        let second = sent.body["logs"][1]["log_id"].clone();
        let expected = json!({
            "status": "accepted", "batch_id": sent.body["batch_id"], "accepted": 2, "rejected": 0,
            "logs": [
                {"index": 0, "tenant_id": tenant, "log_id": "a", "parts": 1},
                {"index": 1, "tenant_id": tenant, "log_id": second, "parts": 1},
            ],
            "errors": [],
        });
        assert_eq!(sent.body, expected, "{kind} {body}");
        assert_eq!(second.as_str().map(str::len), Some(36));
    }
    let one = r#"{"text":"a"}"#.to_owned();
    let sent = post(&api, &new_tenant(), "application/x-ndjson", "", one).await;
    assert_eq!(stored(&api, &sent).await, ["a"], "one line is a batch of one");
}

/// Three of these are valid.
const ITEMS: [&str; 10] = [
    r#"{"text":"first"}"#,
    r#"{"text":""}"#,
    r#"{"text":"x","tenant_id":"../b","log_id":"a/b"}"#,
    r#"{'text':"x"}"#,
    "7",
    r#"{"text":1e999}"#,
    r#"{"text":"half \ud83d"}"#,
    r#"{"tenant_id":"another","text":"x"}"#,
    "{}",
    r#"{"text":"last"}"#,
];
/// What is wrong with the others.
const WRONG: [(usize, &str, &str); 8] = [
    (1, "text", "must not be empty"),
    (2, "tenant_id", "must contain only A-Z, a-z, 0-9, '.', '_', '-'"),
    (2, "log_id", "must contain only A-Z, a-z, 0-9, '.', '_', ':', '-'"),
    (3, "entry", "is not valid JSON: key must be a string at line 1 column 2"),
    (4, "entry", "must be an object or a string"),
    (5, "entry", "is not valid JSON: number out of range at line 1 column 13"),
    (7, "tenant_id", "differs from the tenant elsewhere in the request"),
    (8, "text", "is required"),
];

async fn an_item_that_is_not_valid_costs_only_itself(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let wrong = WRONG.map(|(at, field, why)| json!({"index": at, "field": field, "reason": why}));
    for (kind, body) in [
        ("application/json", format!("[{}]", ITEMS.join(",\n"))),
        ("application/x-ndjson", ITEMS.join("\n")),
    ] {
        let sent = post(&api, &tenant, kind, "", body).await;
        assert_eq!((&sent.body["accepted"], &sent.body["rejected"]), (&json!(3), &json!(7)));
        assert_eq!(sent.body["errors"], json!(wrong), "{kind}");
        let at = |log: &Value| log["index"].as_u64().expect("a number");
        let places: Vec<_> = sent.body["logs"].as_array().expect("a list").iter().map(at).collect();
        assert_eq!(places, [0, 6, 9]);
        assert_eq!(stored(&api, &sent).await, ["first", "half \u{fffd}", "last"]);
    }
}

async fn a_line_that_is_not_utf8_costs_only_itself(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let torn = [b"{\"text\":\"ok\"}\n{\"text\":\"gr".as_slice(), b"\xf6\xdfe\"}\n"].concat();
    let request = api.request(Method::POST, "/ingest").header("x-tenant-id", &tenant);
    let sent = answer(request.header("content-type", "application/x-ndjson").body(torn)).await;
    assert_eq!(stored(&api, &sent).await, ["ok"], "{}", sent.body);
}

async fn a_batch_with_a_key_can_be_sent_again(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let send = async |key: Option<&str>, texts: &Value| {
        let mut request = api.request(Method::POST, "/ingest").header("x-tenant-id", &tenant);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        answer(request.json(texts)).await
    };
    let texts = json!(["same", "same", {"log_id": "own", "text": "same"}]);
    let first = send(Some("delivery 7"), &texts).await;
    assert_eq!(send(Some("delivery 7"), &texts).await.body, first.body);
    stored(&api, &first).await;
    let other = send(Some("delivery 8"), &json!(["same"])).await;
    assert_ne!(other.body["logs"][0]["log_id"], first.body["logs"][0]["log_id"]);
    let made = send(None, &json!(["same"])).await;
    let again = send(made.body["batch_id"].as_str(), &json!(["same"])).await;
    assert_eq!(again.body, made.body, "the id of a batch is the key to send it again");
    stored(&api, &other).await;
    stored(&api, &made).await;
    api.listed(&tenant, "processed_logs", 5).await;
    assert_eq!(api.all(&tenant, "quarantine").await, [] as [Value; 0]);
}

async fn a_batch_without_a_valid_text_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let ndjson = "application/x-ndjson";
    for (kind, body, detail) in [
        ("application/json", "[]", "The batch has no texts."),
        ("application/json", r#"{"logs": [ ]}"#, "The batch has no texts."),
        (ndjson, "", "The batch has no texts."),
        (ndjson, "\n \r\n", "The batch has no texts."),
        ("application/json", "[1]", "1 text is not valid."),
        (ndjson, "nonsense\n{}", "2 texts are not valid."),
    ] {
        let refused = post(&api, &tenant, kind, "", body.to_owned()).await;
        refused.assert_problem(body, 400, "invalid-entries");
        assert_eq!(refused.body["detail"], detail, "{body}");
    }
    api.assert_untouched(&tenant).await;
}

async fn what_is_wrong_with_the_whole_batch_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let json = "application/json";
    for body in [r#"["a""#, r#"["a"] "b""#, r#"["a}"#, "{\"text\":\"a\"}{\"text\":\"b\"}"] {
        let refused = post(&api, &tenant, json, "", body.to_owned()).await;
        refused.assert_problem(body, 400, "invalid-json");
    }
    let mismatch = json!({"tenant_id": "another", "logs": ["a"]});
    let refused = post_json(&api, &tenant, &mismatch).await;
    refused.assert_problem("two tenants", 400, "tenant-mismatch");
    let refused = answer(api.request(Method::POST, "/ingest").json(&json!(["a"]))).await;
    refused.assert_problem("no tenant", 400, "invalid-entries");
    assert_eq!(refused.fields(), ["tenant_id"]);
    let request = api.request(Method::POST, "/ingest").header("x-tenant-id", &tenant);
    let refused = answer(request.header("x-log-id", "1").json(&json!(["a", "b"]))).await;
    refused.assert_problem("one id for two texts", 400, "invalid-id");
    assert_eq!(refused.fields(), ["X-Log-ID"]);
    api.assert_untouched(&tenant).await;
}

async fn a_text_is_found_under_the_names_of_log_libraries(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    for (id, mut body, text) in [
        ("pino", json!({"level": 30, "time": 1, "msg": "to 10.0.0.1"}), "to 10.0.0.1"),
        ("winston", json!({"level": "info", "message": "up"}), "up"),
        ("docker", json!({"log": "up\n", "stream": "stdout"}), "up\n"),
        ("otlp", json!({"body": "up", "severity": 9}), "up"),
        ("text first", json!({"message": "b", "text": "a"}), "a"),
        ("an object", json!({"text": {"z": 1, "a": [null]}}), r#"{"z":1,"a":[null]}"#),
        ("a number", json!({"msg": 5}), "5"),
        ("no text", json!({"z": 1, "event": "login"}), r#"{"z":1,"event":"login"}"#),
    ] {
        let id = id.replace(' ', "-");
        body["tenant_id"] = json!(tenant);
        body["log_id"] = json!(id);
        let sent = api.post_json(&body).await;
        let single = json!({"status": "accepted", "tenant_id": tenant, "log_id": id, "parts": 1});
        assert_eq!(sent.body, single, "{body}");
        assert_eq!(api.processed_log(&tenant, &id).await["original_text"], text, "{body}");
    }
}

async fn the_texts_of_a_batch_may_be_of_several_tenants(deployment: &Deployment) {
    let (api, one, other) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    let texts = json!([
        {"tenant_id": one, "log_id": "1", "text": "of one"},
        {"tenant_id": other, "log_id": "1", "text": "of the other"},
        {"log_id": "2", "text": "of nobody"},
    ]);
    let sent = api.post_json(&texts).await;
    assert_eq!(stored(&api, &sent).await, ["of one", "of the other"]);
    let error = json!([{"index": 2, "field": "tenant_id",
        "reason": "is required; the header X-Tenant-ID may name it too"}]);
    assert_eq!(sent.body["errors"], error);
    let sent = api.post_json(&json!({"tenant_id": one, "logs": [{"log_id": 3, "log": "x"}]})).await;
    assert_eq!(sent.body["logs"][0]["tenant_id"], one);
    assert_eq!(stored(&api, &sent).await, ["x"]);
}

async fn a_strict_batch_is_refused_whole(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let body = r#"["a", ""]"#;
    let strict = post(&api, &tenant, "application/json", "?strict=true", body.to_owned()).await;
    strict.assert_problem(body, 400, "invalid-entries");
    assert_eq!(strict.body["errors"][0]["index"], 1);
    for kind in ["text/plain", "application/json"] {
        let neither = post(&api, &tenant, kind, "?strict=maybe", r#"{"text": "a"}"#.into()).await;
        neither.assert_problem(kind, 400, "invalid-query");
    }
    api.assert_untouched(&tenant).await;
}

async fn a_batch_has_a_most_of_texts(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let refused = post_json(&api, &tenant, &json!(vec!["a"; 10_001])).await;
    refused.assert_problem("10,001 texts", 413, "too-large");
    api.assert_untouched(&tenant).await;
}
