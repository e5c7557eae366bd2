//! Pub/Sub that is down, stands still, or loses its answers: a 202 is true, a 503 comes in time, and afterwards
//! records are taken without a restart.

use std::time::Duration;

use e2e::api::{Api, eventually, new_tenant};
use e2e::deployment::{Cloud, PUBSUB_HOST};
use e2e::emulators::Emulators;
use e2e::line::{Line, Trouble};
use reqwest::StatusCode;

use super::Records;

/// The longest until records are taken again after the broker is well.
const RECOVERY: Duration = Duration::from_secs(30);

struct Ground {
    line: Line,
    _cloud: Cloud,
    api: Api,
}

impl Ground {
    async fn start() -> Self {
        let line = Line::to(Emulators::shared().await.pubsub_host(), "/Publish").await;
        let line = line.expect("a line");
        let settings =
            vec![(PUBSUB_HOST, line.host()), ("WORK_SECONDS_PER_CHAR", "0.0001".to_owned())];
        let cloud = Cloud::start(settings).await.unwrap_or_else(|error| panic!("{error}"));
        let api = Api::new(cloud.gateway().url());
        Records::of(&api, &new_tenant(), 4).are_accepted().await;
        assert_eq!(api.get("/ready").await.status, StatusCode::OK);
        Self { line, _cloud: cloud, api }
    }

    /// What is refused during the trouble is taken, and counts once, when it is sent again.
    async fn refuses_during(&self, trouble: Trouble) {
        let records = Records::of(&self.api, &new_tenant(), 20);
        self.line.begin(trouble);
        records.are_refused().await;
        self.line.mend();
        self.takes_again(&records).await;
    }

    async fn takes_again(&self, records: &Records) {
        let took = records.are_accepted_again().await;
        println!("records are taken again after {took:.1?}");
        assert!(took < RECOVERY, "{took:?}");
        records.are_stored_once().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_dies_takes_nothing_until_it_is_back_cloud() {
    Ground::start().await.refuses_during(Trouble::Down).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_stands_still_takes_nothing_until_it_goes_on_cloud() {
    Ground::start().await.refuses_during(Trouble::Silent).await;
}

/// It dies after it has taken the messages, and before it says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_broker_took_without_an_answer_is_refused_and_counts_once_when_sent_again_cloud() {
    let ground = Ground::start().await;
    ground.refuses_during(Trouble::AnswersLost).await;
    assert!(ground.line.troubled() > 0, "answers were lost");
}

/// As when a router on the way has forgotten the connections: they stay open, and nothing comes through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_died_unnoticed_are_replaced_cloud() {
    let ground = Ground::start().await;
    let records = Records::of(&ground.api, &new_tenant(), 20);
    ground.line.forget_connections();
    ground.takes_again(&records).await;
    eventually("the gateway is ready", async || {
        (ground.api.get("/ready").await.status == StatusCode::OK).then_some(())
    })
    .await;
}
