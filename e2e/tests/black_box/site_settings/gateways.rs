//! A change reaches every gateway.

use std::time::Duration;

use e2e::binaries::Binaries;
use e2e::deployment::Cloud;
use e2e::service::Service;
use serde_json::json;
use tokio::time::Instant;

use e2e::api::eventually;

use super::site::Site;

/// How long the documents say that it takes, with room for a busy machine.
const SOON: Duration = Duration::from_secs(10 + 5);

#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_one_gateway_reaches_the_other_soon() {
    let cloud = Cloud::start(Vec::new()).await.unwrap_or_else(|error| panic!("{error}"));
    let same =
        ["GOOGLE_CLOUD_PROJECT", "PUBSUB_TOPIC", "PUBSUB_EMULATOR_HOST", "FIRESTORE_EMULATOR_HOST"];
    let same = same.map(|name| (name, cloud.setting(name).to_owned()));
    let second = Service::start(Binaries::shared().await.path("gateway"), &same).await;
    let second = second.unwrap_or_else(|error| panic!("{error}"));
    let here = Site::at(cloud.gateway().url());
    let there = Site { name: here.name.clone(), ..Site::at(second.url()) };
    assert_eq!(there.view("/admin", json!({})).await, None);
    here.set(json!({"excluded_paths": ["/admin*"]})).await;
    let changed = Instant::now();
    assert_eq!(here.view("/admin", json!({})).await.as_deref(), Some("path"), "here at once");
    eventually("the other gateway knows it", async || there.view("/admin", json!({})).await).await;
    assert!(changed.elapsed() < SOON, "{:?}", changed.elapsed());
}
