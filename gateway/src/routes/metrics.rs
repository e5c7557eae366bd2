//! `GET /metrics`: the metrics of the process, for Prometheus.

use actix_web::HttpResponse;
use common::metrics;

use crate::openapi::responses::responses;
use crate::problem::{Problem, ProblemCode};

responses! {
    /// The problems of this route.
    Problems: [
        ProblemCode::InvalidQuery,
        ProblemCode::Unauthorized,
        ProblemCode::MethodNotAllowed,
        ProblemCode::Internal,
    ];
}

/// Reads the metrics for Prometheus
///
/// in its text format.
#[utoipa::path(
    get, path = "/metrics", tag = "service", operation_id = "getMetrics",
    responses(
        (status = 200, description = "The metrics.", body = String,
            content_type = "text/plain; version=0.0.4; charset=utf-8",
            example = json!("spillway_records_accepted_total{kind=\"event\",source=\"site_event\"} 2\n")),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn get() -> Result<HttpResponse, Problem> {
    let text = metrics::render().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}
