//! What Elasticsearch's clients ask before they send: the version, the licence, and the health.

use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::answer;

/// The version whose bulk API this implements. Clients refuse servers older than themselves.
const VERSION: &str = "8.19.0";

/// Whether a client of Elasticsearch asks. No person and no browser accepts this type.
pub(crate) fn is_asked(request: &HttpRequest) -> bool {
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    accepts.is_some_and(|accepts| accepts.contains(answer::VENDOR))
}

/// What the server claims to be.
pub(crate) async fn version(request: HttpRequest) -> HttpResponse {
    let version = json!({
        "name": "spillway", "cluster_name": "spillway", "cluster_uuid": "spillway",
        "version": {
            "number": VERSION, "build_flavor": "default", "build_type": "tar",
            "build_hash": "spillway", "build_date": "2025-01-01T00:00:00Z",
            "build_snapshot": false, "lucene_version": "9.12.0",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    });
    answer::json(&request, HttpResponse::Ok(), &version)
}

/// The licence, which decides what shippers use.
pub(crate) async fn license(request: HttpRequest) -> HttpResponse {
    answer::json(&request, HttpResponse::Ok(), &json!({ "license": basic() }))
}

/// The same for older clients, which ask for the features too.
pub(crate) async fn xpack(request: HttpRequest) -> HttpResponse {
    let features = json!({"license": basic(), "features": {}});
    answer::json(&request, HttpResponse::Ok(), &features)
}

fn basic() -> Value {
    json!({"uid": "spillway", "type": "basic", "mode": "basic", "status": "active"})
}

/// The state of a healthy cluster. `GET /ready` asks the broker and the store.
pub(crate) async fn cluster_health(request: HttpRequest) -> HttpResponse {
    let health = json!({
        "cluster_name": "spillway", "status": "green", "timed_out": false,
        "number_of_nodes": 1, "number_of_data_nodes": 1,
    });
    answer::json(&request, HttpResponse::Ok(), &health)
}
