//! Texts end to end: each is stored once, whole and redacted, and can be read back.

use common::processed_log;
use common::record::RecordId;
use common::store::{Document, MAX_DOCUMENT_BYTES};
use common::tenant::TenantId;
use e2e::api::{Api, eventually};
use e2e::deployment::{Deployment, Settings};
use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

e2e::in_both_modes!(
    quick;
    a_text_is_stored_alike_from_json_and_from_plain_text,
    an_idempotency_key_names_the_record_and_without_one_the_id_is_random,
    the_same_request_a_hundred_times_at_once_is_one_document,
    of_a_hundred_texts_with_one_id_one_is_stored_whole_and_the_others_are_conflicts,
    a_large_dump_is_processed_in_parts_and_reads_back_byte_for_byte,
    the_document_of_a_long_text_has_its_texts_once_it_is_processed,
    a_text_sent_many_times_at_once_in_parts_is_one_whole_document,
    a_listing_has_all_logs_page_by_page_without_texts,
    an_unknown_log_is_not_found,
);

fn quick() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0.0001".to_owned())]
}

async fn a_text_is_stored_alike_from_json_and_from_plain_text(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let text = "User 555-0199 accessed...";
    let json = json!({"tenant_id": "acme", "log_id": "123", "text": text});
    let answer = api.post_json(&json).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let expected = json!({"status": "accepted", "tenant_id": "acme", "log_id": "123", "parts": 1});
    assert_eq!(answer.body, expected);
    let request = api.request(reqwest::Method::POST, "/ingest");
    let request = request.header("content-type", "text/plain").header("x-tenant-id", "acme");
    let answer = e2e::api::answer(request.body(text)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let made = answer.body["log_id"].as_str().expect("an id").to_owned();

    for (id, source) in [("123", "json_upload"), (&*made, "text_upload")] {
        let log = api.processed_log("acme", id).await;
        assert_eq!(log["source"], source);
        assert_eq!(log["original_text"], text);
        assert_eq!(log["modified_data"], "User [REDACTED] accessed...");
        assert_eq!(log["characters"], 25);
        assert_eq!(log["redactions"], 1);
        for time in ["processed_at", "received_at"] {
            let time = log[time].as_str().expect("a time");
            chrono::DateTime::parse_from_rfc3339(time).expect("RFC 3339");
        }
    }
}

async fn an_idempotency_key_names_the_record_and_without_one_the_id_is_random(
    deployment: Deployment,
) {
    let api = Api::new(deployment.url());
    let keyed = async || {
        let request = api.request(reqwest::Method::POST, "/ingest");
        let request = request.header("idempotency-key", "\"delivery 7\"");
        e2e::api::answer(request.json(&json!({"tenant_id": "acme", "text": "hello"}))).await
    };
    let (one, other) = (keyed().await.body, keyed().await.body);
    assert_eq!(one["log_id"], other["log_id"]);
    let made = api.post_json(&json!({"tenant_id": "acme", "text": "hello"})).await.body;
    assert_ne!(made["log_id"], one["log_id"]);
    api.listed("acme", "processed_logs", 2).await;
}

async fn the_same_request_a_hundred_times_at_once_is_one_document(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let answers = join_all((0..100).map(|_| api.ingest_json("acme", "same", "hello"))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED));
    settled(&deployment, 100.0).await;
    assert_eq!(api.all("acme", "processed_logs").await.len(), 1);
    assert_eq!(api.all("acme", "quarantine").await.len(), 0);
}

async fn of_a_hundred_texts_with_one_id_one_is_stored_whole_and_the_others_are_conflicts(
    deployment: Deployment,
) {
    let api = Api::new(deployment.url());
    let texts: Vec<String> = (0..100).map(text_of_some_length).collect();
    let sent = texts.iter().map(|text| api.ingest_text("acme", "fought-over", text));
    let answers = join_all(sent).await;
    let parts = |body: &Value| body["parts"].as_u64().expect("a number") as usize;
    let messages: usize = answers.iter().map(|answer| parts(&answer.body)).sum();
    let log = api.processed_log("acme", "fought-over").await;
    let stored = log["original_text"].as_str().expect("a text");
    let winner = texts.iter().position(|text| text == stored).expect("one of them, whole");
    let lost = messages - parts(&answers[winner].body);

    let quarantined = api.listed("acme", "quarantine", lost).await;
    assert!(quarantined.iter().all(|item| item["reason"] == "conflict"));
    let worker = Api::new(deployment.worker_url());
    let conflicts = "spillway_messages_quarantined_total{reason=\"conflict\"}";
    assert_eq!(worker.metric(conflicts).await, lost as f64);
    assert_eq!(api.all("acme", "processed_logs").await.len(), 1);
}

/// Every fourth text has several parts.
fn text_of_some_length(n: usize) -> String {
    let line = format!("attempt {n} of many\n");
    if n.is_multiple_of(4) { line.repeat(500) } else { line }
}

async fn a_large_dump_is_processed_in_parts_and_reads_back_byte_for_byte(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let dump: String = (0..20_000).map(line_of_a_dump).collect();
    let answer = api.ingest_text("acme", "dump", &dump).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let parts = answer.body["parts"].as_u64().expect("a number");
    assert!(parts > 300, "{parts}");
    let log = api.processed_log("acme", "dump").await;
    assert!(log["original_text"] == dump, "the text differs from the one that was sent");
    assert_eq!(log["parts"], parts);
    assert_eq!(log["characters"], dump.chars().count());
    assert_eq!(log["redactions"], 20_000);
    let modified = log["modified_data"].as_str().expect("a text");
    assert!(!modified.contains("203.0.113."), "an address is left");
    let document = stored(&deployment, "dump").await.expect("it is stored");
    assert!(dump.len() > MAX_DOCUMENT_BYTES && document.timestamp("processed_at").is_some());
    assert_eq!((document.text("original_text"), document.text("modified_data")), (None, None));
}

/// The document of one of acme's logs, read around the API.
async fn stored(deployment: &Deployment, id: &str) -> Option<Document> {
    let tenant = TenantId::parse("acme").expect("a tenant");
    let path = processed_log::path(&tenant, &RecordId::parse(id).expect("an id"));
    deployment.store().get_many(&[path]).await.expect("an answer").remove(0)
}

/// Every look at the document while it is worked on finds it complete or without texts and time.
async fn the_document_of_a_long_text_has_its_texts_once_it_is_processed(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let text: String = (0..2_000).map(line_of_a_dump).collect();
    let parts = api.ingest_text("acme", "long", &text).await.body["parts"].clone();
    let document = eventually("the document is complete", async || {
        let document = stored(&deployment, "long").await?;
        let has = |name: &&str| document.fields.contains_key(*name);
        let found = ["original_text", "modified_data", "processed_at"].iter().filter(|it| has(it));
        let found = found.count();
        assert!(found == 0 || found == 3, "{found} of three");
        (found == 3).then_some(document)
    })
    .await;
    assert_eq!(document.text("original_text"), Some(&*text));
    assert_eq!(json!(document.integer("parts_done")), parts);
    let answer = api.get("/tenants/acme/processed_logs/long").await;
    assert_eq!((answer.status, &answer.body["parts"]), (StatusCode::OK, &parts));
    for name in ["original_text", "modified_data"] {
        assert_eq!(answer.body[name].as_str(), document.text(name), "{name}");
    }
    let listed = api.all("acme", "processed_logs").await;
    assert_eq!(listed[0]["processed_at"], answer.body["processed_at"]);
}

async fn a_text_sent_many_times_at_once_in_parts_is_one_whole_document(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let text: String = (0..300).map(line_of_a_dump).collect();
    let sent = (0..20).map(|_| api.ingest_text("acme", "long", &text));
    let answers = join_all(sent).await;
    let parts = answers[0].body["parts"].as_f64().expect("a number");
    settled(&deployment, 20.0 * parts).await;
    let document = stored(&deployment, "long").await.expect("it is stored");
    assert_eq!(document.text("original_text"), Some(&*text));
    assert_eq!(document.integer("parts_done"), document.integer("parts"));
    assert_eq!(document.integer("redactions"), Some(300));
    assert_eq!(api.all("acme", "quarantine").await.len(), 0);
}

fn line_of_a_dump(n: usize) -> String {
    let (minute, second, host) = (n / 60 % 60, n % 60, n % 250);
    let end = if n.is_multiple_of(7) { "\r\n" } else { "\n" };
    format!("May 17 10:{minute:02}:{second:02} größe sshd[{n}]: from 203.0.113.{host} refused{end}")
}

async fn a_listing_has_all_logs_page_by_page_without_texts(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let ids: Vec<String> = (0..25).map(|n| format!("log-{n:02}")).collect();
    join_all(ids.iter().map(|id| api.ingest_json("acme", id, "hello"))).await;
    let logs = api.listed("acme", "processed_logs", 25).await;
    let listed: Vec<_> = logs.iter().filter_map(|log| log["log_id"].as_str()).collect();
    assert_eq!(listed, ids, "they are ordered by id");
    assert!(logs.iter().all(|log| log.get("original_text").is_none()));
    let page = api.get("/tenants/acme/processed_logs").await.body;
    assert_eq!(page["processed_logs"].as_array().map(Vec::len), Some(10), "the default");
    assert!(page["next_page_token"].is_string());
    let rest = api.get("/tenants/acme/processed_logs?limit=25").await.body;
    assert!(rest.get("next_page_token").is_none(), "this is the last page");
}

async fn an_unknown_log_is_not_found(deployment: Deployment) {
    let answer = Api::new(deployment.url()).get("/tenants/acme/processed_logs/none").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.body["code"], "not-found");
}

/// Waits until the worker has answered `deliveries` deliveries of texts.
async fn settled(deployment: &Deployment, deliveries: f64) {
    let worker = Api::new(deployment.worker_url());
    eventually("all deliveries are answered", async || {
        let mut answered = 0.0;
        for outcome in ["stored", "duplicate", "conflict"] {
            let kind = "spillway_messages_delivered_total{kind=\"text\"";
            answered += worker.metric(&format!("{kind},outcome=\"{outcome}\"}}")).await;
        }
        (answered >= deliveries).then_some(())
    })
    .await;
}
