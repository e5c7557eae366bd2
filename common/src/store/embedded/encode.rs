//! Fields as bytes: a name, a letter for the value's type, and the value, one after the other. A
//! length or a whole number takes as many bytes as it needs, and hexadecimal text half of them.

use chrono::DateTime;
use thiserror::Error;

use crate::hash;
use crate::store::{Fields, StoreError, Value};

/// The bytes in the file did not come from [`encode`]: something else changed the file.
#[derive(Debug, Error)]
#[error("a stored document is damaged")]
pub(super) struct Damaged;

/// Names that are written as their position. Files hold these positions: names are only added, at the
/// end.
const NAMES: [&str; 45] = [
    "digest",
    "received_at",
    "user_id",
    "path",
    "payload",
    "source",
    "original_text",
    "modified_data",
    "processed_at",
    "characters",
    "redactions",
    "parts",
    "parts_done",
    "entries",
    "first",
    "last",
    "expire_at",
    "reason",
    "attributes",
    "data",
    "data_bytes",
    "data_sha256",
    "first_seen",
    "user",
    "dimensions",
    "excluded",
    "others",
    "day",
    "truncated",
    "latitude",
    "longitude",
    "referrer",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "browser",
    "os",
    "device",
    "language",
    "country",
    "entry_page",
    "host",
    "event",
];
/// The shortest hexadecimal text that is written as bytes.
const MIN_HEX: usize = 16;
/// How deep maps may be in each other; Firestore allows 20.
const MAX_DEPTH: u32 = 32;

/// The fields as bytes.
pub(super) fn encode<'a>(fields: impl Iterator<Item = (&'a String, &'a Value)>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    fields.for_each(|(name, value)| put_field(&mut bytes, name, value));
    bytes
}

/// The bytes of a value, which are among those of all fields that have it.
pub(super) fn encode_value(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_value(&mut bytes, value);
    bytes
}

/// Reads the fields that [`encode`] wrote.
pub(super) fn decode(bytes: &[u8]) -> Result<Fields, StoreError> {
    fields(bytes, 0).ok_or_else(|| StoreError::Deployment(Damaged.into()))
}

/// An even number is a position in [`NAMES`], an odd one a length.
fn put_field(bytes: &mut Vec<u8>, name: &str, value: &Value) {
    match NAMES.iter().position(|known| *known == name) {
        Some(at) => put_number(bytes, at as u64 * 2),
        None => {
            put_number(bytes, name.len() as u64 * 2 + 1);
            bytes.extend_from_slice(name.as_bytes());
        }
    }
    put_value(bytes, value);
}

fn put_value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => bytes.push(b'n'),
        Value::Bool(true) => bytes.push(b'+'),
        Value::Bool(false) => bytes.push(b'-'),
        Value::Integer(number) => put_signed(bytes, b'i', *number),
        Value::Double(number) => {
            bytes.push(b'd');
            bytes.extend_from_slice(&number.to_bits().to_le_bytes());
        }
        Value::Text(text) => put_text(bytes, text),
        Value::Bytes(data) => put_all(bytes, b'x', data),
        Value::Timestamp(at) => put_signed(bytes, b't', at.timestamp_micros()),
        Value::Map(map) => put_all(bytes, b'm', &encode(map.iter())),
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    match Some(text).filter(|text| text.len() >= MIN_HEX).and_then(hash::bytes_of) {
        Some(digits) => put_all(bytes, b'h', &digits),
        None => put_all(bytes, b's', text.as_bytes()),
    }
}

fn put_all(bytes: &mut Vec<u8>, tag: u8, data: &[u8]) {
    bytes.push(tag);
    put_number(bytes, data.len() as u64);
    bytes.extend_from_slice(data);
}

/// The sign becomes the last bit, so that small negative numbers are short too.
fn put_signed(bytes: &mut Vec<u8>, tag: u8, number: i64) {
    bytes.push(tag);
    put_number(bytes, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Seven bits a byte, the lowest first; all bytes but the last have their highest bit set.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn fields(mut bytes: &[u8], depth: u32) -> Option<Fields> {
    let mut fields = Fields::new();
    while !bytes.is_empty() && depth < MAX_DEPTH {
        let name = name(&mut bytes)?;
        fields.insert(name, value(&mut bytes, depth)?);
    }
    bytes.is_empty().then_some(fields)
}

fn name(bytes: &mut &[u8]) -> Option<String> {
    let number = number(bytes)?;
    let half = usize::try_from(number / 2).ok()?;
    if number.is_multiple_of(2) {
        return NAMES.get(half).map(|name| (*name).to_owned());
    }
    text(take(bytes, half)?)
}

fn value(bytes: &mut &[u8], depth: u32) -> Option<Value> {
    Some(match take(bytes, 1)?[0] {
        b'n' => Value::Null,
        b'+' => Value::Bool(true),
        b'-' => Value::Bool(false),
        b'i' => Value::Integer(signed(bytes)?),
        b'd' => Value::Double(f64::from_bits(u64::from_le_bytes(take(bytes, 8)?.try_into().ok()?))),
        b's' => Value::Text(text(all(bytes)?)?),
        b'h' => Value::Text(hash::hexadecimal(all(bytes)?)),
        b'x' => Value::Bytes(all(bytes)?.to_vec()),
        b't' => Value::Timestamp(DateTime::from_timestamp_micros(signed(bytes)?)?),
        b'm' => Value::Map(fields(all(bytes)?, depth + 1)?),
        _ => return None,
    })
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn all<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(bytes)?).ok()?;
    take(bytes, length)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn signed(bytes: &mut &[u8]) -> Option<i64> {
    let number = number(bytes)?;
    Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::values::any_value;
    use super::*;

    proptest! {
        #[test]
        fn every_value_is_read_back_unchanged(name in any::<String>(), value in any_value()) {
            let fields = Fields::from([(name, value)]);
            prop_assert_eq!(decode(&encode(fields.iter())).expect("fields"), fields);
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes);
        }

        #[test]
        fn the_beginning_of_a_document_is_damaged(value in any_value(), at in any::<usize>()) {
            let bytes = encode(Fields::from([("digest".to_owned(), value)]).iter());
            let cut = 1 + at % (bytes.len() - 1);
            prop_assert!(decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn hexadecimal_text_takes_half_of_its_length_and_other_text_all_of_it() {
        let size = |text: &str| {
            let fields = Fields::from([("digest".to_owned(), text.into())]);
            let bytes = encode(fields.iter());
            assert_eq!(decode(&bytes).expect("fields"), fields);
            bytes.len()
        };
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(size(&hex), 3 + 32);
        assert_eq!(size(&hex.to_uppercase()), 3 + 64);
        assert_eq!(size(&hex[1..]), 3 + 63);
    }

    #[test]
    fn no_name_is_written_in_two_ways() {
        let mut names = NAMES.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
    }
}
