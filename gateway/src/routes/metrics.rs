//! `GET /metrics`: the metrics of the process, for Prometheus.

use std::io::{self, Write as _};

use actix_web::http::header::{CONTENT_ENCODING, VARY};
use actix_web::{HttpRequest, HttpResponse};
use common::metrics;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::assets::takes_gzip;
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
pub(crate) async fn get(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let text = metrics::render().map_err(Problem::internal)?;
    let mut response = HttpResponse::Ok();
    response.content_type("text/plain; version=0.0.4; charset=utf-8");
    response.insert_header((VARY, "accept-encoding"));
    if !takes_gzip(&request) {
        return Ok(response.body(text));
    }
    let gzip = gzip(&text).map_err(Problem::internal)?;
    Ok(response.insert_header((CONTENT_ENCODING, "gzip")).body(gzip))
}

fn gzip(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}
