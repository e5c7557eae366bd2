//! What can be read in the data folder of the embedded mode, and by whom.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use common::hash::{bytes_of, sha256};
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

/// The files in which the text can be read; hexadecimal text also as the bytes that it stands for. A
/// log that is being emptied may be gone.
fn with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let packed = bytes_of(text);
    let holds = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        let has = |part: &[u8]| bytes.windows(part.len()).any(|bytes| bytes == part);
        has(text.as_bytes()) || packed.as_deref().is_some_and(has)
    };
    files(folder).into_iter().filter(holds).collect()
}

fn with_address(folder: &Path) -> Vec<PathBuf> {
    with(folder, ADDRESS)
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

/// Whoever knows the digest of a text tries one phone number after the other.
#[tokio::test(flavor = "multi_thread")]
async fn where_originals_are_off_no_digest_tells_what_an_original_was_embedded() {
    let settings = vec![("STORE_ORIGINAL", "false".to_owned())];
    let mut embedded = Embedded::start(settings).await.expect("it starts");
    let api = Api::new(embedded.service().url());
    let texts = ["call 555-0199", "call 555-0100"];
    for (id, text) in [("one", texts[0]), ("two", texts[0])] {
        assert_eq!(api.ingest_json("acme", id, text).await.status, StatusCode::ACCEPTED);
    }
    let (one, two) =
        (api.processed_log("acme", "one").await, api.processed_log("acme", "two").await);
    assert_eq!(one["digest"], two["digest"], "equal texts are still told by equal digests");

    // After a restart too, a duplicate is a duplicate and a conflict is a conflict.
    embedded.crash().await.expect("it starts again");
    let api = Api::new(embedded.service().url());
    for text in texts {
        assert_eq!(api.ingest_json("acme", "one", text).await.status, StatusCode::ACCEPTED);
    }
    let quarantined = api.listed("acme", "quarantine", 1).await;
    assert_eq!(quarantined[0]["reason"], "conflict");
    let line = r#"[{"path":"/a","receivedAt":"2025-05-01T00:00:00Z"}]"#;
    let batch = api.request(reqwest::Method::POST, "/logs?dedup=content&tenant_id=acme");
    let batch = batch.header("content-type", "application/json").body(line);
    let named = e2e::api::answer(batch).await.body["batch_id"].clone();
    assert_ne!(named, sha256(line));

    let answers = format!("{one}{two}{}", quarantined[0]);
    for original in texts.into_iter().chain([line]) {
        let digest = sha256(original);
        assert!(!answers.contains(&digest), "{original}: {answers}");
        assert_eq!(with(embedded.folder(), &digest), [] as [PathBuf; 0], "{original}");
    }
}
