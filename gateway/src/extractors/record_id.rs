//! The name of a record: the client's, or a made one.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use common::record::RecordId;

use crate::problem::{Code, FieldError};

/// The one id of the request: from `header`, from the body's `field`, else as [`keyed`] has it.
pub(crate) fn one(
    request: &HttpRequest,
    header: Option<&str>,
    field: &str,
    in_body: Option<&str>,
) -> Result<RecordId, Vec<FieldError>> {
    let in_header = header.and_then(|header| text(request.headers(), header));
    let names = [(header.unwrap_or(field), in_header.as_deref()), (field, in_body)];
    let mut one: Option<RecordId> = None;
    let mut errors = Vec::new();
    for (place, name) in names.into_iter().filter_map(|(place, name)| Some((place, name?))) {
        match (RecordId::parse(name), &one) {
            (Err(reason), _) => errors.push(FieldError::new(Code::InvalidId, place, reason)),
            (Ok(id), Some(one)) if id != *one => {
                let reason = "names another record than the rest of the request";
                errors.push(FieldError::new(Code::IdMismatch, place, reason));
            }
            (Ok(id), _) => one = Some(id),
        }
    }
    if errors.is_empty() { Ok(one.unwrap_or_else(|| keyed(request))) } else { Err(errors) }
}

/// The id that the `Idempotency-Key` names, else a made one.
pub(crate) fn keyed(request: &HttpRequest) -> RecordId {
    let key = request.headers().get("Idempotency-Key");
    key.map_or_else(RecordId::random, |key| RecordId::from_key(key.as_bytes()))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
