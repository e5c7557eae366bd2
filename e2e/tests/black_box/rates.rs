//! A tenant that sends faster than its rate is asked to wait; the others do not notice it.

use e2e::api::{Answer, Api, answer, eventually};
use e2e::deployment::{Deployment, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

mod records {
    use super::*;

    e2e::in_both_modes!(by_records; a_tenant_over_its_rate_waits_and_the_others_do_not);
}

mod bytes {
    use super::*;

    e2e::in_both_modes!(by_bytes; bytes_are_counted_as_well);
}

mod writes {
    use super::*;

    e2e::in_both_modes!(by_writes; a_tenant_over_its_quota_of_writes_waits_for_hours);
}

fn by_records() -> Settings {
    // Ten seconds' worth is 20 records.
    vec![("TENANT_RECORDS_PER_SECOND", "2".to_owned()), ("WORK_SECONDS_PER_CHAR", "0".to_owned())]
}

fn by_bytes() -> Settings {
    vec![("TENANT_BYTES_PER_SECOND", "100".to_owned()), ("WORK_SECONDS_PER_CHAR", "0".to_owned())]
}

fn by_writes() -> Settings {
    vec![("TENANT_WRITES_PER_DAY", "24".to_owned()), ("SITE_DIMENSIONS", "none".to_owned())]
}

async fn view(api: &Api, site: &str, id: &str) -> Answer {
    let event = json!({"site_id": site, "event_type": "page_view", "path": "/", "event_id": id});
    answer(api.request(Method::POST, "/event").json(&event)).await
}

/// `POST /ingest` with one text for each of the tenants.
async fn texts(api: &Api, tenants: &[&str]) -> Answer {
    let text = |tenant: &&str| json!({"tenant_id": tenant, "text": "a text"});
    api.post_json(&tenants.iter().map(text).collect::<Vec<_>>().into()).await
}

async fn lines(api: &Api, tenant: &str, count: usize) -> Answer {
    let line = r#"192.0.2.1 - - [01/May/2025:10:00:10 +0000] "GET / HTTP/1.1" 200 5"#;
    let request = api.request(Method::POST, "/logs").header("x-tenant-id", tenant);
    let body = [line].repeat(count).join("\n");
    answer(request.header("content-type", "text/plain").body(body)).await
}

fn assert_taken(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
}

/// Asserts that the answer says how long to wait, in each way that it can.
fn assert_waits(answer: &Answer, unit: &str, most: u64) {
    answer.assert_problem("a rate", 429, "rate-limited");
    let header = |name: &str| answer.headers[name].to_str().expect("text").to_owned();
    let wait: u64 = header("retry-after").parse().expect("seconds");
    assert!(wait >= 1, "{wait}");
    assert_eq!(header("ratelimit-policy"), format!("\"{unit}\";q={most};w=10"));
    assert_eq!(header("ratelimit"), format!("\"{unit}\";r=0;t={wait}"));
    let detail = answer.body["detail"].as_str().expect("a detail");
    assert!(detail.ends_with(&format!("{unit} a second. Try again in {wait} s.")), "{detail}");
}

async fn a_tenant_over_its_rate_waits_and_the_others_do_not(deployment: Deployment) {
    let api = Api::new(deployment.url());
    // A batch is taken whole, however large, and leaves a debt.
    assert_taken(&lines(&api, "busy", 24).await);
    assert_waits(&lines(&api, "busy", 1).await, "records", 20);
    let refused = view(&api, "busy", "e-1").await;
    assert_waits(&refused, "records", 20);
    assert_eq!(refused.body["event_id"], "e-1", "the id to send it again with");
    assert_waits(&texts(&api, &["quiet", "busy"]).await, "records", 20);
    assert_taken(&view(&api, "quiet", "e-1").await);
    let taken = eventually("the debt is paid", async || {
        let answer = view(&api, "busy", "e-1").await;
        (answer.status == StatusCode::ACCEPTED).then_some(answer)
    });
    assert_taken(&taken.await);
    api.listed("busy", "events", 1).await;
    assert_eq!(api.listed("quiet", "events", 1).await[0]["event_id"], "e-1");
    assert_taken(&texts(&api, &["quiet"]).await);
    api.listed("quiet", "processed_logs", 1).await;
    assert_eq!(api.all("busy", "processed_logs").await, [] as [Value; 0]);
}

async fn bytes_are_counted_as_well(deployment: Deployment) {
    let api = Api::new(deployment.url());
    assert_taken(&api.ingest_json("busy", "large", &"x".repeat(10_000)).await);
    assert_waits(&api.ingest_json("busy", "small", "x").await, "bytes", 1_000);
    assert_taken(&api.ingest_json("quiet", "small", "x").await);
    api.processed_log("busy", "large").await;
}

/// A view without a user writes its own document, three counts of its type and two of its page.
async fn a_tenant_over_its_quota_of_writes_waits_for_hours(deployment: Deployment) {
    let api = Api::new(deployment.url());
    // The fifth is taken because a moment ago something was left, and leaves a debt.
    for number in 0..5 {
        assert_taken(&view(&api, "busy", &format!("e-{number}")).await);
    }
    let refused = view(&api, "busy", "e-5").await;
    refused.assert_problem("a quota", 429, "rate-limited");
    let detail = refused.body["detail"].as_str().expect("a detail");
    assert!(
        detail.starts_with("The tenant busy may cause 24 writes a day. Try again in"),
        "{detail}"
    );
    let wait: u64 =
        refused.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((20_000..=21_600).contains(&wait), "six writes take a quarter of a day: {wait}");
    assert_eq!(refused.headers["ratelimit-policy"], "\"writes\";q=24;w=86400");
    assert_taken(&view(&api, "quiet", "e-1").await);
    api.listed("busy", "events", 5).await;
}
