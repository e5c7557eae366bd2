//! SIGTERM under load: each program ends in time and with success, and nothing that was accepted is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::api::{Api, eventually};
use e2e::deployment::{Deployment, Settings};
use futures::future::join_all;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

e2e::in_both_modes!(
    slow;
    a_stop_under_load_takes_less_than_eight_seconds_and_loses_nothing,
);

/// Longest stop: Cloud Run kills a process after ten seconds.
const STOP_LIMIT: Duration = Duration::from_secs(8);
const TENANT: &str = "acme";
const LANES: usize = 16;

/// The work on each text takes half a second.
fn slow() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0.01".to_owned())]
}

async fn a_stop_under_load_takes_less_than_eight_seconds_and_loses_nothing(
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
    let taken = join_all(lanes).await.into_iter().flat_map(|lane| lane.expect("no panic"));
    let taken: Vec<String> = taken.collect();
    println!("{} texts were accepted before the stop", taken.len());
    let api = Api::new(deployment.url());
    eventually("every accepted text is stored", async || {
        let logs = api.all(TENANT, "processed_logs").await;
        let done: Vec<_> = logs.iter().filter(|log| log.get("processed_at").is_some()).collect();
        taken.iter().all(|id| done.iter().any(|log| log["log_id"] == *id)).then_some(())
    })
    .await;
    assert_eq!(api.all(TENANT, "quarantine").await, [] as [Value; 0]);
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

/// Sends texts until it is told to stop, or nobody answers. Returns the ids of those that were accepted.
async fn flood(url: String, lane: usize, stop: Arc<AtomicBool>) -> Vec<String> {
    let client = Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
    let mut taken = Vec::new();
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let id = format!("text-{lane}-{n}");
        let body = json!({"tenant_id": TENANT, "log_id": id, "text": "x".repeat(50)});
        let Ok(answer) = client.post(format!("{url}/ingest")).json(&body).send().await else {
            break;
        };
        match answer.status() {
            StatusCode::ACCEPTED => taken.push(id),
            status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    taken
}
