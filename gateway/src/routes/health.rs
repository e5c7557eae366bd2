//! `GET /health`: the process runs. `GET /ready`: broker and store answer too.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use crate::app::Gateway;
use crate::problem::{Code, Problem};

pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

pub(crate) async fn ready(gateway: Data<Gateway>) -> Result<HttpResponse, Problem> {
    let readiness = gateway.probes.ask(&gateway).await;
    if readiness.is_ready() {
        return Ok(HttpResponse::Ok().json(json!({"status": "ready", "probes": readiness.json()})));
    }
    let detail = "Not every port answers.";
    Err(Problem::new(Code::NotReady, detail).with("probes", readiness.json()))
}
