//! Dead letters in the shape of Google Cloud: failing deliveries, the dead-letter topic, and the
//! worker's last attempt.

use common::hash;
use e2e::api::{Api, eventually, new_tenant};
use e2e::deployment::{Cloud, Settings};
use e2e::emulators::Emulators;
use e2e::issuer::{Issuer, claims};
use e2e::key_server::{Answer, KeyServer};
use e2e::relay::Faults;
use serde_json::{Value, json};

const ACCOUNT: &str = "invoker@spillway.iam.gserviceaccount.com";
const AUDIENCE: &str = "https://worker.example";

/// Five attempts are the fewest that Pub/Sub allows.
fn settings() -> Settings {
    vec![("MAX_DELIVERY_ATTEMPTS", "5".to_owned()), ("WORK_SECONDS_PER_CHAR", "0".to_owned())]
}

async fn dead_letters(cloud: &Cloud, outcome: &str, count: f64) {
    let worker = Api::new(cloud.worker().url());
    let series = format!("spillway_dead_letters_total{{outcome=\"{outcome}\"}}");
    eventually(&series, async || (worker.metric(&series).await == count).then_some(())).await;
}

/// The pushes carry no token at first, so all deliveries fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_the_fault_is_fixed_dead_letters_are_stored_or_quarantined() {
    let issuer = Issuer::new("current");
    let keys = KeyServer::start(Answer::keys(&[issuer.jwk()], 3_600)).await.expect("a server");
    let mut settings = settings();
    settings.extend([
        ("PUSH_AUTH", "oidc".to_owned()),
        ("PUSH_AUDIENCE", AUDIENCE.to_owned()),
        ("PUSH_SERVICE_ACCOUNT", ACCOUNT.to_owned()),
        ("PUSH_JWKS_URL", keys.url().to_owned()),
    ]);
    let cloud = Cloud::start(settings).await.expect("it starts");
    let (api, tenant) = (Api::new(cloud.gateway().url()), new_tenant());
    for (id, text) in [("1", "one"), ("2", "two"), ("2", "another two")] {
        assert_eq!(api.ingest_json(&tenant, id, text).await.status, 202);
    }
    eventually("all are dead letters", async || {
        (cloud.dead_letter_relay().pushes() >= 3).then_some(())
    })
    .await;
    assert_eq!(api.all(&tenant, "processed_logs").await, [] as [Value; 0]);
    assert_eq!(api.all(&tenant, "quarantine").await, [] as [Value; 0]);
    cloud.use_token(&issuer.token(&claims(ACCOUNT, AUDIENCE)));
    assert_eq!(api.processed_log(&tenant, "1").await["original_text"], "one");
    let first = api.processed_log(&tenant, "2").await["original_text"].clone();
    let [other] = &api.listed(&tenant, "quarantine", 1).await[..] else {
        unreachable!("one message is listed")
    };
    assert_eq!(other["reason"], "conflict");
    let sums = ["two", "another two"].map(hash::sha256);
    let expected = if first == "two" { &sums[1] } else { &sums[0] };
    assert_eq!(&other["data_sha256"], expected);
    assert!(other["attempts"].as_u64() > Some(5), "{other}");
    let source = &other["attributes"]["CloudPubSubDeadLetterSourceSubscription"];
    assert_eq!(source, &json!("spillway-work"));
    dead_letters(&cloud, "stored", 2.0).await;
    dead_letters(&cloud, "conflict", 1.0).await;
}

/// The worker's answers never reach Pub/Sub: everything is stored, yet delivered until the last
/// attempt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_that_is_already_stored_changes_nothing() {
    let emulators = Emulators::shared().await;
    let faults = Faults { answers_are_lost: true, ..Faults::default() };
    let cloud = Cloud::on(emulators, settings(), faults).await.expect("it starts");
    let (api, tenant) = (Api::new(cloud.gateway().url()), new_tenant());
    let click = json!({"site_id": tenant, "event_type": "page_view", "path": "/", "event_id": "1"});
    let sent = api.request(reqwest::Method::POST, "/event").json(&click);
    assert_eq!(e2e::api::answer(sent).await.status, 202);
    assert_eq!(api.ingest_json(&tenant, "1", "a text").await.status, 202);
    let stored = api.processed_log(&tenant, "1").await;
    dead_letters(&cloud, "duplicate", 2.0).await;
    assert_eq!(api.processed_log(&tenant, "1").await, stored);
    let stats = api.get(&format!("/stats?site_id={tenant}")).await.body;
    assert_eq!(stats["total_views"], 1, "{stats}");
    assert_eq!(api.all(&tenant, "quarantine").await, [] as [Value; 0]);
}
