//! One tenant's flood leaves another tenant its share.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use e2e::api::{Api, new_tenant};
use e2e::deployment::Deployment;
use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::{Instant, interval};

/// Texts in work at once. With 0.05 s a character, 160 characters a second are the capacity.
const SLOTS: &str = "8";
/// The texts of the quiet tenant, each 2 s of work.
const TEXTS: usize = 12;

/// The longest time from a text's receipt to the end of the work on it.
async fn slowest(api: &Api, tenant: &str, first: usize) -> TimeDelta {
    let mut tick = interval(Duration::from_secs(1));
    for n in first..first + TEXTS {
        tick.tick().await;
        let sent = api.ingest_text(tenant, &n.to_string(), &"q".repeat(40)).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    }
    let logs = api.listed(tenant, "processed_logs", first + TEXTS).await;
    let at = |log: &Value, name: &str| {
        DateTime::parse_from_rfc3339(log[name].as_str().expect(name)).expect("a time")
    };
    let of_these = |log: &&Value| {
        let n: usize = log["log_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        n >= first
    };
    let took = |log: &Value| at(log, "processed_at") - at(log, "received_at");
    logs.iter().filter(of_these).map(took).max().expect("texts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_at_ten_times_the_capacity_at_most_doubles_another_tenants_time_embedded() {
    let settings =
        vec![("WORK_CONCURRENCY", SLOTS.to_owned()), ("WORK_SECONDS_PER_CHAR", "0.05".to_owned())];
    let deployment = Deployment::embedded(settings).await;
    let (api, quiet, flood) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    let alone = slowest(&api, &quiet, 0).await;
    // 1,600 characters a second: 40 texts of 10 to 70.
    let flooding = async {
        let mut tick = interval(Duration::from_millis(250));
        for round in 0.. {
            tick.tick().await;
            let send = |n: usize| {
                let (api, flood) = (&api, &flood);
                let text = "f".repeat(10 + (round * 17 + n * 29) % 61);
                async move { api.ingest_text(flood, &format!("{round}-{n}"), &text).await }
            };
            for sent in join_all((0..10).map(send)).await {
                assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
            }
        }
    };
    let beside = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        slowest(&api, &quiet, TEXTS).await
    };
    let began = Instant::now();
    let beside = tokio::select! {
        slowest = beside => slowest,
        () = flooding => unreachable!("it goes on"),
    };
    println!("alone {alone}, beside a flood {beside}, after {:.1?}", began.elapsed());
    assert!(beside <= alone * 2, "{beside} after {alone}");
}
