//! The events of a request: JSON objects one after the other, or lines.

use serde_json::{Map, Value};

use crate::doors::json_record::{self, ENTRY};
use crate::doors::shipment::{Shipment, Shipped};
use crate::extractors::json_items::of_stream;
use crate::extractors::surrogates;
use crate::formats::text_of;
use crate::problem::{FieldError, Problem, ProblemCode};

/// Reads events in their envelopes.
pub(super) fn read(body: &[u8], shipment: &mut Shipment) -> Result<(), Problem> {
    let mut body = body.to_vec();
    surrogates::repair(&mut body);
    of_stream(&body).try_for_each(|json| shipment.add(event(json)))
}

/// Reads lines; blank ones are left out.
pub(super) fn read_raw(body: &[u8], shipment: &mut Shipment) -> Result<(), Problem> {
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.filter(|line| !line.trim_ascii().is_empty()).try_for_each(|line| {
        shipment.add(Ok(Shipped { text: text_of(line).into_owned(), ..Shipped::default() }))
    })
}

/// `{"time":1426279439.1,"host":"web1","event":"a line"}`
fn event(json: &[u8]) -> Result<Shipped, FieldError> {
    let mut envelope: Map<String, Value> = serde_json::from_slice(json).map_err(|error| {
        FieldError::new(ProblemCode::InvalidJson, ENTRY, format!("is not a JSON object: {error}"))
    })?;
    let time = match envelope.remove("time") {
        Some(Value::String(time)) => Some(time),
        Some(Value::Number(time)) => Some(time.to_string()),
        _ => None,
    };
    let wrong = |code, reason| FieldError::new(code, "event", reason);
    let shipped = match envelope.remove("event") {
        None => return Err(wrong(ProblemCode::MissingField, "is required")),
        Some(Value::Null) => return Err(wrong(ProblemCode::EmptyText, "must not be blank")),
        Some(Value::String(text)) if text.trim().is_empty() => {
            return Err(wrong(ProblemCode::EmptyText, "must not be blank"));
        }
        Some(Value::String(text)) => Shipped { text, ..Shipped::default() },
        Some(Value::Object(fields)) => object(&fields)?,
        Some(other) => Shipped { text: other.to_string(), ..Shipped::default() },
    };
    Ok(Shipped { time, ..shipped })
}

/// An event that is an object. Docker's has its line in `line`.
fn object(fields: &Map<String, Value>) -> Result<Shipped, FieldError> {
    let json = serde_json::to_string(fields).unwrap_or_default();
    let shipped = json_record::object(json.as_bytes())?;
    match fields.get("line") {
        Some(Value::String(line)) if !line.trim().is_empty() => {
            Ok(Shipped { text: line.clone(), ..shipped })
        }
        _ => Ok(shipped),
    }
}
