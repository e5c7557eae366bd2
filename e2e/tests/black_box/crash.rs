//! `kill -9` at the worst moments: every record that was answered 202 is stored once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use e2e::api::{Api, eventually, listening};
use e2e::deployment::{Deployment, Settings};
use futures::future::join_all;
use reqwest::{Client, StatusCode};
use serde_json::json;

e2e::in_both_modes!(
    slow;
    the_worker_is_killed_while_hundreds_of_records_are_in_work,
    the_gateway_is_killed_while_it_is_being_flooded,
    a_worker_that_is_killed_between_the_parts_of_a_text_finishes_it_once,
);

/// The work on a text of 60 characters takes half a second.
fn slow() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0.008".to_owned())]
}

const TENANTS: [&str; 3] = ["red", "green", "blue"];

fn text(n: usize) -> String {
    format!("{n:>5} call 555-0199 or write to someone@example.com about it")
}

/// The tenant and the id of record `n`.
fn home(n: usize) -> (&'static str, String) {
    (TENANTS[n % TENANTS.len()], format!("record-{n:05}"))
}

async fn the_worker_is_killed_while_hundreds_of_records_are_in_work(mut deployment: Deployment) {
    let api = Api::new(deployment.url());
    let sent = join_all((0..600).map(|n| send(&api, n))).await;
    assert!(sent.iter().all(|taken| *taken), "all are accepted before the crash");
    for _ in 0..3 {
        in_work(&deployment).await;
        deployment.crash_worker().await.expect("it starts again");
    }
    assert_stored_once(&deployment, &(0..600).collect::<Vec<_>>()).await;
}

async fn the_gateway_is_killed_while_it_is_being_flooded(mut deployment: Deployment) {
    let url = deployment.url();
    let stop = Arc::new(AtomicBool::new(false));
    let flood: Vec<_> =
        (0..8).map(|lane| tokio::spawn(flood(url.clone(), lane, Arc::clone(&stop)))).collect();
    for crash in 1..=3 {
        stored(&Api::new(url.clone()), crash * 20).await;
        deployment.crash_gateway().await.expect("it starts again");
    }
    stop.store(true, Ordering::Relaxed);
    let promised: Vec<usize> = join_all(flood)
        .await
        .into_iter()
        .flat_map(|taken| taken.expect("the flood does not panic"))
        .collect();
    assert!(promised.len() > 100, "only {} records were accepted", promised.len());
    assert_stored_once(&deployment, &promised).await;
}

async fn a_worker_that_is_killed_between_the_parts_of_a_text_finishes_it_once(
    mut deployment: Deployment,
) {
    let api = Api::new(deployment.url());
    // Very different lengths, so that some parts are done long before others.
    let lines = (0..30).map(|n| format!("{}\n", "x".repeat(if n % 2 == 0 { 50 } else { 3_990 })));
    let text: String = lines.collect();
    let answer = api.ingest_text("red", "long", &text).await;
    let parts = answer.body["parts"].as_u64().expect("a number");
    assert!(parts > 10, "{parts}");
    for kills in 0..3 {
        eventually("some parts are done and others are not", async || {
            let listed = api.all("red", "processed_logs").await;
            let done = listed.first()?["parts_done"].as_u64()?;
            assert_eq!(listed[0].get("processed_at"), None, "it is not processed yet");
            (kills * 2 < done && done < parts).then_some(())
        })
        .await;
        deployment.crash_worker().await.expect("it starts again");
        api.ingest_text("red", "long", &text).await;
    }
    let log = api.processed_log("red", "long").await;
    assert!(log["original_text"] == text, "the text differs from the one that was sent");
    assert_eq!((&log["parts"], &log["parts_done"]), (&json!(parts), &json!(parts)));
    assert_eq!(log["characters"], text.len());
    assert_eq!(api.all("red", "quarantine").await.len(), 0);
}

/// Sends records `lane`, `lane + 8`, … until it is told to stop. Returns the accepted ones. A failed
/// request is not sent again, so its record may or may not be stored.
async fn flood(url: String, lane: usize, stop: Arc<AtomicBool>) -> Vec<usize> {
    let client = Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
    let mut taken = Vec::new();
    for n in (lane..).step_by(8) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let (tenant, id) = home(n);
        let body = json!({"tenant_id": tenant, "log_id": id, "text": text(n)});
        let sent = client.post(format!("{url}/ingest")).json(&body).send().await;
        match sent.map(|answer| answer.status()) {
            Ok(StatusCode::ACCEPTED) => taken.push(n),
            Ok(status) => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
            Err(_) => listening(&url).await,
        }
    }
    taken
}

async fn send(api: &Api, n: usize) -> bool {
    let (tenant, id) = home(n);
    let answer = if n.is_multiple_of(2) {
        api.ingest_json(tenant, &id, &text(n)).await
    } else {
        api.ingest_text(tenant, &id, &text(n)).await
    };
    answer.status == StatusCode::ACCEPTED
}

async fn in_work(deployment: &Deployment) {
    let worker = Api::new(deployment.worker_url());
    eventually("hundreds of texts are in work", async || {
        (worker.metric("spillway_texts_in_work").await > 100.0).then_some(())
    })
    .await;
}

async fn stored(api: &Api, count: usize) {
    eventually("some records are stored", async || {
        let listed = TENANTS.map(|tenant| api.all(tenant, "processed_logs"));
        let stored: usize = join_all(listed).await.iter().map(Vec::len).sum();
        (stored >= count).then_some(())
    })
    .await;
}

/// Asserts that each promised record is listed once under its tenant, with its text, and that
/// nothing is in quarantine.
async fn assert_stored_once(deployment: &Deployment, promised: &[usize]) {
    let api = Api::new(deployment.url());
    eventually("every promised record is stored", async || {
        let listed = listed(&api).await;
        promised.iter().all(|n| listed.contains_key(&home(*n))).then_some(())
    })
    .await;
    let listed = listed(&api).await;
    assert!(listed.values().all(|times| *times == 1), "a record is stored twice");
    for n in promised.iter().step_by(17) {
        let (tenant, id) = home(*n);
        let log = api.processed_log(tenant, &id).await;
        assert_eq!(log["original_text"], text(*n));
        assert_eq!(log["redactions"], 2);
    }
    for tenant in TENANTS {
        assert_eq!(api.all(tenant, "quarantine").await.len(), 0);
    }
}

/// How many times each record is listed, by tenant and id.
async fn listed(api: &Api) -> BTreeMap<(&'static str, String), usize> {
    let mut listed = BTreeMap::new();
    for tenant in TENANTS {
        for log in api.all(tenant, "processed_logs").await {
            let id = log["log_id"].as_str().expect("an id").to_owned();
            *listed.entry((tenant, id)).or_default() += 1;
        }
    }
    listed
}
