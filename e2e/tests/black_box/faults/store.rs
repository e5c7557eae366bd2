//! Firestore that is slow, stands still, starts again, refuses commits, or loses its answers: everything is
//! accepted meanwhile, and stored once afterwards.

use std::time::Duration;

use e2e::api::{Api, eventually, new_tenant};
use e2e::deployment::{Cloud, FIRESTORE_HOST};
use e2e::emulators::Emulators;
use e2e::line::{Line, Trouble};

use super::Records;

const RECORDS: usize = 60;

struct Ground {
    line: Line,
    cloud: Cloud,
    records: Records,
}

impl Ground {
    /// Records are accepted in trouble.
    async fn in_trouble(trouble: Trouble) -> Self {
        let line = Line::to(Emulators::shared().await.firestore_host(), "/Commit").await;
        let line = line.expect("a line");
        let settings = vec![
            (FIRESTORE_HOST, line.host()),
            ("WORK_SECONDS_PER_CHAR", "0.0001".to_owned()),
            ("COMMIT_INTERVAL_MS", "50".to_owned()),
        ];
        let cloud = Cloud::start(settings).await.unwrap_or_else(|error| panic!("{error}"));
        let api = Api::new(cloud.gateway().url());
        Records::of(&api, &new_tenant(), 4).are_stored_once_accepted().await;
        let records = Records::of(&api, &new_tenant(), RECORDS);
        line.begin(trouble);
        records.are_accepted().await;
        Self { line, cloud, records }
    }

    /// The trouble lasts until it has met this many commits.
    async fn meets(self, commits: usize) {
        eventually("commits meet the trouble", async || {
            (self.line.troubled() >= commits).then_some(())
        })
        .await;
        self.line.mend();
        self.records.are_stored_once().await;
    }

    /// The trouble lasts until the worker has each record, and can store none.
    async fn holds_all(self) {
        eventually("the worker has all records", async || {
            (self.cloud.relay().pushes() >= RECORDS + 4).then_some(())
        })
        .await;
        self.line.mend();
        self.records.are_stored_once().await;
    }
}

impl Records {
    async fn are_stored_once_accepted(&self) {
        self.are_accepted().await;
        self.are_stored_once().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_takes_two_seconds_stores_each_record_once_cloud() {
    Ground::in_trouble(Trouble::Slow(Duration::from_secs(2))).await.meets(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_stands_still_gets_each_record_once_when_it_goes_on_cloud() {
    Ground::in_trouble(Trouble::Silent).await.holds_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_starts_again_gets_each_record_once_cloud() {
    Ground::in_trouble(Trouble::Down).await.holds_all().await;
}

/// The trouble goes on until everything is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_aborts_half_of_the_commits_stores_each_record_once_cloud() {
    let ground = Ground::in_trouble(Trouble::Aborted).await;
    ground.records.are_stored_once().await;
    assert!(ground.line.troubled() > 0, "commits were aborted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_whose_answers_are_lost_count_once_cloud() {
    Ground::in_trouble(Trouble::AnswersLost).await.meets(3).await;
    let ground = Ground::in_trouble(Trouble::SomeAnswersLost).await;
    ground.records.are_stored_once().await;
    assert!(ground.line.troubled() > 0, "answers were lost");
}
