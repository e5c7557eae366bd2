//! Starts, stops, fair shares of the work, and answers while the broker or the store is down.

use std::process::Stdio;
use std::time::{Duration, Instant};

use e2e::api::{Api, eventually, listening};
use e2e::binaries::Binaries;
use e2e::deployment::{Cloud, Deployment, Embedded, Settings};
use e2e::emulators::{Emulators, free_port, project};
use e2e::pubsub_admin::{PubsubAdmin, SubscriptionSettings};
use e2e::service::Service;
use futures::future::join_all;
use reqwest::StatusCode;
use tokio::process::Command;

/// Longest stop: Cloud Run kills a process after ten seconds.
const STOP_LIMIT: Duration = Duration::from_secs(8);

fn work(seconds_per_char: &str) -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", seconds_per_char.to_owned())]
}

async fn send_all(api: &Api, tenant: &str, count: usize, text: &str) {
    let ids: Vec<String> = (0..count).map(|n| format!("record-{n}")).collect();
    let answers = join_all(ids.iter().map(|id| api.ingest_json(tenant, id, text))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED));
}

async fn in_work(worker: &Api, texts: f64) {
    eventually("the texts are in work", async || {
        (worker.metric("spillway_texts_in_work").await == texts).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_gives_back_the_texts_in_work_and_the_next_start_finishes_them() {
    let mut embedded = Embedded::start(work("0.1")).await.expect("it starts");
    let api = Api::new(embedded.service().url());
    send_all(&api, "acme", 50, &"x".repeat(3_000)).await;
    api.ingest_json("acme", "short", "x").await;
    api.processed_log("acme", "short").await;
    in_work(&api, 50.0).await;

    let began = Instant::now();
    let ended = embedded.terminate().await.expect("it ends");
    assert!(ended.success(), "{ended}");
    assert!(began.elapsed() < STOP_LIMIT, "{:?}", began.elapsed());

    embedded.set(work("0.0001"));
    embedded.start_again().await.expect("it starts again");
    let api = Api::new(embedded.service().url());
    let logs = api.listed("acme", "processed_logs", 51).await;
    assert!(logs.iter().all(|log| log["redactions"] == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_gives_its_texts_back_to_pubsub() {
    let mut cloud = Cloud::start(work("0.1")).await.expect("it starts");
    let api = Api::new(cloud.gateway().url());
    let text = "x".repeat(3_000);
    send_all(&api, "acme", 50, &text).await;
    in_work(&Api::new(cloud.worker().url()), 50.0).await;
    let began = Instant::now();
    cloud.restart_worker(work("0.0001")).await.expect("it starts again");
    assert!(began.elapsed() < STOP_LIMIT, "{:?}", began.elapsed());
    api.listed("acme", "processed_logs", 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_on_the_same_folder_fails_with_the_reason() {
    let embedded = Embedded::start(work("0")).await.expect("it starts");
    let second = Command::new(Binaries::shared().await.path("spillway"))
        .env("DATA_DIR", embedded.folder())
        .env("PORT", "0")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("spillway runs");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    let folder = embedded.folder().display().to_string();
    assert!(said.contains(&folder) && said.contains("DATA_DIR"), "{said}");
    let answer = Api::new(embedded.service().url()).get("/health").await;
    assert_eq!(answer.status, StatusCode::OK, "the first one still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_output_nobody_reads_serves_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port().expect("a port");
    let (reader, output) = std::io::pipe().expect("a pipe");
    drop(reader);
    let _server = Command::new(Binaries::shared().await.path("spillway"))
        .env("DATA_DIR", folder.path())
        .env("PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(output)
        .kill_on_drop(true)
        .spawn()
        .expect("spillway runs");
    let url = format!("http://127.0.0.1:{port}");
    listening(&url).await;
    assert_eq!(Api::new(url).get("/health").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_a_clear_error() {
    let embedded = Embedded::start(work("0")).await.expect("it starts");
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("data");
    let second = Command::new(Binaries::shared().await.path("spillway"))
        .env("DATA_DIR", &folder)
        .env("PORT", embedded.service().port().to_string())
        .output()
        .await
        .expect("spillway runs");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    assert!(said.contains("cannot listen on 127.0.0.1:"), "{said}");
    assert!(said.contains("choose another port"), "{said}");
    assert!(!folder.exists(), "a failed start leaves no data folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_one_text_does_not_wait_for_one_with_hundreds() {
    let mut settings = work("0.01");
    settings.push(("WORK_CONCURRENCY", "2".to_owned()));
    let embedded = Embedded::start(settings).await.expect("it starts");
    let api = Api::new(embedded.service().url());
    let text = "x".repeat(40);
    send_all(&api, "many", 300, &text).await;
    api.ingest_json("one", "alone", &text).await;
    api.processed_log("one", "alone").await;
    let done = api.all("many", "processed_logs").await.len();
    assert!(done < 150, "{done} of the other tenant's texts went first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_never_ends_becomes_a_dead_letter() {
    let mut settings = work("0.1");
    settings.push(("ACK_DEADLINE_SECONDS", "1".to_owned()));
    settings.push(("MAX_DELIVERY_ATTEMPTS", "1".to_owned()));
    let embedded = Embedded::start(settings).await.expect("it starts");
    let api = Api::new(embedded.service().url());
    api.ingest_json("acme", "endless", &"x".repeat(1_000)).await;
    let quarantined = api.listed("acme", "quarantine", 1).await;
    assert_eq!(quarantined[0]["reason"], "dead-letter");
    assert_eq!(quarantined[0]["attempts"], 1);
    assert_eq!(quarantined[0]["attributes"]["record_id"], "endless");
    assert_eq!(api.all("acme", "processed_logs").await.len(), 0);
}

/// A gateway without Pub/Sub or without Firestore.
async fn gateway_without(pubsub: bool, firestore: bool) -> Service {
    let emulators = Emulators::shared().await;
    let closed = format!("127.0.0.1:{}", free_port().expect("a port"));
    let host = |there: bool, host: &str| if there { host.to_owned() } else { closed.clone() };
    let settings = [
        ("GOOGLE_CLOUD_PROJECT", project()),
        ("PUBSUB_EMULATOR_HOST", host(pubsub, emulators.pubsub_host())),
        ("FIRESTORE_EMULATOR_HOST", host(firestore, emulators.firestore_host())),
    ];
    Service::start(Binaries::shared().await.path("gateway"), &settings).await.expect("it starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_nothing_is_accepted() {
    let gateway = gateway_without(false, true).await;
    let api = Api::new(gateway.url());
    let began = Instant::now();
    let answer = api.ingest_json("acme", "123", "hello").await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(answer.body["code"], "unavailable");
    assert_eq!(answer.body["log_id"], "123", "so that a retry is the same record");
    let ready = api.get("/ready").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_ne!(ready.body["probes"]["broker"], "ok");
    assert_eq!(ready.body["probes"]["store"], "ok");
    assert_eq!(api.get("/health").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_reads_are_unavailable() {
    let gateway = gateway_without(true, false).await;
    let api = Api::new(gateway.url());
    let answer = api.get("/tenants/acme/processed_logs/123").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key("retry-after"));
    let ready = api.get("/ready").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_ne!(ready.body["probes"]["store"], "ok");
}

/// A page sends an event only once, so it is accepted, though it counts no visitor.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_events_of_browsers_are_accepted() {
    let emulators = Emulators::shared().await;
    let project = project();
    let admin = PubsubAdmin::connect(emulators.pubsub_host(), &project).await.expect("a client");
    admin.create_topic("spillway").await.expect("a topic");
    let closed = format!("127.0.0.1:{}", free_port().expect("a port"));
    let settings = [
        ("GOOGLE_CLOUD_PROJECT", project),
        ("PUBSUB_EMULATOR_HOST", emulators.pubsub_host().to_owned()),
        ("FIRESTORE_EMULATOR_HOST", closed),
    ];
    let gateway = Service::start(Binaries::shared().await.path("gateway"), &settings).await;
    let gateway = gateway.expect("it starts");
    let api = Api::new(gateway.url());
    let began = Instant::now();
    for _ in 0..5 {
        let event = api.request(reqwest::Method::POST, "/event").header("user-agent", "a browser");
        let event = event.header("origin", "https://shop.example");
        let event = event.json(&serde_json::json!({"site_id": "acme", "event_type": "view"}));
        assert_eq!(e2e::api::answer(event).await.status, StatusCode::ACCEPTED);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(api.metric("spillway_unknown_visitors_total").await, 5.0);
}

/// The relay writes its own envelopes; the emulator's push writes the real one.
#[tokio::test(flavor = "multi_thread")]
async fn the_emulator_s_own_push_is_understood() {
    let cloud = Cloud::start(work("0.0001")).await.expect("it starts");
    let push = SubscriptionSettings {
        push_endpoint: Some(format!("{}/push", cloud.worker().url())),
        ..SubscriptionSettings::default()
    };
    let admin: &PubsubAdmin = cloud.admin();
    admin.create_topic("pushed").await.expect("a topic");
    admin.create_subscription("pushing", "pushed", push).await.expect("a subscription");
    let settings = [
        ("GOOGLE_CLOUD_PROJECT", admin.project().to_owned()),
        ("PUBSUB_TOPIC", "pushed".to_owned()),
        ("PUBSUB_EMULATOR_HOST", Emulators::shared().await.pubsub_host().to_owned()),
        ("FIRESTORE_EMULATOR_HOST", Emulators::shared().await.firestore_host().to_owned()),
    ];
    let gateway = Service::start(Binaries::shared().await.path("gateway"), &settings).await;
    let gateway = gateway.expect("it starts");
    let api = Api::new(gateway.url());
    assert_eq!(api.ingest_json("acme", "1", "hello").await.status, StatusCode::ACCEPTED);
    api.processed_log("acme", "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_need_the_token_if_one_is_set() {
    let settings = vec![("READ_TOKEN", "open sesame".to_owned())];
    let deployment = Deployment::embedded(settings).await;
    let api = Api::new(deployment.url());
    for path in ["/tenants/acme/processed_logs", "/tenants/acme/quarantine", "/metrics"] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        for (token, status) in [("open sesame", StatusCode::OK), ("open", StatusCode::UNAUTHORIZED)]
        {
            let request = api.request(reqwest::Method::GET, path).bearer_auth(token);
            assert_eq!(e2e::api::answer(request).await.status, status, "{path}");
        }
    }
    assert_eq!(api.get("/health").await.status, StatusCode::OK);
    assert_eq!(api.get("/ready").await.status, StatusCode::OK);
    assert_eq!(api.ingest_json("acme", "1", "hello").await.status, StatusCode::ACCEPTED);
}
