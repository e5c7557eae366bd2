//! SIGTERM under load: each program ends in time and with success, and nothing that was accepted is lost or
//! counted twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::api::{Api, eventually};
use e2e::deployment::{Deployment, Settings};
use futures::future::join_all;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

e2e::in_both_modes!(
    slow;
    a_stop_under_load_takes_less_than_eight_seconds_and_the_books_balance,
);

/// Longest stop: Cloud Run kills a process after ten seconds.
const STOP_LIMIT: Duration = Duration::from_secs(8);
const TENANT: &str = "acme";
const LANES: usize = 16;

/// The work on each text takes half a second.
fn slow() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0.01".to_owned())]
}

async fn a_stop_under_load_takes_less_than_eight_seconds_and_the_books_balance(
    mut deployment: Deployment,
) {
    let (url, stop) = (deployment.url(), Arc::new(AtomicBool::new(false)));
    let lane = |n| tokio::spawn(flood(url.clone(), n, Arc::clone(&stop)));
    let lanes: Vec<_> = (0..LANES).map(lane).collect();
    let worker = Api::new(deployment.worker_url());
    eventually("texts are in work", async || {
        (worker.metric("spillway_texts_in_work").await > 20.0).then_some(())
    })
    .await;
    stops(&mut deployment).await;
    stop.store(true, Ordering::Relaxed);
    let lanes = join_all(lanes).await.into_iter().map(|lane| lane.expect("no panic"));
    let (texts, events): (Vec<_>, Vec<_>) = lanes.unzip();
    let api = Api::new(deployment.url());
    texts_are_stored(&api, &texts.concat()).await;
    events_are_counted_once(&api, &events.concat()).await;
    assert_eq!(api.all(TENANT, "quarantine").await, [] as [Value; 0]);
}

async fn texts_are_stored(api: &Api, taken: &[String]) {
    println!("{} texts were accepted", taken.len());
    eventually("every accepted text is stored", async || {
        let logs = api.all(TENANT, "processed_logs").await;
        let done: Vec<_> = logs.iter().filter(|log| log.get("processed_at").is_some()).collect();
        taken.iter().all(|id| done.iter().any(|log| log["log_id"] == *id)).then_some(())
    })
    .await;
}

/// An event whose 202 was cut off may be stored too, and late.
async fn events_are_counted_once(api: &Api, taken: &[String]) {
    println!("{} events were accepted", taken.len());
    let path = format!("/stats?site_id={TENANT}");
    eventually("every accepted event is stored, and each stored one is counted once", async || {
        let events = api.all(TENANT, "events").await;
        let ids = events.iter().filter_map(|event| event["event_id"].as_str());
        let stored: BTreeSet<_> = ids.collect();
        let views = &api.get(&path).await.body["total_views"];
        (*views == stored.len() && taken.iter().all(|id| stored.contains(id.as_str())))
            .then_some(())
    })
    .await;
}

/// Asks each program to end, and starts it again.
async fn stops(deployment: &mut Deployment) {
    let began = Instant::now();
    match deployment {
        Deployment::Embedded(embedded) => {
            let ended = embedded.terminate().await.expect("it ends");
            assert!(ended.success(), "{ended}");
            assert!(began.elapsed() < STOP_LIMIT, "{:?}", began.elapsed());
            embedded.start_again().await.expect("it starts again");
        }
        Deployment::Cloud(cloud) => {
            let ended = cloud.restart_worker(Vec::new()).await.expect("it starts again");
            assert!(ended.success(), "the worker: {ended}");
            assert!(began.elapsed() < STOP_LIMIT, "the worker: {:?}", began.elapsed());
            let began = Instant::now();
            let ended = cloud.restart_gateway().await.expect("it starts again");
            assert!(ended.success(), "the gateway: {ended}");
            assert!(began.elapsed() < STOP_LIMIT, "the gateway: {:?}", began.elapsed());
        }
    }
}

/// Sends a text and an event at a time, until it is told to stop, or nobody answers. Returns the ids of the
/// texts and of the events that were accepted.
async fn flood(url: String, lane: usize, stop: Arc<AtomicBool>) -> (Vec<String>, Vec<String>) {
    let client = Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
    let (mut texts, mut events) = (Vec::new(), Vec::new());
    for n in 0.. {
        let id = format!("record-{lane}-{n}");
        let text = json!({"tenant_id": TENANT, "log_id": id, "text": "x".repeat(50)});
        let event = json!({"site_id": TENANT, "event_id": id, "event_type": "view", "path": "/",
            "user_id": id});
        let Some(text) = is_taken(client.post(format!("{url}/ingest")).json(&text)).await else {
            break;
        };
        texts.extend(text.then(|| id.clone()));
        let Some(event) = is_taken(client.post(format!("{url}/event")).json(&event)).await else {
            break;
        };
        events.extend(event.then_some(id));
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    (texts, events)
}

/// Whether a record is accepted; none if nobody answers.
async fn is_taken(request: RequestBuilder) -> Option<bool> {
    match request.send().await.ok()?.status() {
        StatusCode::ACCEPTED => Some(true),
        status => {
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            Some(false)
        }
    }
}
