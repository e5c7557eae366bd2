//! Mutated bodies at each door, with the media types that clients send: none causes a panic or a
//! 5xx that blames the server.

use std::path::Path;
use std::sync::Arc;

use actix_web::FromRequest as _;
use actix_web::test::TestRequest;
use actix_web::web::Data;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, QueueOptions};
use common::message::flow;
use common::store::embedded::EmbeddedStore;

use super::body::{Body, FromBody};
use super::interaction::Interaction;
use super::log_batch::LogBatch;
use super::site_event::SiteEvent;
use super::text_upload::TextUpload;
use crate::problem::{Problem, ProblemCode};
use crate::settings::tests::settings;
use crate::state::Gateway;

const TYPES: [&str; 6] = [
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "text/plain",
    "application/x-www-form-urlencoded",
    "",
];

/// Gives the bodies to the door, and those that it accepts to `check`.
fn try_door<T: FromBody>(door: &str, check: impl Fn(T) -> Result<(), String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = QueueOptions::unbounded(std::time::Duration::from_secs(600), flow);
    let queue = EmbeddedQueue::open(folder.path(), options).expect("a queue");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let gateway = Gateway::new(Arc::new(EmbeddedBroker(queue)), Arc::new(store), settings(&[]));
    let gateway = Data::new(gateway);
    let system = actix_web::rt::System::new();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(door);
    corpus::try_all(&corpus, |body| {
        let kind = TYPES[body.len() % TYPES.len()];
        let request = TestRequest::post().app_data(gateway.clone()).set_payload(body.to_vec());
        let request = request.insert_header(("content-type", kind));
        let (request, mut payload) = request.insert_header(("x-tenant-id", "acme")).to_http_parts();
        match system.block_on(Body::<T>::from_request(&request, &mut payload)) {
            Ok(Body(taken)) => check(taken),
            Err(problem) => blames_the_client(&problem),
        }
    });
}

fn blames_the_client(problem: &Problem) -> Result<(), String> {
    let code: ProblemCode = problem.code();
    if code.status().is_client_error() { Ok(()) } else { Err(problem.to_string()) }
}

#[test]
fn no_body_of_ingest_is_a_panic() {
    try_door("ingest", |_: TextUpload| Ok(()));
}

#[test]
fn no_body_of_logs_is_a_panic_and_a_batch_that_is_taken_has_an_entry() {
    try_door("logs", |batch: LogBatch| match batch.read.entries.len() {
        0 => Err("a batch without an entry was taken".to_owned()),
        _ => Ok(()),
    });
}

#[test]
fn no_body_of_event_is_a_panic() {
    try_door("event", |_: SiteEvent| Ok(()));
}

#[test]
fn no_body_of_events_is_a_panic() {
    try_door("events", |_: Interaction| Ok(()));
}
