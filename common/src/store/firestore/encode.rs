//! Values and documents as Firestore's messages carry them, and back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use gcloud_sdk::google::firestore::v1::value::ValueType;
use gcloud_sdk::google::firestore::v1::{self as wire, MapValue};
use gcloud_sdk::prost_types::Timestamp;

use super::error::AnswerError;
use crate::store::{Document, Fields, StoreError, Value};

/// `value` for the wire.
pub(super) fn value(value: Value) -> wire::Value {
    let of_type = match value {
        Value::Null => ValueType::NullValue(0),
        Value::Bool(truth) => ValueType::BooleanValue(truth),
        Value::Integer(number) => ValueType::IntegerValue(number),
        Value::Double(number) => ValueType::DoubleValue(number),
        Value::Text(text) => ValueType::StringValue(text),
        Value::Bytes(bytes) => ValueType::BytesValue(bytes),
        Value::Timestamp(instant) => ValueType::TimestampValue(timestamp(instant)),
        Value::Map(entries) => ValueType::MapValue(MapValue { fields: fields(entries) }),
    };
    wire::Value { value_type: Some(of_type) }
}

/// `fields` for the wire.
pub(super) fn fields(fields: Fields) -> HashMap<String, wire::Value> {
    fields.into_iter().map(|(name, field)| (name, value(field))).collect()
}

/// `instant`, cut to the microsecond: Firestore does so with what it stores, and a filter must
/// compare with the same.
fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: instant.timestamp(),
        nanos: (instant.timestamp_subsec_micros() * 1_000).cast_signed(),
    }
}

/// A name of a field as it stands in a field path: in backticks unless it is a plain identifier.
pub(super) fn field_path(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty();
    if plain {
        return name.to_owned();
    }
    format!("`{}`", name.replace('\\', r"\\").replace('`', r"\`"))
}

/// A document that was read.
pub(super) fn document(read: wire::Document) -> Result<Document, StoreError> {
    let id = match read.name.rsplit_once('/') {
        Some((_, id)) => id.to_owned(),
        None => read.name,
    };
    Ok(Document { id, fields: read_fields(read.fields)? })
}

fn read_fields(read: HashMap<String, wire::Value>) -> Result<Fields, AnswerError> {
    read.into_iter().map(|(name, field)| Ok((name, read_value(field)?))).collect()
}

/// A value that was read; an error where it is of a type that the port does not know, such as an
/// array, which only somebody else can have written.
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
    fn only_plain_identifiers_stand_unquoted_in_a_field_path() {
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
    fn an_instant_before_1970_keeps_its_microseconds() {
        let before = DateTime::from_timestamp_micros(-1).expect("in range");
        let sent = timestamp(before);
        assert_eq!((sent.seconds, sent.nanos), (-1, 999_999_000));
        assert_eq!(read_timestamp(sent).expect("in range"), before);
    }

    #[test]
    fn a_value_of_a_foreign_type_is_an_error_and_not_a_lie() {
        let array = ValueType::ArrayValue(wire::ArrayValue::default());
        let read = wire::Value { value_type: Some(array) };
        assert!(matches!(read_value(read), Err(AnswerError::UnknownType)));
    }
}
