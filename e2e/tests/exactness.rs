//! Events of three tenants, each delivered one to four times in random order, while the worker is
//! killed five times: every number of every endpoint equals an independent count.

use e2e::binaries::Binaries;
use e2e::deployment::{Deployment, Settings};
use e2e::exactness::{assert_exact, assert_exact_on_the_emulators, events};
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use serde_json::Value;

/// Sends each event several times: the embedded queue has no relay that could repeat deliveries.
#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_exact_embedded() {
    let events = events(20_000, 1, "2025-05-29").await;
    let mut sent: Vec<Value> = Vec::new();
    for event in &events {
        let times = rand::rng().random_range(1..=4);
        sent.extend(std::iter::repeat_n(event.clone(), times));
    }
    sent.shuffle(&mut rand::rng());
    let deployment = Deployment::embedded(Settings::new()).await;
    assert_exact(deployment, sent, &events).await;
}

/// The optimized programs do the same with 20,000 events, in `release.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_exact_on_the_emulators() {
    assert_exact_on_the_emulators(Binaries::shared().await, 2_000).await;
}
