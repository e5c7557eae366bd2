//! A JSON object of a log shipper as a record. It may name its tenant and its id as on `/ingest`.

use super::shipment::Shipped;
use crate::extractors::byte_escapes;
use crate::extractors::json::Object;
use crate::extractors::record_id;
use crate::extractors::said_text::Said;
use crate::problem::{FieldError, ProblemCode};

/// The name of an error that concerns the whole record.
pub(super) const ENTRY: &str = "entry";

/// The record in an object; its text is found as on `/ingest`.
pub(super) fn object(json: &[u8]) -> Result<Shipped, FieldError> {
    let repaired = |problem| match byte_escapes::repaired(json) {
        Some(json) => Object::of(&json),
        None => Err(problem),
    };
    let object = Object::of(json).or_else(repaired).map_err(|problem| {
        let detail = problem.detail().trim_end_matches('.');
        FieldError::new(problem.code(), ENTRY, format!("is not a JSON object: {detail}"))
    })?;
    let Said { tenant, id, text, errors } = Said::of(object);
    if let Some(error) = errors.into_iter().next() {
        return Err(error);
    }
    Ok(Shipped {
        tenant: tenant.map(|name| ("tenant_id", name)),
        id: record_id::in_item("log_id", id.as_deref())?,
        text: without_line_end(text),
        fields: std::str::from_utf8(json).ok().map(str::to_owned),
        ..Shipped::default()
    })
}

/// The record in a value: an object, or only a text.
pub(super) fn value(json: &[u8]) -> Result<Shipped, FieldError> {
    if json.first() != Some(&b'"') {
        return object(json);
    }
    match serde_json::from_slice(json) {
        Ok(text) => Ok(Shipped { text: without_line_end(text), ..Shipped::default() }),
        Err(error) => {
            let reason = format!("is not JSON: {error}");
            Err(FieldError::new(ProblemCode::InvalidJson, ENTRY, reason))
        }
    }
}

/// A line without its line end, which shippers keep.
fn without_line_end(mut text: String) -> String {
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    text
}
