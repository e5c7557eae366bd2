//! Mutated bodies and queries at every door: none causes a panic or a 5xx that blames the server.

use std::path::Path;
use std::sync::Arc;

use actix_web::App;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{Method, Uri};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::Data;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, QueueOptions};
use common::message::flow;
use common::store::embedded::EmbeddedStore;

use crate::route_table::routes;
use crate::settings::tests::settings;
use crate::state::Gateway;

const TYPES: [&str; 5] = [
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
];

/// A path of each handler.
pub(crate) const PLACES: [&str; 13] = [
    "/api/event",
    "/api/send",
    "/api/batch",
    "/v1/t",
    "/v1/batch",
    "/batch",
    "/flags",
    "/matomo.php",
    "/com.snowplowanalytics.snowplow/tp2",
    "/i",
    "/count/acme",
    "/api/v0/count",
    "/event",
];

/// The requests that hold the bytes: as the body of each door, and as the query of those that read it.
fn requests(bytes: &[u8]) -> Vec<TestRequest> {
    let kind = TYPES[bytes.len() % TYPES.len()];
    let of_path = |path: &str| {
        let post = TestRequest::post().uri(path).set_payload(bytes.to_vec());
        let query = std::str::from_utf8(bytes).ok();
        let uri = query.and_then(|query| format!("{path}?{query}").parse::<Uri>().ok());
        let get = uri.map(|uri| TestRequest::default().method(Method::GET).uri(&uri.to_string()));
        [Some(post), get].into_iter().flatten().collect::<Vec<_>>()
    };
    let all = PLACES.into_iter().flat_map(of_path);
    all.map(|request| request.insert_header(("content-type", kind))).collect()
}

fn gateway(folder: &Path) -> Data<Gateway> {
    let ack_deadline = std::time::Duration::from_secs(600);
    let options = QueueOptions::unbounded(ack_deadline, flow);
    let queue = EmbeddedQueue::open(folder, options).expect("a queue");
    let store = EmbeddedStore::open(folder).expect("a store");
    let broker = Arc::new(EmbeddedBroker(queue));
    Data::new(Gateway::new(broker, Arc::new(store), settings(&[])))
}

#[test]
fn no_body_and_no_query_of_a_door_is_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let system = actix_web::rt::System::new();
    let app = App::new().app_data(gateway(folder.path())).configure(routes);
    let app = system.block_on(init_service(app));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/analytics_clients");
    corpus::try_all(&corpus, |bytes| {
        for request in requests(bytes) {
            let request = request.insert_header(("x-tenant-id", "acme")).to_request();
            let path = request.path().to_owned();
            let answer: Result<ServiceResponse<_>, _> = system.block_on(app.call(request));
            let status = answer.map_or_else(
                |error| error.as_response_error().status_code(),
                |answer| answer.status(),
            );
            if status.is_server_error() {
                return Err(format!("{path}: {status}"));
            }
        }
        Ok(())
    });
}
