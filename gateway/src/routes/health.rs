//! `GET /health`: the process runs. `GET /ready`: broker and store answer too.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Gateway;
use crate::openapi::problems::problems;
use crate::probes::Readiness;
use crate::problem::{Code, Extensions, Problem};

/// The process runs.
#[derive(Serialize, ToSchema)]
struct Health {
    status: Alive,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Alive {
    Ok,
}

/// Every part of the service answers.
#[derive(Serialize, ToSchema)]
struct Ready {
    status: Answering,
    probes: Readiness,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Answering {
    Ready,
}

problems! {
    /// What can go wrong with a process that runs.
    HealthProblems: [Code::MethodNotAllowed, Code::Internal];
    /// What can go wrong with the ports.
    ReadyProblems: [Code::MethodNotAllowed, Code::Internal, Code::NotReady];
}

/// Whether the process runs
#[utoipa::path(
    get, path = "/health", tag = "service", operation_id = "getHealth",
    responses(
        (status = 200, description = "It does.", body = Health, example = json!({"status": "ok"})),
        HealthProblems,
    ),
)]
pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: Alive::Ok })
}

/// Whether broker and store answer
#[utoipa::path(
    get, path = "/ready", tag = "service", operation_id = "getReady",
    responses(
        (status = 200, description = "They do.", body = Ready, example = json!({
            "status": "ready", "probes": {"broker": "ok", "store": "ok"},
        })),
        ReadyProblems,
    ),
)]
pub(crate) async fn ready(gateway: Data<Gateway>) -> Result<HttpResponse, Problem> {
    let readiness = gateway.probes.ask(&gateway).await;
    if readiness.is_ready() {
        return Ok(HttpResponse::Ok().json(Ready { status: Answering::Ready, probes: readiness }));
    }
    let extensions = Extensions { probes: Some(readiness), ..Extensions::default() };
    Err(Problem::new(Code::NotReady, "Not every port answers.").with(extensions))
}
