//! The text of a body, whatever its encoding.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// An unknown encoding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownCharset;

/// The text of `body` in the encoding that its byte order mark names, or else `charset`, or else
/// UTF-8. A byte that is not valid in UTF-8 is read as Windows-1252: one line in an old encoding
/// does not affect the others.
pub(crate) fn decode(body: Vec<u8>, charset: Option<&str>) -> Result<String, UnknownCharset> {
    let named = charset.map(|name| Encoding::for_label(name.as_bytes()).ok_or(UnknownCharset));
    let named = named.transpose()?.unwrap_or(UTF_8);
    let (encoding, mark) = Encoding::for_bom(&body).unwrap_or((unmarked(named, &body), 0));
    if encoding != UTF_8 {
        let (text, _) = encoding.decode_without_bom_handling(&body[mark..]);
        return Ok(text.into_owned());
    }
    Ok(match String::from_utf8(body) {
        Ok(text) if mark == 0 => text,
        Ok(text) => text[mark..].to_owned(),
        Err(error) => mixed(&error.as_bytes()[mark..]),
    })
}

/// The encoding of a body without a mark. `utf-16` stands for either byte order: most characters in
/// a log are ASCII, and the places of their zero bytes show which it is.
fn unmarked(named: &'static Encoding, body: &[u8]) -> &'static Encoding {
    let is_zero = |at: usize| body.get(at) == Some(&0);
    if (named == UTF_16LE && is_zero(0)) || (named == UTF_8 && is_zero(0) && !is_zero(1)) {
        UTF_16BE
    } else if named == UTF_8 && is_zero(1) && is_zero(3) && !is_zero(0) && !is_zero(2) {
        UTF_16LE
    } else {
        named
    }
}

/// The text of bytes that should be UTF-8; those that are not are read as Windows-1252.
pub(crate) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| mixed(bytes).into(), Cow::from)
}

fn mixed(body: &[u8]) -> String {
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        let (other, _) = WINDOWS_1252.decode_without_bom_handling(chunk.invalid());
        text.push_str(&other);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_mark_decides_then_the_charset_then_utf8() {
        let text = "GET /café – €\n";
        let little = utf16(text, u16::to_le_bytes);
        let big = utf16(text, u16::to_be_bytes);
        let latin = b"GET /caf\xe9 \x96 \x80\n".to_vec();
        let cases = [
            (text.as_bytes().to_vec(), None),
            (text.as_bytes().to_vec(), Some("UTF-8")),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), None),
            ([b"\xff\xfe", &little[..]].concat(), None),
            ([b"\xfe\xff", &big[..]].concat(), Some("utf-16")),
            ([b"\xfe\xff", &big[..]].concat(), Some("utf-8")),
            (little.clone(), Some("utf-16le")),
            (little.clone(), Some("UTF-16")),
            (big.clone(), Some("utf-16be")),
            (big.clone(), Some("utf-16")),
            (little, None),
            (big, None),
            (latin.clone(), Some("iso-8859-1")),
            (latin.clone(), Some("Windows-1252")),
            (latin.clone(), Some("us-ascii")),
            (latin, None),
        ];
        for (body, charset) in cases {
            assert_eq!(decode(body.clone(), charset).as_deref(), Ok(text), "{charset:?} {body:?}");
        }
        assert_eq!(decode(Vec::new(), Some("klingon")), Err(UnknownCharset));
    }

    #[test]
    fn one_byte_in_an_old_encoding_does_not_affect_the_rest() {
        let body = "ü\nä".bytes().chain(*b"\xe9\n\xe9").chain("€".bytes()).collect();
        assert_eq!(decode(body, None).as_deref(), Ok("ü\näé\né€"));
    }

    proptest! {
        #[test]
        fn no_line_is_lost(body in proptest::collection::vec(1_u8..=255, 2..60)) {
            prop_assume!(Encoding::for_bom(&body).is_none());
            let lines = body.iter().filter(|byte| **byte == b'\n').count();
            let text = decode(body, None).expect("UTF-8 is known");
            prop_assert_eq!(text.matches('\n').count(), lines);
        }
    }
}
