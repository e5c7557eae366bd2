//! A record of each kind passes through Google Cloud.

use serde_json::{Value, json};
use tokio::process::Command;

use super::programs::Programs;
use super::project::Project;
use crate::api::{Answer, Api, answer, eventually, new_tenant};
use crate::binaries::Binaries;

/// A text and an event go all the way through these programs, over TLS and with tokens.
///
/// # Panics
/// If one of them does not, or if a call is made without a token.
pub async fn assert_records_pass(binaries: &Binaries) {
    let project = Project::start().await.unwrap_or_else(|error| panic!("{error}"));
    let (launch, trusted) =
        (|name: &str| Command::new(binaries.path(name)), project.authority.file());
    let programs = Programs::start(launch, &project, &project.metadata, trusted).await;
    assert_passage(&programs.unwrap_or_else(|error| panic!("{error}")), &project).await;
}

/// The same through programs that run in `project`, which nobody else has called.
///
/// # Panics
/// As [`assert_records_pass`].
pub async fn assert_passage(programs: &Programs, project: &Project) {
    let (api, worker) = (Api::new(programs.gateway.url()), Api::new(programs.worker.url()));
    for program in [&api, &worker] {
        let ready = async || (program.get("/ready").await.status == 200).then_some(());
        eventually("it reaches all that it needs", ready).await;
    }
    assert_text_passes(&api).await;
    assert_event_passes(&api).await;
    assert!(programs.front.seen().passed() > 0, "nothing was pushed");
    assert_eq!(programs.front.seen().refused(), 0, "a push had no valid token");
    let tokens = project.metadata.tokens().count();
    assert!(tokens >= 2, "each program asks for a token of its own: {tokens}");
    for (service, front) in [("Pub/Sub", &project.pubsub), ("Firestore", &project.firestore)] {
        assert!(front.seen().passed() > 0, "{service} was not called");
        assert_eq!(front.seen().refused(), 0, "{service} was called without a token");
    }
}

async fn assert_text_passes(api: &Api) {
    let tenant = new_tenant();
    let accepted = api.ingest_json(&tenant, "1", "call 555-0199").await;
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    let stored = api.processed_log(&tenant, "1").await;
    assert_eq!(stored["original_text"], "call 555-0199");
}

async fn assert_event_passes(api: &Api) {
    let site = new_tenant();
    let view = json!({"site_id": site, "event_type": "page_view", "path": "/", "user_id": "u"});
    let request = api.request(reqwest::Method::POST, "/event").json(&view);
    let Answer { status, body, .. } = answer(request).await;
    assert_eq!(status, 202, "{body}");
    let path = format!("/stats?site_id={site}");
    let counted = async || {
        let stats = api.get(&path).await.body;
        (stats["total_views"] == 1).then_some(stats)
    };
    let stats: Value = eventually("the view is counted", counted).await;
    assert_eq!(stats["unique_users"], 1);
}
