//! The handler of `POST /v1/logs`.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::answer::Encoding;
use super::{json, protobuf};
use crate::doors::shipment::{Origin, Read, Taken};
use crate::doors::sources::OTLP;
use crate::extractors::body;
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// Takes the log records of an exporter.
pub(crate) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    let encoding = encoding(&request);
    // An unknown type is answered with JSON, which people can read.
    let answer = encoding.as_ref().map_or(Encoding::Json, |encoding| *encoding);
    let limit = gateway.settings.max_logs_bytes();
    let body = match body::read(&request, payload.into_inner(), limit, 0).await {
        Ok(body) => encoding.map(|encoding| (encoding, body)),
        Err(problem) => Err(problem),
    };
    let taken = match body {
        Ok((encoding, body)) => take(&request, &gateway, encoding, body).await,
        Err(problem) => Err(problem),
    };
    match taken {
        Ok(taken) => answer.taken(&taken),
        Err(problem) => answer.refused(&problem),
    }
}

async fn take(
    request: &HttpRequest,
    gateway: &Gateway,
    encoding: Encoding,
    body: Vec<u8>,
) -> Result<Taken, Problem> {
    let origin = Origin::of(request, OTLP, &["X-Tenant-ID"])?;
    let (taken, ()) = origin.take(request, gateway, body, read(encoding)).await?;
    Ok(taken)
}

/// Reads an export request in this encoding.
fn read(encoding: Encoding) -> Read {
    match encoding {
        Encoding::Json => json::read,
        Encoding::Protobuf => protobuf::read,
    }
}

/// What the Content-Type says.
fn encoding(request: &HttpRequest) -> Result<Encoding, Problem> {
    let name = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
    let name = name.unwrap_or_default().split(|byte| *byte == b';').next().unwrap_or_default();
    match name.trim_ascii().to_ascii_lowercase().as_slice() {
        b"application/json" => Ok(Encoding::Json),
        b"application/x-protobuf" | b"application/protobuf" => Ok(Encoding::Protobuf),
        _ => {
            let detail = "The Content-Type must be application/x-protobuf or application/json.";
            Err(Problem::new(ProblemCode::UnsupportedMediaType, detail))
        }
    }
}
