//! An export request as JSON, in the mapping of OTLP: names in lowerCamelCase, ids as hexadecimal
//! digits, numbers of 64 bits as texts or numbers. Unknown names are ignored.

use serde_json::{Map, Value};

use super::record::{self, LogRecord, MAX_DEPTH, wrong};
use crate::doors::json_arrays::{array, member, repaired};
use crate::doors::shipment::Shipment;
use crate::problem::{FieldError, Problem, ProblemCode};

/// Reads `ExportLogsServiceRequest`.
pub(super) fn read(body: &[u8], shipment: &mut Shipment) -> Result<(), Problem> {
    for resource_logs in array(&repaired(body), "resourceLogs")? {
        let tenant = tenant(resource_logs)?;
        for scope_logs in array(resource_logs, "scopeLogs")? {
            for record in array(scope_logs, "logRecords")? {
                let record = log_record(record);
                shipment.add(record.map(|record| record.shipped(tenant.as_deref())))?;
            }
        }
    }
    Ok(())
}

/// The tenant that a resource names.
fn tenant(resource_logs: &[u8]) -> Result<Option<String>, Problem> {
    let Some(resource) = member(resource_logs, "resource")? else { return Ok(None) };
    let mut resource: Value = serde_json::from_slice(resource)
        .map_err(|error| Problem::new(ProblemCode::InvalidJson, format!("resource: {error}.")))?;
    let attributes = key_values(taken(&mut resource, "attributes"), MAX_DEPTH).unwrap_or_default();
    Ok(record::tenant(&attributes))
}

/// `LogRecord`.
fn log_record(json: &[u8]) -> Result<LogRecord, FieldError> {
    let json: Value = serde_json::from_slice(json).map_err(|error| {
        FieldError::new(ProblemCode::InvalidJson, "logRecord", format!("is not JSON: {error}"))
    })?;
    let Value::Object(mut fields) = json else {
        return Err(wrong("logRecord", "must be an object"));
    };
    let mut string = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let [event_name, trace_id, span_id] = ["eventName", "traceId", "spanId"].map(&mut string);
    let [body, attributes] = ["body", "attributes"].map(|name| fields.remove(name));
    let number = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(0),
        Some(value) => whole(value).ok_or_else(|| wrong(name, "must be a whole number")),
    };
    Ok(LogRecord {
        time: number("timeUnixNano")?,
        observed_time: number("observedTimeUnixNano")?,
        flags: u32::try_from(number("flags")?).unwrap_or_default(),
        event_name,
        body: any_value(body, MAX_DEPTH)?,
        attributes: key_values(attributes, MAX_DEPTH)?,
        trace_id: trace_id.to_ascii_lowercase(),
        span_id: span_id.to_ascii_lowercase(),
    })
}

/// A number of 64 bits: a number, or its digits.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// An array of `KeyValue`.
fn key_values(list: Option<Value>, depth: usize) -> Result<Map<String, Value>, FieldError> {
    let list = match list {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong("attributes", "must be an array")),
    };
    let pair = |mut pair: Value| match taken(&mut pair, "key") {
        Some(Value::String(key)) => Ok((key, any_value(taken(&mut pair, "value"), depth)?)),
        _ => Err(wrong("attributes", "must each have a key")),
    };
    list.into_iter().map(pair).collect()
}

/// `AnyValue`, as plain JSON. `depth` is how deep values may be nested.
fn any_value(value: Option<Value>, depth: usize) -> Result<Value, FieldError> {
    let depth = depth.checked_sub(1).ok_or_else(|| wrong("value", "is nested too deep"))?;
    let fields = match value {
        None | Some(Value::Null) => return Ok(Value::Null),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(wrong("value", "must be an object such as {\"stringValue\":\"…\"}")),
    };
    let known =
        fields.into_iter().find(|(name, value)| name.ends_with("Value") && !value.is_null());
    let Some((name, value)) = known else { return Ok(Value::Null) };
    match (name.as_str(), value) {
        ("stringValue" | "bytesValue", text @ Value::String(_)) => Ok(text),
        ("boolValue", flag @ Value::Bool(_)) => Ok(flag),
        ("intValue", number @ Value::Number(_)) => Ok(number),
        ("doubleValue", number @ (Value::Number(_) | Value::String(_))) => Ok(number),
        ("intValue", Value::String(digits)) => {
            let number = digits.parse::<i64>();
            Ok(number.map_err(|_| wrong("intValue", "must be a whole number"))?.into())
        }
        ("arrayValue", mut list) => {
            let Some(Value::Array(values)) = taken(&mut list, "values") else {
                return Ok(Value::Array(Vec::new()));
            };
            let values = values.into_iter().map(|value| any_value(Some(value), depth));
            Ok(values.collect::<Result<Vec<_>, _>>()?.into())
        }
        ("kvlistValue", mut list) => Ok(key_values(taken(&mut list, "values"), depth)?.into()),
        (name, _) => Err(wrong(name, "has the wrong type")),
    }
}

/// The value of a member, if the value around it is an object that has it.
fn taken(object: &mut Value, name: &str) -> Option<Value> {
    object.get_mut(name).map(Value::take)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(value: Value) -> Result<Value, String> {
        any_value(Some(value), MAX_DEPTH).map_err(|error| error.reason)
    }

    #[test]
    fn a_value_is_plain_json() {
        for (value, expected) in [
            (json!({"stringValue": "a"}), json!("a")),
            (json!({"intValue": "-5"}), json!(-5)),
            (json!({"intValue": 5}), json!(5)),
            (json!({"doubleValue": 0.5}), json!(0.5)),
            (json!({"doubleValue": "NaN"}), json!("NaN")),
            (json!({"boolValue": true}), json!(true)),
            (json!({"bytesValue": "AQI="}), json!("AQI=")),
            (json!({"arrayValue": {"values": [{"intValue": 1}, {}]}}), json!([1, null])),
            (json!({"arrayValue": {}}), json!([])),
            (
                json!({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}}),
                json!({"a": 1}),
            ),
            (json!({}), Value::Null),
            (json!({"newerValue": null}), Value::Null),
        ] {
            assert_eq!(plain(value.clone()), Ok(expected), "{value}");
        }
        assert!(plain(json!({"intValue": "x"})).is_err());
        assert!(plain(json!({"stringValue": 1})).is_err());
        assert!(plain(json!("a")).is_err());
    }

    #[test]
    fn a_value_that_is_nested_too_deep_is_refused() {
        let nested = |depth: usize| {
            (1..depth)
                .fold(json!({"intValue": 1}), |value, _| json!({"arrayValue": {"values": [value]}}))
        };
        assert!(plain(nested(MAX_DEPTH)).is_ok());
        assert!(plain(nested(MAX_DEPTH + 1)).is_err());
    }
}
