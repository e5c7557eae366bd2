//! Mutated requests at each door: none is a panic or an answer that blames the server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, QueueOptions};
use common::message::flow;
use common::store::embedded::EmbeddedStore;

use crate::route_table::routes;
use crate::settings::tests::settings;
use crate::state::Gateway;

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
