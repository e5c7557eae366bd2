//! Fields as JSON. Each value carries a letter for its type, so that it is read back unchanged, and
//! so that SQLite can compare values.

use chrono::DateTime;
use serde_json::{Map, Value as Json, json};
use thiserror::Error;

use crate::hash;
use crate::store::{Fields, StoreError, Value};

/// The text in the file did not come from [`encode`]: something else changed the file.
#[derive(Debug, Error)]
#[error("a stored document is damaged")]
struct Damaged;

/// `{"count": ["i", 5], …}`.
pub(super) fn encode(fields: &Fields) -> String {
    Json::Object(object(fields)).to_string()
}

/// Reads the fields that [`encode`] wrote.
pub(super) fn decode(text: &str) -> Result<Fields, StoreError> {
    let json: Json =
        serde_json::from_str(text).map_err(|error| StoreError::Deployment(error.into()))?;
    from_object(&json).ok_or_else(|| StoreError::Deployment(Damaged.into()))
}

/// The letter for the value's type.
pub(super) fn tag(value: &Value) -> &'static str {
    match value {
        Value::Null => "n",
        Value::Bool(_) => "b",
        Value::Integer(_) => "i",
        Value::Double(_) => "d",
        Value::Text(_) => "s",
        Value::Bytes(_) => "x",
        Value::Timestamp(_) => "t",
        Value::Map(_) => "m",
    }
}

fn object(fields: &Fields) -> Map<String, Json> {
    fields.iter().map(|(name, value)| (name.clone(), json!([tag(value), bare(value)]))).collect()
}

fn bare(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => json!(bool),
        Value::Integer(number) => json!(number),
        // JSON has no infinity, so such a number is written as the text of its bits.
        Value::Double(number) if !number.is_finite() => json!(number.to_bits().to_string()),
        Value::Double(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!(hash::hexadecimal(bytes)),
        Value::Timestamp(time) => json!(time.timestamp_micros()),
        Value::Map(fields) => Json::Object(object(fields)),
    }
}

fn from_object(json: &Json) -> Option<Fields> {
    json.as_object()?.iter().map(|(name, tagged)| Some((name.clone(), value(tagged)?))).collect()
}

fn value(tagged: &Json) -> Option<Value> {
    let bare = tagged.get(1)?;
    Some(match tagged.get(0)?.as_str()? {
        "n" => Value::Null,
        "b" => Value::Bool(bare.as_bool()?),
        "i" => Value::Integer(bare.as_i64()?),
        "d" => Value::Double(double(bare)?),
        "s" => Value::Text(bare.as_str()?.to_owned()),
        "x" => Value::Bytes(bytes(bare.as_str()?)?),
        "t" => Value::Timestamp(DateTime::from_timestamp_micros(bare.as_i64()?)?),
        "m" => Value::Map(from_object(bare)?),
        _ => return None,
    })
}

/// Hexadecimal text sorts like its bytes, unlike Base64.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    hex.as_bytes().chunks(2).map(byte).collect()
}

fn double(bare: &Json) -> Option<f64> {
    match bare.as_str() {
        Some(bits) => bits.parse().ok().map(f64::from_bits),
        None => bare.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Integer),
            prop_oneof![any::<f64>(), Just(f64::INFINITY)].prop_map(Value::Double),
            any::<String>().prop_map(Value::Text),
            any::<Vec<u8>>().prop_map(Value::Bytes),
            (-9_000_000_000_000_i64..9_000_000_000_000_000).prop_map(|micros| Value::Timestamp(
                DateTime::from_timestamp_micros(micros).expect("a time")
            )),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(Value::Map)
        })
    }

    proptest! {
        #[test]
        fn every_value_is_read_back_unchanged(value in any_value()) {
            let fields = Fields::from([("field".to_owned(), value)]);
            prop_assert_eq!(decode(&encode(&fields)).expect("fields"), fields);
        }
    }

    #[test]
    fn a_damaged_document_is_an_error() {
        for text in ["", "[]", "{\"a\":1}", "{\"a\":[\"i\",\"x\"]}", "{\"a\":[\"?\",1]}"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
