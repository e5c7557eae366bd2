//! `\xhh` in JSON: what nginx writes if its format does not say `escape=json`, and Apache always. No
//! strict parser takes it.

use memchr::memchr;
use serde_json::Value;

/// Rewrites such escapes as valid JSON; `None` if the text has none. A byte that is not UTF-8 is
/// percent-encoded.
pub(crate) fn repaired(json: &[u8]) -> Option<Vec<u8>> {
    let (mut repaired, mut at, mut copied) = (Vec::new(), 0, 0);
    while let Some(next) = json.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        at += next;
        let bytes: Vec<u8> = json[at..].chunks(4).map_while(byte).collect();
        if bytes.is_empty() {
            at += 2;
            continue;
        }
        repaired.extend_from_slice(&json[copied..at]);
        repaired.extend_from_slice(written(&bytes).as_bytes());
        at += 4 * bytes.len();
        copied = at;
    }
    repaired.extend_from_slice(&json[copied..]);
    (copied > 0).then_some(repaired)
}

/// The byte of an escape.
fn byte(escape: &[u8]) -> Option<u8> {
    let [b'\\', b'x', high, low] = escape else { return None };
    let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// The text of the bytes as it stands between the quotes of JSON.
fn written(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
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
