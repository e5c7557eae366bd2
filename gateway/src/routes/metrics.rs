//! `GET /metrics`: the state of the process for Prometheus.

use actix_web::HttpResponse;
use common::metrics;

use crate::openapi::problems::problems;
use crate::problem::{Code, Problem};

problems! {
    /// What can go wrong here.
    Problems: [Code::Unauthorized, Code::MethodNotAllowed, Code::Internal];
}

/// What Prometheus wants to know
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
    let text = metrics::render()
        .map_err(|error| Problem::new(Code::Internal, format!("No metrics: {error}.")))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}
