//! `GET /health`: the process runs. `GET /ready`: the broker and the store answer too.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::responses::responses;
use crate::probes::Readiness;
use crate::problem::{Extensions, Problem, ProblemCode};
use crate::state::Gateway;

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

/// Both ports answer.
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

responses! {
    /// The problems of a running process.
    HealthProblems: [ProblemCode::MethodNotAllowed, ProblemCode::Internal];
    /// The problems of the ports.
    ReadyProblems: [ProblemCode::MethodNotAllowed, ProblemCode::Internal, ProblemCode::NotReady];
}

/// Says that the process runs
///
/// even if the broker and the store do not.
#[utoipa::path(
    get, path = "/health", tag = "service", operation_id = "getHealth",
    responses(
        (status = 200, description = "The process is running.", body = Health,
            example = json!({"status": "ok"})),
        HealthProblems,
    ),
)]
pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: Alive::Ok })
}

/// Says whether the broker and the store answer
///
/// and so whether a record would be accepted now.
#[utoipa::path(
    get, path = "/ready", tag = "service", operation_id = "getReady",
    responses(
        (status = 200, description = "Both answer.", body = Ready, example = json!({
            "status": "ready", "probes": {"broker": "ok", "store": "ok"},
        })),
        ReadyProblems,
    ),
)]
pub(crate) async fn ready(gateway: Data<Gateway>) -> Result<HttpResponse, Problem> {
    let readiness = gateway.probes.ask().await;
    if readiness.is_ready() {
        return Ok(HttpResponse::Ok().json(Ready { status: Answering::Ready, probes: readiness }));
    }
    let trouble = readiness.trouble();
    let extensions = Extensions { probes: Some(readiness), ..Extensions::default() };
    Err(Problem::new(ProblemCode::NotReady, trouble).with(extensions))
}
