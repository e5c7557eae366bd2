//! What can be read in the data folder of the embedded mode, and by whom.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use e2e::api::{Api, eventually};
use e2e::deployment::Embedded;
use reqwest::StatusCode;

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
