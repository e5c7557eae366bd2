//! `\xhh` in JSON: what nginx writes if its format does not say `escape=json`, and Apache always. No
//! strict parser takes it.

use memchr::memchr;
use serde_json::Value;

use crate::formats::byte_escapes;

/// Rewrites such escapes as valid JSON; `None` if the text has none. A byte that is not UTF-8 is
/// percent-encoded.
pub(crate) fn repaired(json: &[u8]) -> Option<Vec<u8>> {
    let (mut repaired, mut at, mut copied) = (Vec::new(), 0, 0);
    while let Some(next) = json.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        at += next;
        let Some((text, length)) = byte_escapes(&json[at..]) else {
            at += 2;
            continue;
        };
        repaired.extend_from_slice(&json[copied..at]);
        repaired.extend_from_slice(written(text).as_bytes());
        at += length;
        copied = at;
    }
    repaired.extend_from_slice(&json[copied..]);
    (copied > 0).then_some(repaired)
}

/// A text as it stands between the quotes of JSON.
fn written(text: String) -> String {
    let quoted = Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_json_writes_them() {
        for (json, expected) in [
            (r#"{"a":"/?b=\x22c\x22"}"#, r#"{"a":"/?b=\"c\""}"#),
            (r#"{"a":"caf\xc3\xa9 \n \xE9x"}"#, r#"{"a":"café \n %E9x"}"#),
            (r#"{"a":"\x16\x03\x5C"}"#, r#"{"a":"\u0016\u0003\\"}"#),
            (r#""\\\x41""#, r#""\\A""#),
        ] {
            let repaired = repaired(json.as_bytes()).expect("it has such escapes");
            assert_eq!(String::from_utf8(repaired).expect("UTF-8"), expected, "{json}");
        }
    }

    #[test]
    fn other_json_has_none() {
        for json in ["", "{}", r#"{"a":"\\x41"}"#, r#""\x4""#, r#""\xzz""#, "\\", r#""\n""#] {
            assert_eq!(repaired(json.as_bytes()), None, "{json}");
        }
    }
}
