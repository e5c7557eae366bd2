//! A tenant of whose records a fifth can never be stored: another tenant hardly notices.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use e2e::api::{Api, eventually, new_tenant};
use e2e::deployment::{Deployment, Settings};
use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::interval;

e2e::in_both_modes!(
    settings;
    a_fifth_of_poison_at_most_doubles_the_time_of_another_tenant,
);

/// The texts of the other tenant, each a second of work.
const TEXTS: usize = 12;
const TEXT: &str = "twenty characters or";

fn settings() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0.05".to_owned()), ("WORK_CONCURRENCY", "16".to_owned())]
}

async fn a_fifth_of_poison_at_most_doubles_the_time_of_another_tenant(deployment: Deployment) {
    let (api, other, poisoner) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    let sent = api.ingest_text(&poisoner, "taken", "the first content of this id").await;
    assert_eq!(sent.status, StatusCode::ACCEPTED);
    api.processed_log(&poisoner, "taken").await;
    let alone = time_to_stored(&api, &other, 0).await;
    let poisoning = async {
        let mut tick = interval(Duration::from_secs(1));
        for round in 0_usize.. {
            tick.tick().await;
            join_all((0..10).map(|n| poison(&api, &poisoner, round, n))).await;
        }
    };
    let beside = async {
        eventually("poison is in quarantine", async || {
            (!api.all(&poisoner, "quarantine").await.is_empty()).then_some(())
        })
        .await;
        time_to_stored(&api, &other, TEXTS).await
    };
    let beside = tokio::select! {
        beside = beside => beside,
        () = poisoning => unreachable!("it goes on"),
    };
    println!("alone {alone}, beside poison {beside}");
    assert!(beside <= alone * 2, "{beside} after {alone}");
}

/// A text; of five, one has the id of another text and other content.
async fn poison(api: &Api, tenant: &str, round: usize, n: usize) {
    let id = if n.is_multiple_of(5) { "taken".to_owned() } else { format!("{round}-{n}") };
    let sent = api.ingest_text(tenant, &id, &format!("{round:>8} and {n:>8}")).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
}

/// The median from a text's receipt to the end of the work on it.
async fn time_to_stored(api: &Api, tenant: &str, first: usize) -> TimeDelta {
    let mut tick = interval(Duration::from_millis(500));
    let id = |n: usize| format!("text-{n:03}");
    for n in first..first + TEXTS {
        tick.tick().await;
        let sent = api.ingest_text(tenant, &id(n), TEXT).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    }
    let mut times = Vec::new();
    for n in first..first + TEXTS {
        times.push(took(&api.processed_log(tenant, &id(n)).await));
    }
    times.sort();
    times[TEXTS / 2]
}

fn took(log: &Value) -> TimeDelta {
    let at =
        |name: &str| DateTime::parse_from_rfc3339(log[name].as_str().expect(name)).expect("a time");
    at("processed_at") - at("received_at")
}
