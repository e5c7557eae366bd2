//! Documents as JSON: timestamps as RFC 3339 with milliseconds, bytes as Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::SecondsFormat;
use common::store::{Fields, Value};
use serde_json::{Map, Value as Json, json};

/// A document's fields as members of a JSON object.
pub(crate) fn fields(fields: Fields) -> Map<String, Json> {
    fields.into_iter().map(|(name, value)| (name, self::value(value))).collect()
}

fn value(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => json!(bool),
        Value::Integer(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!(BASE64.encode(bytes)),
        Value::Timestamp(time) => json!(time.to_rfc3339_opts(SecondsFormat::Millis, true)),
        Value::Map(map) => Json::Object(fields(map)),
    }
}
