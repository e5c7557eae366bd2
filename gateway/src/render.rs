//! Documents as JSON: timestamps as RFC 3339 with milliseconds, bytes as Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::SecondsFormat;
use common::store::{Fields, Value};
use serde_json::{Map, Value as Json, json};

/// A document's fields as members of a JSON object.
pub(crate) fn fields(fields: Fields) -> Map<String, Json> {
    members(fields, SecondsFormat::Millis)
}

/// The same, with all digits of times that a store keeps.
pub(crate) fn fields_to_the_microsecond(fields: Fields) -> Map<String, Json> {
    members(fields, SecondsFormat::Micros)
}

fn members(fields: Fields, digits: SecondsFormat) -> Map<String, Json> {
    fields.into_iter().map(|(name, value)| (name, self::value(value, digits))).collect()
}

fn value(value: Value, digits: SecondsFormat) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => json!(bool),
        Value::Integer(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!(BASE64.encode(bytes)),
        Value::Timestamp(time) => json!(time.to_rfc3339_opts(digits, true)),
        Value::Map(map) => Json::Object(members(map, digits)),
    }
}
