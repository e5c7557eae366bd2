//! The embedded mode while somebody else holds the file of its queue or of its documents, and while it
//! stands still itself.

use std::path::Path;
use std::time::Duration;

use common::data_folder::{DOCUMENTS, QUEUE};
use e2e::api::{Api, eventually, new_tenant};
use e2e::books::balanced;
use e2e::deployment::Embedded;
use reqwest::StatusCode;
use rusqlite::Connection;

use super::Records;

async fn start() -> (Embedded, Records) {
    let settings = vec![("WORK_SECONDS_PER_CHAR", "0.0001".to_owned())];
    let embedded = Embedded::start(settings).await.expect("it starts");
    let api = Api::new(embedded.service().url());
    let records = Records::of(&api, &new_tenant(), 40);
    (embedded, records)
}

/// Keeps everybody else from writing to the database until it is dropped.
fn hold(file: &Path) -> Connection {
    let holder = Connection::open(file).expect("a connection");
    holder.busy_timeout(Duration::from_secs(20)).expect("a limit");
    holder.execute_batch("BEGIN IMMEDIATE").expect("held");
    holder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_cannot_be_written_takes_nothing_until_it_can_be_embedded() {
    let (embedded, records) = start().await;
    let holder = hold(&embedded.folder().join(QUEUE));
    records.are_refused().await;
    assert_eq!(records.api.get("/ready").await.body["probes"]["broker"], "timed-out");
    drop(holder);
    records.are_accepted_again().await;
    records.are_stored_once().await;
    balanced(&embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_that_cannot_be_written_are_written_once_when_they_can_be_embedded() {
    let (embedded, records) = start().await;
    let holder = hold(&embedded.folder().join(DOCUMENTS));
    records.are_accepted().await;
    // SQLite waits for 5 s; then the commit has failed.
    eventually("a commit has failed", async || {
        embedded.service().log().text().contains("database is locked").then_some(())
    })
    .await;
    assert_eq!(records.api.get("/ready").await.body["probes"]["store"], "timed-out");
    drop(holder);
    records.are_stored_once().await;
    balanced(&embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_to_a_server_that_stands_still_are_answered_when_it_goes_on_embedded() {
    let (embedded, records) = start().await;
    embedded.service().freeze().await.expect("it stands still");
    let sent = async { futures::future::join_all((0..40).map(|n| records.send_slowly(n))).await };
    let thaw = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        embedded.service().thaw().expect("it goes on");
    };
    let (statuses, ()) = futures::join!(sent, thaw);
    assert!(statuses.iter().all(|status| *status == StatusCode::ACCEPTED), "{statuses:?}");
    records.are_stored_once().await;
    balanced(&embedded).await;
}

impl Records {
    async fn send_slowly(&self, n: usize) -> StatusCode {
        self.send_one(n).await.status
    }
}
