//! Mutated requests at each door: none causes a panic or a 5xx that blames the server.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, QueueOptions};
use common::message::flow;
use common::store::embedded::EmbeddedStore;

use super::analytics;
use crate::route_table::routes;
use crate::settings::tests::settings;
use crate::state::Gateway;

/// The routes that this module tries.
const LOG_CLIENTS: [&str; 7] = [
    "/v1/logs",
    "/loki/api/v1/push",
    "/{index}/_bulk",
    "/services/collector/event",
    "/services/collector/raw",
    "/records",
    "/upload",
];
/// The routes whose bodies `extractors/fuzz.rs` tries.
const OWN: [&str; 4] = ["/ingest", "/event", "/events", "/logs"];
/// Routes whose handler is tried at another route.
const SAME_HANDLER: [&str; 27] = [
    "/v1/track",
    "/v1/page",
    "/v1/screen",
    "/v1/identify",
    "/v1/group",
    "/v1/alias",
    "/v1/p",
    "/v1/s",
    "/v1/i",
    "/v1/g",
    "/v1/a",
    "/v1/b",
    "/capture",
    "/track",
    "/e",
    "/i/v0/e",
    "/decide",
    "/piwik.php",
    "/count",
    "/api/v0/count/{tenant}",
    "/_bulk",
    "/elasticsearch/_bulk",
    "/elasticsearch/{index}/_bulk",
    "/services/collector",
    "/services/collector/event/1.0",
    "/services/collector/raw/1.0",
    "/tenants/{tenant}/upload",
];

/// Sends each body of the corpus to the path under one of these types.
fn try_door(corpus: &str, path: &str, types: &[&'static str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = QueueOptions::unbounded(Duration::from_secs(600), flow);
    let queue = EmbeddedQueue::open(folder.path(), options).expect("a queue");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let gateway = Gateway::new(Arc::new(EmbeddedBroker(queue)), Arc::new(store), settings(&[]));
    let system = actix_web::rt::System::new();
    let app = App::new().app_data(Data::new(gateway)).configure(routes);
    let app = system.block_on(init_service(app));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(corpus);
    corpus::try_all(&corpus, |body| {
        let kind = types[body.len() % types.len()];
        let request = TestRequest::post().uri(path).insert_header(("content-type", kind));
        let request = request.set_payload(body.to_vec()).to_request();
        let status = system.block_on(call_service(&app, request)).status();
        if status.is_server_error() { Err(format!("{kind}: {status}")) } else { Ok(()) }
    });
}

#[test]
fn no_export_of_otlp_is_a_panic() {
    try_door("otlp", "/v1/logs", &["application/x-protobuf", "application/json"]);
    try_door("otlp", "/v1/logs", &["application/json", "application/x-protobuf"]);
}

#[test]
fn no_push_of_loki_is_a_panic() {
    try_door("loki", "/loki/api/v1/push", &["application/x-protobuf", "application/json"]);
    try_door("loki", "/loki/api/v1/push", &["application/json", "application/x-protobuf"]);
}

#[test]
fn no_bulk_request_is_a_panic() {
    try_door("elasticsearch", "/logs/_bulk", &["application/x-ndjson"]);
}

#[test]
fn no_event_of_splunk_is_a_panic() {
    try_door("splunk", "/services/collector/event", &["application/json"]);
    try_door("splunk", "/services/collector/raw", &["text/plain"]);
}

#[test]
fn no_records_are_a_panic() {
    try_door("records", "/records", &["application/json", "text/plain", ""]);
}

#[test]
fn no_journal_is_a_panic() {
    try_door("journal", "/upload", &["application/vnd.fdo.journal"]);
}

/// The routes that take a POST, as the route table begins their counters.
fn posted_routes() -> BTreeSet<String> {
    let system = actix_web::rt::System::new();
    system.block_on(init_service(App::new().configure(routes)));
    let metrics = common::metrics::render().expect("text");
    let posts = metrics.lines().filter(|line| line.contains("method=\"POST\""));
    let route = |line: &str| Some(line.split_once("route=\"")?.1.split_once('"')?.0.to_owned());
    posts.filter_map(route).collect()
}

#[test]
fn every_route_that_takes_a_body_is_tried() {
    let (posted, own) = (posted_routes(), LOG_CLIENTS.iter().chain(&OWN).chain(&SAME_HANDLER));
    let own: BTreeSet<_> = own.map(|route| (*route).to_owned()).collect();
    let gone: Vec<_> = own.difference(&posted).collect();
    assert!(gone.is_empty(), "no route takes a body at {gone:?}");
    let analytics = analytics::fuzz::PLACES.map(|place| place.replace("/acme", "/{tenant}"));
    let tried: BTreeSet<_> = own.into_iter().chain(analytics).collect();
    let untried: Vec<_> = posted.difference(&tried).collect();
    assert!(untried.is_empty(), "no mutated bodies for {untried:?}");
}
