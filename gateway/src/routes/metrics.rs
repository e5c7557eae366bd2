//! `GET /metrics`: the state of the process for Prometheus.

use actix_web::HttpResponse;
use common::metrics;

use crate::problem::{Code, Problem};

pub(crate) async fn get() -> Result<HttpResponse, Problem> {
    let text = metrics::render()
        .map_err(|error| Problem::new(Code::Internal, format!("No metrics: {error}.")))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}
