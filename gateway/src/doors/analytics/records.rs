//! The records in a JSON body: an object, an array, or an object around an array.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use serde_json::{Map, Value};

use crate::extractors::json::{BYTE_ORDER_MARK, Object};
use crate::extractors::json_items;
use crate::extractors::media::Media;
use crate::extractors::text_batch::MAX_RECORDS;
use crate::extractors::{body, compression, surrogates};
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

/// About how much memory a record takes besides its bytes, as an event and as a message.
pub(super) const RECORD_BYTES: usize = 1_500;
/// The field of an error of a whole record.
const RECORD: &str = "record";
/// The forms that a body may have.
const MEDIA_TYPES: &str = "application/json, text/plain";

/// The records of a body.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) each: Vec<Result<Map<String, Value>, FieldError>>,
    /// The members beside their array.
    pub(super) beside: Map<String, Value>,
}

/// The body of a request as it is, within the limit of batches.
pub(super) async fn bytes(
    request: &HttpRequest,
    payload: Payload,
    gateway: &Gateway,
) -> Result<Vec<u8>, Problem> {
    let read = body::read(request, payload, gateway.settings.max_logs_bytes(), RECORD_BYTES).await;
    read.map_err(accepting)
}

/// The JSON of a request, even if it is declared as text or as a form.
pub(super) async fn json(
    request: &HttpRequest,
    payload: Payload,
    gateway: &Gateway,
) -> Result<Vec<u8>, Problem> {
    let body = bytes(request, payload, gateway).await?;
    match Media::of(request, body).map_err(accepting)? {
        Media::Json(json) | Media::Text(json) => Ok(json),
        other => Err(accepting(other.unsupported("application/json"))),
    }
}

/// A problem that says which forms a body may have.
pub(super) fn accepting(problem: Problem) -> Problem {
    problem.accepting(MEDIA_TYPES, compression::ACCEPTED)
}

impl Records {
    /// Reads a body. If it is an object, its records are in `envelope`, or it is one itself.
    pub(super) fn of(mut json: Vec<u8>, envelope: &str) -> Result<Self, Problem> {
        surrogates::repair(&mut json);
        let Some(found) = json_items::of_value(&json, envelope, &[]) else {
            return Ok(Self { each: vec![Ok(whole(&json)?)], beside: Map::new() });
        };
        let count = found.items.len();
        if count > MAX_RECORDS {
            let detail = format!("The batch has {count} records; the limit is {MAX_RECORDS}.");
            return Err(Problem::new(ProblemCode::TooLarge, detail));
        }
        let beside = found.beside.map_or_else(|| Ok(Map::new()), |beside| whole(&beside))?;
        Ok(Self { each: found.items.into_iter().map(one).collect(), beside })
    }
}

/// A body that is one object.
fn whole(json: &[u8]) -> Result<Map<String, Value>, Problem> {
    Object::of_body(json).map(Object::into_fields)
}

fn one(json: &[u8]) -> Result<Map<String, Value>, FieldError> {
    match value(json)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(FieldError::new(ProblemCode::WrongType, RECORD, "must be an object")),
    }
}

/// A value of any type.
pub(super) fn value(json: &[u8]) -> Result<Value, FieldError> {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    serde_json::from_slice(json).map_err(|error| {
        FieldError::new(ProblemCode::InvalidJson, RECORD, format!("is not valid JSON: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Vec<bool>, usize) {
        let records = Records::of(json.as_bytes().to_vec(), "batch").expect("records");
        (records.each.iter().map(Result::is_ok).collect(), records.beside.len())
    }

    #[test]
    fn records_stand_alone_in_an_array_or_in_an_envelope() {
        assert_eq!(read(r#"{"a":1}"#), (vec![true], 0));
        assert_eq!(read(r#"[{"a":1},{"b":[1]}]"#), (vec![true, true], 0));
        assert_eq!(read(r#"{"api_key":"k","batch":[{"a":1}],"x":2}"#), (vec![true], 2));
        assert_eq!(read("[]"), (vec![], 0));
    }

    #[test]
    fn a_record_that_is_broken_does_not_affect_the_others() {
        assert_eq!(read(r#"[{"a":1},{"a":NaN},5,{"a":1}]"#).0, [true, false, false, true]);
        let deep = format!("[{{\"a\":{}{}}},{{}}]", "[".repeat(500), "]".repeat(500));
        assert_eq!(read(&deep).0, [false, true]);
    }

    #[test]
    fn what_is_no_json_is_refused_as_a_whole() {
        for json in ["", "x", "[", "[1", "{\"batch\":[", "5", "\"a\"", "{\"a\":1,\"a\":2}"] {
            let problem = Records::of(json.into(), "batch").expect_err(json);
            assert!(problem.code().status().is_client_error(), "{json}");
        }
    }
}
