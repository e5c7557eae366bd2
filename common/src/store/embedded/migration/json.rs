//! Fields as JSON, as the first version stored them: each value with a letter for its type.

use chrono::DateTime;
use serde_json::Value as Json;

use super::super::encode::Damaged;
use crate::store::{Fields, StoreError, Value};

/// Reads the fields of a document, such as `{"count": ["i", 5]}`.
pub(super) fn decode(text: &str) -> Result<Fields, StoreError> {
    let json: Json =
        serde_json::from_str(text).map_err(|error| StoreError::Deployment(error.into()))?;
    from_object(&json).ok_or_else(|| StoreError::Deployment(Damaged.into()))
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
    use super::*;
    use crate::store::fields;

    #[test]
    fn every_type_of_value_is_read() {
        let text = r#"{"n":["n",null],"b":["b",true],"i":["i",-5],"d":["d",0.5],
            "f":["d","9218868437227405312"],"s":["s","é"],"x":["x","00ff"],
            "t":["t",1500000],"m":["m",{"i":["i",1]}]}"#;
        let expected = fields([
            ("n", Value::Null),
            ("b", true.into()),
            ("i", (-5_i64).into()),
            ("d", Value::Double(0.5)),
            ("f", Value::Double(f64::INFINITY)),
            ("s", "é".into()),
            ("x", vec![0, 255].into()),
            ("t", DateTime::from_timestamp_micros(1_500_000).expect("a time").into()),
            ("m", fields([("i", 1_i64.into())]).into()),
        ]);
        assert_eq!(decode(text).expect("fields"), expected);
    }

    #[test]
    fn a_damaged_document_is_an_error() {
        for text in ["", "[]", "{\"a\":1}", "{\"a\":[\"i\",\"x\"]}", "{\"a\":[\"?\",1]}"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
