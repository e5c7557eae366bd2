//! An export request as Protocol Buffers. The numbers of fields are those of
//! `opentelemetry/proto/logs/v1/logs.proto` and `common.proto`, version 1.

use serde_json::{Map, Number, Value};

use super::record::{self, LogRecord, MAX_DEPTH, wrong};
use crate::doors::shipment::Shipment;
use crate::doors::wire::{Fields, Malformed, Wire, messages};
use crate::problem::{FieldError, Problem, ProblemCode};

/// Reads `ExportLogsServiceRequest`.
pub(super) fn read(body: &[u8], shipment: &mut Shipment) -> Result<(), Problem> {
    for resource_logs in messages(body, 1) {
        let resource_logs = resource_logs.map_err(malformed)?;
        let tenant = tenant(resource_logs).map_err(malformed)?;
        for scope_logs in messages(resource_logs, 2) {
            for record in messages(scope_logs.map_err(malformed)?, 2) {
                let record = log_record(record.map_err(malformed)?);
                shipment.add(record.map(|record| record.shipped(tenant.as_deref())))?;
            }
        }
    }
    Ok(())
}

fn malformed(error: Malformed) -> Problem {
    Problem::new(ProblemCode::InvalidBody, format!("The body {error}."))
}

/// The tenant that `ResourceLogs` names. A resource that cannot be read names none.
fn tenant(resource_logs: &[u8]) -> Result<Option<String>, Malformed> {
    let mut tenant = None;
    for resource in messages(resource_logs, 1) {
        for attribute in messages(resource?, 1) {
            let attribute = key_value(attribute?, MAX_DEPTH).ok();
            let attributes = attribute.into_iter().collect::<Map<_, _>>();
            tenant = record::tenant(&attributes).or(tenant);
        }
    }
    Ok(tenant)
}

/// `LogRecord`.
fn log_record(message: &[u8]) -> Result<LogRecord, FieldError> {
    let mut record = LogRecord::default();
    for field in Fields(message) {
        match field.map_err(|Malformed| wrong("log_record", "cannot be decoded"))? {
            (1, Wire::Fixed64(time)) => record.time = time,
            (5, Wire::Bytes(body)) => record.body = any_value(body, MAX_DEPTH)?,
            (6, Wire::Bytes(attribute)) => {
                record.attributes.extend([key_value(attribute, MAX_DEPTH)?]);
            }
            (8, Wire::Fixed32(flags)) => record.flags = flags,
            (9, Wire::Bytes(id)) => record.trace_id = hex(id),
            (10, Wire::Bytes(id)) => record.span_id = hex(id),
            (11, Wire::Fixed64(time)) => record.observed_time = time,
            (12, Wire::Bytes(name)) => record.event_name = text(name, "event_name")?,
            _ => {}
        }
    }
    Ok(record)
}

/// `KeyValue`.
fn key_value(message: &[u8], depth: usize) -> Result<(String, Value), FieldError> {
    let (mut key, mut value) = (String::new(), Value::Null);
    for field in Fields(message) {
        match field.map_err(|Malformed| wrong("attributes", "cannot be decoded"))? {
            (1, Wire::Bytes(bytes)) => key = text(bytes, "attributes")?,
            (2, Wire::Bytes(bytes)) => value = any_value(bytes, depth)?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// `AnyValue`, as JSON. `depth` is how deep values may be nested.
fn any_value(message: &[u8], depth: usize) -> Result<Value, FieldError> {
    let depth = depth.checked_sub(1).ok_or_else(|| wrong("value", "is nested too deep"))?;
    let mut value = Value::Null;
    for field in Fields(message) {
        value = match field.map_err(|Malformed| wrong("value", "cannot be decoded"))? {
            (1, Wire::Bytes(bytes)) => text(bytes, "value")?.into(),
            (2, Wire::Varint(number)) => (number != 0).into(),
            (3, Wire::Varint(number)) => (number as i64).into(),
            (4, Wire::Fixed64(bits)) => double(f64::from_bits(bits)),
            (5, Wire::Bytes(array)) => elements(array, depth)?.into(),
            (6, Wire::Bytes(list)) => members(list, depth)?.into(),
            (7, Wire::Bytes(bytes)) => base64(bytes),
            _ => continue,
        }
    }
    Ok(value)
}

/// `ArrayValue`.
fn elements(message: &[u8], depth: usize) -> Result<Vec<Value>, FieldError> {
    let value = |value: Result<&[u8], Malformed>| match value {
        Ok(value) => any_value(value, depth),
        Err(Malformed) => Err(wrong("value", "cannot be decoded")),
    };
    messages(message, 1).map(value).collect()
}

/// `KeyValueList`.
fn members(message: &[u8], depth: usize) -> Result<Map<String, Value>, FieldError> {
    let member = |member: Result<&[u8], Malformed>| match member {
        Ok(member) => key_value(member, depth),
        Err(Malformed) => Err(wrong("value", "cannot be decoded")),
    };
    messages(message, 1).map(member).collect()
}

fn text(bytes: &[u8], field: &str) -> Result<String, FieldError> {
    let text = std::str::from_utf8(bytes).map_err(|_| wrong(field, "is not UTF-8"))?;
    Ok(text.to_owned())
}

/// A number, or its name if JSON cannot express it.
fn double(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
}

fn base64(bytes: &[u8]) -> Value {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
