//! A push as JSON: `{"streams":[{"stream":{…},"values":[["nanoseconds","line"],…]},…]}`.

use serde_json::Value;

use super::line::{Line, add};
use crate::doors::json_arrays::{array, repaired};
use crate::doors::shipment::Shipment;
use crate::problem::{FieldError, Problem, ProblemCode};

/// Reads a push.
pub(super) fn read(body: &[u8], shipment: &mut Shipment) -> Result<(), Problem> {
    for stream in array(&repaired(body), "streams")? {
        for value in array(stream, "values")? {
            add(shipment, line(value))?;
        }
    }
    Ok(())
}

/// A time, a line, and perhaps metadata.
fn line(value: &[u8]) -> Result<Line, FieldError> {
    let wrong = |reason: String| FieldError::new(ProblemCode::InvalidJson, "value", reason);
    let value: Value =
        serde_json::from_slice(value).map_err(|error| wrong(format!("is not JSON: {error}")))?;
    let time = match value.get(0) {
        Some(Value::String(time)) => time.clone(),
        Some(Value::Number(time)) => time.to_string(),
        _ => return Err(wrong("must begin with a time".to_owned())),
    };
    let text = value.get(1).and_then(Value::as_str);
    let text = text.ok_or_else(|| wrong("must have a line after its time".to_owned()))?;
    Ok(Line { time, text: text.to_owned() })
}
