//! An entry as a JSON object, with its fields at any depth.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::entry::Raw;
use super::extent::extent;
use super::field::Field;
use super::names::known;
use super::scan::{Broken, Leaf, Scanner};
use super::slot::Slot;
use crate::times;

/// The longest object that may be a time.
const MAX_TIME_BYTES: usize = 128;

/// The names of an array of entries within an object, in lower case.
const ENVELOPES: [&str; 10] = [
    "batch",
    "data",
    "entries",
    "events",
    "items",
    "lines",
    "logevents",
    "logs",
    "messages",
    "records",
];

/// Reads an object. Of several values with the same name, the last one counts.
pub(super) fn object<'t>(scanner: &mut Scanner<'t>) -> Result<Raw<'t>, Broken> {
    let mut raw = Raw::default();
    scanner.value(|name, leaf| {
        let value = match leaf {
            Leaf::Text(text) => Field::Text(text),
            Leaf::Number(digits) => Field::Number(digits.into()),
            Leaf::Other => Field::Other,
            Leaf::Null => return,
            Leaf::Nested(rest) => return nested(&mut raw, name, rest),
        };
        if let Some((slot, rank)) = known(name) {
            raw.add(slot, rank, name.to_owned().into(), value);
        }
    })?;
    Ok(raw)
}

/// Adds a time that is an object. Anything else under a known name is only remembered, for the error
/// if nothing else has its meaning.
fn nested(raw: &mut Raw<'_>, name: &str, rest: &str) {
    let Some((slot, rank)) = known(name) else { return };
    match if slot == Slot::Time { time(rest) } else { None } {
        Some(time) => raw.add(slot, rank, name.to_owned().into(), Field::text(time.to_rfc3339())),
        None => raw.note_nested(slot, name),
    }
}

/// The time that the JSON object at the start of a text stands for.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let mut budget = MAX_TIME_BYTES;
    let end = extent(text, 0, &mut budget)?;
    times::of_object(serde_json::from_str::<Value>(&text[..end]).ok()?.as_object()?)
}

/// The place of the array of entries in the object at `at`, which may be broken after it.
pub(super) fn envelope(text: &str, at: usize) -> Option<usize> {
    let mut scanner = Scanner::new(text, at);
    if !scanner.skip(b'{') {
        return None;
    }
    loop {
        let mut name = None;
        scanner.value(|_, leaf| name = Some(leaf)).ok()?;
        let Some(Leaf::Text(name)) = name else { return None };
        if !scanner.skip(b':') {
            return None;
        }
        let is_array = scanner.peek() == Some(b'[');
        if is_array && ENVELOPES.contains(&name.to_ascii_lowercase().as_str()) {
            return Some(scanner.at());
        }
        scanner.value(|_, _| {}).ok()?;
        if !scanner.skip(b',') {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_array_of_an_envelope_is_found() {
        assert_eq!(envelope(r#"{"logs":[1]}"#, 0), Some(8));
        assert_eq!(envelope(r#"x {"a": {"logs": []}, "Records" : [{]"#, 2), Some(34));
        for text in [r#"{"logs": {}}"#, r#"{"a": [1]}"#, "[1]", "{", r#"{"logs" [1]}"#, "{[1]:[2]}"]
        {
            assert_eq!(envelope(text, 0), None, "{text}");
        }
    }
}
