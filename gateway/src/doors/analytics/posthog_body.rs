//! The bodies of PostHog's clients: JSON, compressed by gzip without saying so, or a form whose field is
//! JSON in base64.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::form;
use super::records::{self, RECORD_BYTES};
use crate::extractors::body;
use crate::extractors::compression::Coding;
use crate::extractors::query;
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// How gzip begins.
const GZIP: &[u8] = b"\x1f\x8b";
/// How such a form begins.
const FORM: [&[u8]; 3] = [b"data=", b"ip=", b"compression="];

/// The JSON of a request.
pub(super) async fn json(
    request: &HttpRequest,
    payload: Payload,
    gateway: &Gateway,
) -> Result<Vec<u8>, Problem> {
    let body = records::bytes(request, payload, gateway).await?;
    if query::parameter(request, "compression")?.as_deref() == Some("lz64") {
        let detail = "The compression lz64 is not supported. Use gzip-js, base64 or none.";
        return Err(records::accepting(Problem::new(ProblemCode::UnsupportedEncoding, detail)));
    }
    let body = match in_form(&body)? {
        Some(field) => from_base64(field),
        None => body,
    };
    if body.starts_with(GZIP) {
        let limit = gateway.settings.max_logs_bytes();
        return body::unpack(request, Coding::Gzip, body, limit, RECORD_BYTES).await;
    }
    Ok(body)
}

/// The field of a form.
fn in_form(body: &[u8]) -> Result<Option<Vec<u8>>, Problem> {
    if !FORM.iter().any(|begin| body.starts_with(begin)) {
        return Ok(None);
    }
    match form::of_body(body)?.remove("data") {
        Some(Value::String(data)) => Ok(Some(data.into_bytes())),
        _ => Err(Problem::new(ProblemCode::MissingField, "The form has no field data.")),
    }
}

/// What the text stands for, if it is base64. A plus that was not escaped is read as a blank.
fn from_base64(text: Vec<u8>) -> Vec<u8> {
    let plain: Vec<u8> = text.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect();
    BASE64.decode(plain).unwrap_or(text)
}
