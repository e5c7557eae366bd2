//! Converts values and documents to Firestore's messages and back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use gcloud_sdk::google::firestore::v1::value::ValueType;
use gcloud_sdk::google::firestore::v1::{self as wire, MapValue};
use gcloud_sdk::prost_types::Timestamp;

use super::error::AnswerError;
use crate::store::{Document, Fields, StoreError, Value, Version};

/// `value` as Firestore sends it.
pub(super) fn value(value: &Value) -> wire::Value {
    let of_type = match value {
        Value::Null => ValueType::NullValue(0),
        Value::Bool(truth) => ValueType::BooleanValue(*truth),
        Value::Integer(number) => ValueType::IntegerValue(*number),
        Value::Double(number) => ValueType::DoubleValue(*number),
        Value::Text(text) => ValueType::StringValue(text.clone()),
        Value::Bytes(bytes) => ValueType::BytesValue(bytes.clone()),
        Value::Timestamp(instant) => ValueType::TimestampValue(timestamp(*instant)),
        Value::Map(entries) => ValueType::MapValue(MapValue { fields: fields(entries) }),
    };
    wire::Value { value_type: Some(of_type) }
}

/// `fields` as Firestore sends them.
pub(super) fn fields(fields: &Fields) -> HashMap<String, wire::Value> {
    fields.iter().map(|(name, field)| (name.clone(), value(field))).collect()
}

/// A time, cut to the microsecond. Firestore cuts the times that it stores, so the values of
/// filters must be cut too.
fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: instant.timestamp(),
        nanos: (instant.timestamp_subsec_micros() * 1_000).cast_signed(),
    }
}

/// The name of a field in a field path: in backticks, unless it is a plain identifier.
pub(super) fn field_path(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty();
    if plain {
        return name.to_owned();
    }
    format!("`{}`", name.replace('\\', r"\\").replace('`', r"\`"))
}

/// Reads a document.
pub(super) fn document(read: wire::Document) -> Result<Document, StoreError> {
    let id = match read.name.rsplit_once('/') {
        Some((_, id)) => id.to_owned(),
        None => read.name,
    };
    let version = read.update_time.map(|Timestamp { seconds, nanos }| Version { seconds, nanos });
    Ok(Document { id, fields: read_fields(read.fields)?, version })
}

fn read_fields(read: HashMap<String, wire::Value>) -> Result<Fields, AnswerError> {
    read.into_iter().map(|(name, field)| Ok((name, read_value(field)?))).collect()
}

/// Reads a value. A type that the port does not have, such as an array, is an error: something else
/// wrote it.
pub(super) fn read_value(read: wire::Value) -> Result<Value, AnswerError> {
    Ok(match read.value_type.ok_or(AnswerError::UnknownType)? {
        ValueType::NullValue(_) => Value::Null,
        ValueType::BooleanValue(truth) => Value::Bool(truth),
        ValueType::IntegerValue(number) => Value::Integer(number),
        ValueType::DoubleValue(number) => Value::Double(number),
        ValueType::StringValue(text) => Value::Text(text),
        ValueType::BytesValue(bytes) => Value::Bytes(bytes),
        ValueType::TimestampValue(instant) => Value::Timestamp(read_timestamp(instant)?),
        ValueType::MapValue(map) => Value::Map(read_fields(map.fields)?),
        _ => return Err(AnswerError::UnknownType),
    })
}

fn read_timestamp(read: Timestamp) -> Result<DateTime<Utc>, AnswerError> {
    u32::try_from(read.nanos)
        .ok()
        .and_then(|nanos| DateTime::from_timestamp(read.seconds, nanos))
        .ok_or(AnswerError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_identifiers_need_no_backticks() {
        let cases = [
            ("count", "count"),
            ("_a9", "_a9"),
            ("a.b", "`a.b`"),
            ("9a", "`9a`"),
            ("", "``"),
            ("größe", "`größe`"),
            (r"a`b\c", r"`a\`b\\c`"),
        ];
        for (name, path) in cases {
            assert_eq!(field_path(name), path);
        }
    }

    #[test]
    fn a_time_before_1970_keeps_its_microseconds() {
        let before = DateTime::from_timestamp_micros(-1).expect("in range");
        let sent = timestamp(before);
        assert_eq!((sent.seconds, sent.nanos), (-1, 999_999_000));
        assert_eq!(read_timestamp(sent).expect("in range"), before);
    }

    #[test]
    fn a_value_of_an_unknown_type_is_an_error() {
        let array = ValueType::ArrayValue(wire::ArrayValue::default());
        let read = wire::Value { value_type: Some(array) };
        assert!(matches!(read_value(read), Err(AnswerError::UnknownType)));
    }
}
