//! The deployed programs without an emulator's variable: with tokens of a metadata server, over TLS.

use std::path::Path;

use e2e::api::{Api, eventually, new_tenant};
use e2e::binaries::Binaries;
use e2e::google::{Authority, MetadataServer, Programs, Project, assert_records_pass};
use e2e::issuer::{Issuer, claims};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn records_pass_through_the_cloud_over_tls_and_with_tokens() {
    assert_records_pass(Binaries::shared().await).await;
}

/// Programs that are not let through, and their gateway's log once it has `words` of both services.
async fn assert_nothing_passes(metadata: &MetadataServer, trusted: Option<&Path>, words: &str) {
    let project = Project::start().await.unwrap_or_else(|error| panic!("{error}"));
    let trusted = trusted.unwrap_or(project.authority.file());
    let binaries = Binaries::shared().await;
    let launch = |name: &str| Command::new(binaries.path(name));
    let programs = Programs::start(launch, &project, metadata, trusted).await;
    let programs = programs.unwrap_or_else(|error| panic!("{error}"));
    for service in ["Pub/Sub", "Firestore"] {
        let log = programs.gateway.log();
        let says_so = |line: &str| line.contains(service) && line.contains(words);
        let said = async || log.text().lines().any(says_so).then_some(());
        eventually(&format!("the gateway says of {service}: {words}"), said).await;
    }
    let api = Api::new(programs.gateway.url());
    assert_eq!(api.get("/ready").await.status, 503);
    assert_eq!((project.pubsub.seen().passed(), project.firestore.seen().passed()), (0, 0));
}

/// What makes the first test a test: the front lets nobody else through.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_metadata_server_is_refused_in_the_cloud() {
    let another = MetadataServer::start().await.expect("a metadata server");
    assert_nothing_passes(&another, None, "The caller shows no valid token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority_is_not_trusted_in_the_cloud() {
    let (metadata, unknown) = (MetadataServer::start().await, Authority::new());
    let (metadata, unknown) = (metadata.expect("a server"), unknown.expect("an authority"));
    assert_nothing_passes(&metadata, Some(unknown.file()), "UnknownIssuer").await;
}

/// Programs in `project` run until their gateway has said why it cannot use the service, and `asked`, which
/// tells whether it has asked it again: the reason is in its log once, in these words.
async fn assert_said_once(project: &Project, service: &str, words: &str, asked: impl Fn() -> bool) {
    let binaries = Binaries::shared().await;
    let launch = |name: &str| Command::new(binaries.path(name));
    let trusted = project.authority.file();
    let programs = Programs::start(launch, project, &project.metadata, trusted).await;
    let programs = programs.unwrap_or_else(|error| panic!("{error}"));
    let log = programs.gateway.log();
    let says_so =
        |line: &&str| line.contains("the service cannot be used") && line.contains(service);
    let said = async || (log.text().lines().any(|line| says_so(&line)) && asked()).then_some(());
    eventually(&format!("the gateway says why it cannot use {service}"), said).await;
    let text = log.text();
    let said: Vec<_> = text.lines().filter(says_so).collect();
    assert!(said.len() == 1 && said[0].contains(words), "{said:?}");
    assert_eq!(Api::new(programs.gateway.url()).get("/ready").await.status, 503);
}

/// The statuses of gRPC.
const NOT_FOUND: u8 = 5;
const PERMISSION_DENIED: u8 = 7;

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_logged_once_in_the_words_of_the_cloud() {
    for (service, words) in [
        ("Pub/Sub", "User not authorized to perform this action."),
        ("Firestore", "Missing or insufficient permissions."),
    ] {
        let project = Project::start().await.unwrap_or_else(|error| panic!("{error}"));
        let front = if service == "Pub/Sub" { &project.pubsub } else { &project.firestore };
        front.refuse(PERMISSION_DENIED, words);
        assert_said_once(&project, service, words, || front.seen().passed() > 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_database_is_logged_once_in_the_words_of_the_cloud() {
    let project = Project::start().await.unwrap_or_else(|error| panic!("{error}"));
    let words = "The database (default) does not exist for project my-project";
    project.firestore.refuse(NOT_FOUND, words);
    let asked = || project.firestore.seen().passed() > 3;
    assert_said_once(&project, "Firestore", words, asked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_is_logged_as_such_in_the_cloud() {
    let mut project = Project::start().await.unwrap_or_else(|error| panic!("{error}"));
    project.firestore.move_to("https://firestore.invalid");
    let words = "failed to lookup address information";
    assert_said_once(&project, "Firestore", words, || true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_with_a_token_of_another_issuer_is_not_passed_on_in_the_cloud() {
    let project = Project::start().await.unwrap_or_else(|error| panic!("{error}"));
    let binaries = Binaries::shared().await;
    let launch = |name: &str| Command::new(binaries.path(name));
    let trusted = project.authority.file();
    let programs = Programs::start(launch, &project, &project.metadata, trusted).await;
    let programs = programs.unwrap_or_else(|error| panic!("{error}"));
    programs.relay.use_token(Issuer::new("1").token(&claims("push@test", "any")));
    let (api, tenant) = (Api::new(programs.gateway.url()), new_tenant());
    assert_eq!(api.ingest_json(&tenant, "1", "a text").await.status, 202);
    let refused = async || (programs.front.seen().refused() > 1).then_some(());
    eventually("it is pushed, and pushed again", refused).await;
    assert_eq!(programs.front.seen().passed(), 0);
    assert_eq!(api.get(&format!("/tenants/{tenant}/processed_logs/1")).await.status, 404);
}
