//! What can be read in the data folder of the embedded mode, and by whom.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use e2e::api::{Api, answer, eventually};
use e2e::books::balanced;
use e2e::deployment::Embedded;
use reqwest::{Method, StatusCode};
use serde_json::json;

const ADDRESS: &str = "ann.of.acme@example.com";

/// All files below the folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The files in which the address can be read. A log that is being emptied may be gone.
fn with_address(folder: &Path) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        bytes.windows(ADDRESS.len()).any(|bytes| bytes == ADDRESS.as_bytes())
    };
    files(folder).into_iter().filter(holds).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_originals_are_off_nothing_of_one_stays_in_the_data_folder() {
    let settings = vec![("STORE_ORIGINAL", "false".to_owned())];
    let embedded = Embedded::start(settings).await.expect("it starts");
    let api = Api::new(embedded.service().url());
    let answer = api.ingest_json("acme", "one", &format!("Mail to {ADDRESS}")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert!(!with_address(embedded.folder()).is_empty(), "it waits in the queue");
    api.processed_log("acme", "one").await;
    eventually("the original is gone", async || {
        with_address(embedded.folder()).is_empty().then_some(())
    })
    .await;
    for path in files(embedded.folder()) {
        let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

/// A data folder that the first version left: a text in one part and one in two, four events, a batch of
/// access logs, and a conflict.
const VERSION_1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../common/tests/version-1");

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (from, to) = (
            entry.as_ref().expect("an entry").path(),
            to.join(entry.expect("an entry").file_name()),
        );
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("copied");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_the_first_version_serves_on_and_counts_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(Path::new(VERSION_1), folder.path());
    let mut embedded = Embedded::start_in(folder, Vec::new()).await.expect("it starts");
    for _ in 0..2 {
        let api = Api::new(embedded.service().url());
        let view = json!({"site_id": "acme", "event_type": "page_view", "path": "/p1", "user_id": "u1",
            "event_id": "e1", "timestamp": "2026-11-01T10:00:00Z", "payload": {"n": 1, "t": "x"}});
        let again = answer(api.request(Method::POST, "/event").json(&view)).await;
        assert_eq!(again.status, StatusCode::ACCEPTED);
        eventually("the duplicate is done with", async || {
            (api.metric("spillway_messages_delivered_total{kind=\"event\",outcome=\"duplicate\"}")
                .await
                == 1.0)
                .then_some(())
        })
        .await;
        let stats = api.get("/stats?site_id=acme").await.body;
        assert_eq!((&stats["total_views"], &stats["unique_users"]), (&json!(3), &json!(2)));
        assert_eq!(api.processed_log("acme", "long").await["characters"], 5_500);
        let logs = "/logs/stats?tenant_id=beta&from=2026-11-01T10:00:00Z&to=2026-11-01T11:00:00Z";
        assert_eq!(api.get(&format!("{logs}&grain=hour")).await.body["windows"][0]["requests"], 2);
        assert_eq!(api.all("acme", "quarantine").await.len(), 1);
        balanced(&embedded).await;
        embedded.crash().await.expect("it starts again");
    }
}
