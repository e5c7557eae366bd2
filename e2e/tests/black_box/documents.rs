//! What is stored is there for other programs too: they read it with a client of their own.

use e2e::api::Api;
use e2e::deployment::Cloud;
use firestore::jiff::Timestamp;
use firestore::{FirestoreDb, FirestoreDbOptions};
use gcloud_sdk::google_cloud_auth::credentials::anonymous;
use serde::Deserialize;

/// A text as `docs/API.md` describes its document.
#[derive(Debug, Deserialize)]
struct ProcessedLog {
    source: String,
    original_text: String,
    modified_data: String,
    redactions: u64,
    #[serde(with = "firestore::serialize_as_timestamp")]
    processed_at: Timestamp,
}

async fn connect(cloud: &Cloud) -> FirestoreDb {
    let host = cloud.setting("FIRESTORE_EMULATOR_HOST");
    let options = FirestoreDbOptions::new(cloud.setting("GOOGLE_CLOUD_PROJECT").to_owned())
        .with_firebase_api_url(format!("http://{host}"));
    let nobody = anonymous::Builder::new().build();
    FirestoreDb::with_options_auth(options, nobody).await.expect("a connection")
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_reads_a_text_in_the_cloud() {
    let cloud = Cloud::start(Vec::new()).await.unwrap_or_else(|error| panic!("{error}"));
    let (api, began) = (Api::new(cloud.gateway().url()), Timestamp::now());
    let answer = api.ingest_text("acme", "dump", "from 203.0.113.7").await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    api.processed_log("acme", "dump").await;
    let database = connect(&cloud).await;
    let of_acme = database.parent_path("tenants", "acme").expect("a path");
    let select = database.fluent().select().by_id_in("processed_logs");
    let log: Option<ProcessedLog> = select.parent(&of_acme).obj().one("dump").await.expect("read");
    let log = log.expect("it is stored");
    assert_eq!(
        (log.source.as_str(), log.original_text.as_str()),
        ("text_upload", "from 203.0.113.7")
    );
    assert_eq!((log.modified_data.as_str(), log.redactions), ("from [REDACTED]", 1));
    assert!(began <= log.processed_at && log.processed_at <= Timestamp::now());
}
