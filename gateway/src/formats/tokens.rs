//! The words and quoted texts of a log line, and the escapes in them.

use std::borrow::Cow;

/// The length of `\xhh`.
const ESCAPE_BYTES: usize = 4;

/// A piece of a line between blanks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Without quotes around it. It may contain a quoted text, as `rt="0.004"` does.
    Word(&'a str),
    /// The text between two quotes, with its escapes.
    Quoted(&'a str),
}

impl<'a> Token<'a> {
    /// The word; `None` for a quoted text.
    pub(super) fn word(self) -> Option<&'a str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Quoted(_) => None,
        }
    }

    /// The text either way.
    pub(super) fn text(self) -> &'a str {
        match self {
            Self::Word(text) | Self::Quoted(text) => text,
        }
    }
}

/// The tokens of a text; `None` if a quote is never closed, or if text follows a closing quote.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (token, after) = match rest.strip_prefix('"') {
            Some(after) => {
                let (text, after) = quoted(after)?;
                (Token::Quoted(text), after)
            }
            None => word(rest)?,
        };
        if !after.is_empty() && !after.starts_with([' ', '\t']) {
            return None;
        }
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

/// A word; a quoted text may follow its equals sign.
fn word(text: &str) -> Option<(Token<'_>, &str)> {
    let end = text.find([' ', '\t', '"']).unwrap_or(text.len());
    match text[end..].strip_prefix('"') {
        Some(after) if text[..end].ends_with('=') => {
            let (_, after) = quoted(after)?;
            Some((Token::Word(&text[..text.len() - after.len()]), after))
        }
        Some(_) => None,
        None => Some((Token::Word(&text[..end]), &text[end..])),
    }
}

/// Splits at the next quote that is not escaped.
pub(super) fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some((&text[..end], &text[end + 1..]))
}

/// A text without the quotes of its line, which some parsers keep.
pub(super) fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(text)
}

/// Whether the text is a whole number, or the hyphen that stands for a missing one.
pub(super) fn is_number(text: &str) -> bool {
    text == "-" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether the text is a status code, or the hyphen that stands for a missing one.
pub(super) fn is_status(text: &str) -> bool {
    is_number(text) && text.len() <= 3
}

/// Undoes `\"`, `\\`, `\n` and the like, and `\xhh` for any byte. Apache writes all of them, nginx
/// only the last. A byte that is not UTF-8 is percent-encoded.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let (byte, after) = if *byte == b'\\' { escape(after) } else { (*byte, after) };
        plain.push(byte);
        rest = after;
    }
    printable(&plain).into()
}

/// The text of the `\xhh` at the start and of those right after it, and their length.
pub(crate) fn byte_escapes(text: &[u8]) -> Option<(String, usize)> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while rest.starts_with(b"\\x") {
        let (byte, after) = escape(&rest[1..]);
        if after.len() + ESCAPE_BYTES != rest.len() {
            break;
        }
        bytes.push(byte);
        rest = after;
    }
    (!bytes.is_empty()).then(|| (printable(&bytes), ESCAPE_BYTES * bytes.len()))
}

fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
    text
}

/// The byte that an escape stands for, and the text after it. Without a valid escape, the backslash
/// stands for itself.
fn escape(after: &[u8]) -> (u8, &[u8]) {
    let hex = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    match after {
        [b'x', high, low, rest @ ..] => match (hex(*high), hex(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, rest),
            _ => (b'\\', after),
        },
        [byte @ (b'"' | b'\\'), rest @ ..] => (*byte, rest),
        [b'n', rest @ ..] => (b'\n', rest),
        [b'r', rest @ ..] => (b'\r', rest),
        [b't', rest @ ..] => (b'\t', rest),
        [b'b', rest @ ..] => (8, rest),
        [b'v', rest @ ..] => (11, rest),
        [b'f', rest @ ..] => (12, rest),
        _ => (b'\\', after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_into_words_and_quoted_texts() {
        let cut = tokens(r#"a  "b \" c" d="e f" - "" "#);
        let expected = [
            Token::Word("a"),
            Token::Quoted(r#"b \" c"#),
            Token::Word(r#"d="e f""#),
            Token::Word("-"),
            Token::Quoted(""),
        ];
        assert_eq!(cut.as_deref(), Some(&expected[..]));
        assert_eq!(tokens(""), Some(Vec::new()));
    }

    #[test]
    fn an_open_quote_and_text_after_a_closing_quote_are_errors() {
        for line in [r#"a "b"#, r#""a"b"#, r#"a"b""#, r#"a="b"#, r#"a="b"c"#, r#""a\""#] {
            assert_eq!(tokens(line), None, "{line}");
        }
    }

    #[test]
    fn one_pair_of_quotes_is_taken_off() {
        for (text, plain) in [
            ("\"a b\"", "a b"),
            ("\"\"", ""),
            ("\"", "\""),
            ("\"a\" b \"c\"", "\"a\" b \"c\""),
            ("\"a", "\"a"),
            ("a", "a"),
        ] {
            assert_eq!(unquoted(text), plain, "{text}");
        }
    }

    #[test]
    fn the_escapes_of_bytes_are_read_together() {
        for (text, expected) in [
            (r"\xc3\xa9x", Some(("é", 8))),
            (r"\x16\x03\n", Some(("\u{16}\u{3}", 8))),
            (r"\xff", Some(("%FF", 4))),
            (r"\x2", None),
            (r"\xzz", None),
            (r"\n\x41", None),
            (r"x41", None),
            ("", None),
        ] {
            let expected = expected.map(|(text, length)| (text.to_owned(), length));
            assert_eq!(byte_escapes(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn escapes_are_undone_and_other_backslashes_stay() {
        let cases = [
            ("plain", "plain"),
            (r#"\"a\""#, "\"a\""),
            (r"\\x41", r"\x41"),
            (r"\x41\x7a", "Az"),
            (r"\xE2\x82\xAC", "€"),
            (r"\xff\xe9a", "%FF%E9a"),
            (r"\t\q\x4g\x4", "\t\\q\\x4g\\x4"),
            (r"a\", r"a\"),
            (r"\xü", r"\xü"),
        ];
        for (text, plain) in cases {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }
}
