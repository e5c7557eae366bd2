//! Lone surrogates in JSON: what a page writes when it has cut a string between the two halves of
//! an emoji. No text can hold them, so a strict parser refuses the whole body.

use memchr::memchr;

/// Bytes of an escape such as `\ud83d`.
const ESCAPE_BYTES: usize = 6;
/// The replacement character, as an escape of the same length.
const REPLACEMENT: [u8; ESCAPE_BYTES] = *b"\\ufffd";

/// Replaces the escapes of lone surrogates by U+FFFD. All bytes stay where they are, so that a
/// parser's error still names the right place; several JSON values may stand one after the other.
pub(crate) fn repair(json: &mut [u8]) {
    let mut at = 0;
    while let Some(next) = memchr(b'\\', &json[at..]) {
        at += next;
        at += match unit(json, at) {
            // Any other escape: the character after the backslash belongs to it.
            None => 2,
            Some(0xD800..0xDC00) if is_low(json, at + ESCAPE_BYTES) => 2 * ESCAPE_BYTES,
            Some(0xD800..0xE000) => {
                json[at..at + ESCAPE_BYTES].copy_from_slice(&REPLACEMENT);
                ESCAPE_BYTES
            }
            Some(_) => ESCAPE_BYTES,
        };
        at = at.min(json.len());
    }
}

fn is_low(json: &[u8], at: usize) -> bool {
    matches!(unit(json, at), Some(0xDC00..0xE000))
}

/// The UTF-16 unit whose escape begins at `at`.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + ESCAPE_BYTES)?.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn repaired(json: &str) -> String {
        let mut bytes = json.as_bytes().to_vec();
        repair(&mut bytes);
        String::from_utf8(bytes).expect("it is still UTF-8")
    }

    #[test]
    fn only_lone_halves_are_replaced() {
        let cases = [
            (r#"{"a":"hi \ud83d"}"#, r#"{"a":"hi \ufffd"}"#),
            (r#""\uDE00""#, r#""\ufffd""#),
            (r#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83dx\ude00""#, r#""\ufffdx\ufffd""#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\\\\ud83d\"\udFFF""#, r#""\\\\ud83d\"\ufffd""#),
            (r#""\u00e9\uffff\u0000""#, r#""\u00e9\uffff\u0000""#),
            (r#""plain é 😀""#, r#""plain é 😀""#),
            ("\"\\ud8\n\\ud83d\"\n\"\\udc00\"", "\"\\ud8\n\\ufffd\"\n\"\\ufffd\""),
            (r"\", r"\"),
            (r"\u", r"\u"),
            (r"\ud83", r"\ud83"),
            (r"\ud83d\u", r"\ufffd\u"),
            ("", ""),
        ];
        for (json, right) in cases {
            assert_eq!(repaired(json), right, "{json}");
        }
    }

    /// Pieces of a JSON string, and the UTF-16 units that they mean.
    const PIECES: [(&str, &[u16]); 12] = [
        ("a", &[97]),
        ("d83d", &[100, 56, 51, 100]),
        ("u", &[117]),
        (r"\\", &[92]),
        (r#"\""#, &[34]),
        (r"\n", &[10]),
        (r"\u0041", &[65]),
        (r"\ud83d", &[0xD83D]),
        (r"\uDBFF", &[0xDBFF]),
        (r"\uDE00", &[0xDE00]),
        (r"\udfff", &[0xDFFF]),
        ("é", &[233]),
    ];

    proptest! {
        #[test]
        fn a_repaired_text_parses_and_means_the_same(
            picks in prop::collection::vec(0..PIECES.len(), 0..24),
        ) {
            let pieces = || picks.iter().map(|pick| PIECES[*pick]);
            let json: String = pieces().map(|(text, _)| text).collect();
            let units: Vec<u16> = pieces().flat_map(|(_, units)| units.iter().copied()).collect();
            let json = repaired(&format!("\"{json}\""));
            let text: String = serde_json::from_str(&json).expect("it parses");
            prop_assert_eq!(text, String::from_utf16_lossy(&units));
        }

        #[test]
        fn no_bytes_are_a_panic_and_none_moves(bytes in prop::collection::vec(any::<u8>(), 0..64), tail in r"[\\ud8Cfx0]{0,24}") {
            let mut json = [&bytes[..], tail.as_bytes()].concat();
            let before = json.len();
            repair(&mut json);
            prop_assert_eq!(json.len(), before);
        }
    }
}
