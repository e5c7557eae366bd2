//! Reads JSON value by value, without building it: a body of many values needs little memory.
//!
//! It takes what loggers write beyond the standard: lone surrogates (U+FFFD), numbers of any size,
//! `NaN` and `Infinity`, raw control characters in texts, but no line breaks, and the `\xhh` of servers
//! whose own escapes are not JSON's.

use std::borrow::Cow;

use super::charset::text_of;
use super::tokens::byte_escapes;

/// The deepest nesting.
const MAX_DEPTH: usize = 128;
/// The longest dotted name that can be of interest.
const MAX_NAME_BYTES: usize = 256;
/// The name of a text that the journal writes as an array of its bytes if it is not printable.
const BYTES: &str = "MESSAGE";
/// The byte order mark.
const MARK_BYTES: [u8; 3] = *b"\xEF\xBB\xBF";
/// Stands for a longer one.
const TOO_LONG: &str = "…";

/// A value that contains no other, or the beginning of one that does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Leaf<'t> {
    Text(Cow<'t, str>),
    /// As it was written.
    Number(&'t str),
    Null,
    /// `true`, `false`, or a malformed number.
    Other,
    /// An array or an object, from its bracket on. What is in it is reported after it.
    Nested(&'t str),
}

/// Why a text is not JSON, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) reason: &'static str,
    /// In bytes.
    pub(super) at: usize,
}

/// An array or an object that is not closed yet.
struct Open {
    is_object: bool,
    /// The length of its own name.
    name: usize,
    /// How many values came before.
    count: usize,
}

/// A place in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Self { text, at }
    }

    /// The whole text.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// The place, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is not blank; it stays the next one. A byte order mark is blank: it stands
    /// between values where files were put together.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let blanks = rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
            self.at += blanks;
            if rest.get(blanks) != Some(&MARK_BYTES[0]) || !rest[blanks..].starts_with(&MARK_BYTES)
            {
                return rest.get(blanks).copied();
            }
            self.at += MARK_BYTES.len();
        }
    }

    /// Skips the next byte that is not blank, if it is this one.
    pub(super) fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Reads a value, and reports each leaf in it that is not in an array of objects, with its
    /// dotted name. Only the first value of an array is reported, under the array's name. An object
    /// `{"name": …, "value": …}` in an array is a leaf with a name.
    pub(super) fn value(&mut self, mut report: impl FnMut(&str, Leaf<'t>)) -> Result<(), Broken> {
        let (mut open, mut name) = (Vec::<Open>::new(), String::new());
        loop {
            match self.peek() {
                Some(b'{') if in_list(&open) && self.pair(&name, &mut report) => {}
                Some(b'[') if is_message(&open, &name) && self.bytes(&name, &mut report) => {}
                Some(byte @ (b'{' | b'[')) => {
                    if !name.is_empty() && is_reported(&open) {
                        report(&name, Leaf::Nested(&self.text[self.at..]));
                    }
                    self.at += 1;
                    if open.len() == MAX_DEPTH {
                        return Err(self.broken("is nested too deep"));
                    }
                    open.push(Open { is_object: byte == b'{', name: name.len(), count: 0 });
                    if byte == b'{' && self.peek() != Some(b'}') {
                        self.name(&mut name)?;
                        continue;
                    }
                    if byte == b'[' && self.peek() != Some(b']') {
                        continue;
                    }
                }
                _ => {
                    let leaf = self.leaf()?;
                    if is_reported(&open) {
                        report(&name, leaf);
                    }
                }
            }
            if self.close(&mut open, &mut name)? {
                return Ok(());
            }
        }
    }

    /// Reads `{"name": …, "value": …}`, as headers are listed, and reports it. False if something else is
    /// next, which stays the next one.
    fn pair(&mut self, outer: &str, report: &mut impl FnMut(&str, Leaf<'t>)) -> bool {
        let mut ahead = *self;
        let Some((name, value)) = ahead.name_and_value() else { return false };
        report(&format!("{outer}.{name}"), Leaf::Text(value));
        *self = ahead;
        true
    }

    /// Reads a text that is written as an array of its bytes, and reports it. False if something else is
    /// next, which stays the next one.
    fn bytes(&mut self, name: &str, report: &mut impl FnMut(&str, Leaf<'t>)) -> bool {
        let rest = &self.text[self.at..];
        let is_within = |byte: &u8| byte.is_ascii_digit() || b", \t\r\n".contains(byte);
        let length = rest.bytes().skip(1).take_while(is_within).count();
        let (list, behind) = rest[1..].split_at(length);
        if !behind.starts_with(']') {
            return false;
        }
        let bytes = list.split(',').map(|byte| byte.trim().parse::<u8>().ok());
        let Some(bytes) = bytes.collect::<Option<Vec<u8>>>() else { return false };
        report(name, Leaf::Text(text_of(&bytes).into_owned().into()));
        self.at += list.len() + 2;
        true
    }

    fn name_and_value(&mut self) -> Option<(Cow<'t, str>, Cow<'t, str>)> {
        self.skip(b'{');
        let name = self.member("name")?;
        let value = self.skip(b',').then(|| self.member("value"))??;
        (self.skip(b'}') && name.len() < MAX_NAME_BYTES).then_some((name, value))
    }

    /// The text of the next member, if it has this name.
    fn member(&mut self, name: &str) -> Option<Cow<'t, str>> {
        let mut text = || if self.peek() == Some(b'"') { self.quoted().ok() } else { None };
        if text()? != name || !self.skip(b':') || self.peek() != Some(b'"') {
            return None;
        }
        self.quoted().ok()
    }

    /// Closes the values that end here; `true` if one was the outermost. Otherwise the next value
    /// follows.
    fn close(&mut self, open: &mut Vec<Open>, name: &mut String) -> Result<bool, Broken> {
        while let Some(last) = open.last_mut() {
            name.truncate(last.name);
            if self.skip(if last.is_object { b'}' } else { b']' }) {
                open.pop();
                continue;
            }
            if !self.skip(b',') {
                return Err(self.broken("has a comma or a bracket missing"));
            }
            last.count += 1;
            if last.is_object {
                self.name(name)?;
            }
            return Ok(false);
        }
        Ok(true)
    }

    /// Reads a name and its colon, and appends it to the name of the object.
    fn name(&mut self, name: &mut String) -> Result<(), Broken> {
        if self.peek() != Some(b'"') {
            return Err(self.broken("has a name missing"));
        }
        let own = self.quoted()?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(if name.len() + own.len() < MAX_NAME_BYTES { &own } else { TOO_LONG });
        if self.skip(b':') { Ok(()) } else { Err(self.broken("has a colon missing")) }
    }

    fn leaf(&mut self) -> Result<Leaf<'t>, Broken> {
        const WORDS: [(&str, Leaf<'static>); 6] = [
            ("null", Leaf::Null),
            ("true", Leaf::Other),
            ("false", Leaf::Other),
            ("NaN", Leaf::Other),
            ("Infinity", Leaf::Other),
            ("-Infinity", Leaf::Other),
        ];
        match self.peek() {
            Some(b'"') => return Ok(Leaf::Text(self.quoted()?)),
            None => return Err(self.broken("ends too early")),
            Some(_) => {}
        }
        let rest = &self.text[self.at..];
        if let Some((word, leaf)) = WORDS.into_iter().find(|(word, _)| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(leaf);
        }
        let length = number(rest).ok_or(self.broken("has something that is not a value"))?;
        self.at += length;
        Ok(Leaf::Number(&rest[..length]))
    }

    /// Reads a text, whose opening quote is next.
    fn quoted(&mut self) -> Result<Cow<'t, str>, Broken> {
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.find(['"', '\\', '\n']) else {
                return Err(self.broken("has a text that is never closed"));
            };
            if text.is_empty() {
                text = Cow::Borrowed(&rest[..end]);
            } else {
                text.to_mut().push_str(&rest[..end]);
            }
            self.at += end + 1;
            match rest.as_bytes()[end] {
                b'"' => return Ok(text),
                b'\\' if rest[end + 1..].starts_with('x') => {
                    let bytes = byte_escapes(&rest.as_bytes()[end..]);
                    let (bytes, length) = bytes.ok_or(self.broken("has an invalid escape"))?;
                    text.to_mut().push_str(&bytes);
                    self.at += length - 1;
                }
                b'\\' => {
                    let c = self.escape().ok_or(self.broken("has an invalid escape"))?;
                    text.to_mut().push(c);
                }
                _ => return Err(self.broken("has a line break in a text")),
            }
        }
    }

    /// The character of an escape, after its backslash.
    fn escape(&mut self) -> Option<char> {
        let byte = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => self.unicode()?,
            _ => return None,
        })
    }

    /// The character of `\uxxxx`, perhaps with the other half of a pair; half a pair is U+FFFD.
    fn unicode(&mut self) -> Option<char> {
        let unit = self.unit()?;
        let mut units = vec![unit];
        let mut ahead = *self;
        if (0xd800..0xdc00).contains(&unit) && ahead.text[ahead.at..].starts_with("\\u") {
            ahead.at += 2;
            if let Some(low) = ahead.unit().filter(|unit| (0xdc00..0xe000).contains(unit)) {
                units.push(low);
                self.at = ahead.at;
            }
        }
        char::decode_utf16(units).next().map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.at += 4;
        is_hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?
    }

    fn broken(&self, reason: &'static str) -> Broken {
        Broken { reason, at: self.at }
    }
}

/// Whether the next value is in an array that is a member of an object.
fn in_list(open: &[Open]) -> bool {
    open.split_last().is_some_and(|(last, outer)| {
        !last.is_object && !outer.is_empty() && outer.iter().all(|outer| outer.is_object)
    })
}

/// Whether the next value is the message of an entry.
fn is_message(open: &[Open], name: &str) -> bool {
    name.ends_with(BYTES) && open.iter().all(|outer| outer.is_object)
}

/// Whether a value at this depth is reported. Only the first value of an array is, and nothing
/// inside an object in an array.
fn is_reported(open: &[Open]) -> bool {
    let Some((last, outer)) = open.split_last() else { return true };
    outer.iter().all(|outer| outer.is_object) && (last.is_object || last.count == 0)
}

/// The length of the number at the start; `None` if there is no number.
fn number(text: &str) -> Option<usize> {
    let digits = |at: usize| text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with('-'));
    let whole = digits(sign);
    if whole == 0 || (whole > 1 && text[sign..].starts_with('0')) {
        return None;
    }
    let mut end = sign + whole;
    if text[end..].starts_with('.') {
        end += 1 + Some(digits(end + 1)).filter(|count| *count > 0)?;
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        end += 1 + sign + Some(digits(end + 1 + sign)).filter(|count| *count > 0)?;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::extent::extent;
    use super::*;

    fn leaves(text: &str) -> Result<Vec<String>, Broken> {
        let (mut leaves, mut scanner) = (Vec::new(), Scanner::new(text, 0));
        scanner.value(|name, leaf| {
            leaves.push(match leaf {
                Leaf::Text(text) => format!("{name}={text}"),
                Leaf::Number(digits) => format!("{name}:{digits}"),
                Leaf::Null => format!("{name}:null"),
                Leaf::Other => format!("{name}:?"),
                Leaf::Nested(_) => return,
            });
        })?;
        match scanner.peek() {
            None => Ok(leaves),
            Some(_) => Err(scanner.broken("goes on")),
        }
    }

    #[test]
    fn each_leaf_has_its_dotted_name() {
        let json = r#" {"a": 1, "b": {"c": "x", "d": {"e": null}, "f": true}, "g.h": -1.5e3,
            "i": ["j", "k"], "l": [{"m": 1}], "n": [], "o": {}, "p": [[1]], "q": 2} "#;
        let expected = ["a:1", "b.c=x", "b.d.e:null", "b.f:?", "g.h:-1.5e3", "i=j", "q:2"];
        assert_eq!(leaves(json).expect("it is JSON"), expected);
    }

    #[test]
    fn what_loggers_write_beyond_the_standard_is_taken() {
        let json = "{\"a\": 1e999, \"b\": \"x\\ud83d\", \"c\": \"\\ude00\\ud83d\\ude00\", \
            \"d\": NaN, \"e\": \"\\ud83d\\u0041\", \"f\": \"a\tb\", \"g\": 99999999999999999999}";
        let expected = [
            "a:1e999",
            "b=x\u{fffd}",
            "c=\u{fffd}\u{1f600}",
            "d:?",
            "e=\u{fffd}A",
            "f=a\tb",
            "g:99999999999999999999",
        ];
        assert_eq!(leaves(json).expect("it is taken"), expected);
    }

    #[test]
    fn bytes_may_be_escaped_as_servers_do() {
        let json = r#"{"a": "/?b=\x22c\x22", "\x64": "\xc3\xa9\n\xe9", "e": "\\x41"}"#;
        let expected = ["a=/?b=\"c\"", "d=é\n%E9", "e=\\x41"];
        assert_eq!(leaves(json).expect("it is taken"), expected);
        for json in [r#""\x""#, r#""\x2""#, r#""\xgg""#, r#""\x4"#] {
            assert!(leaves(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_message_may_be_an_array_of_its_bytes() {
        let json = r#"{"MESSAGE": [71, 69,84 ,195,169,233], "a": [1, 2], "b": 3}"#;
        assert_eq!(leaves(json).expect("JSON"), ["MESSAGE=GETéé", "a:1", "b:3"]);
        for json in [r#"{"MESSAGE": [256]}"#, r#"{"MESSAGE": [1, "a"]}"#] {
            assert!(leaves(json).expect("JSON")[0].starts_with("MESSAGE:"), "{json}");
        }
        for json in [r#"{"MESSAGE": []}"#, r#"{"MESSAGE": [[1]]}"#] {
            assert_eq!(leaves(json).expect("JSON"), [""; 0], "{json}");
        }
    }

    #[test]
    fn what_is_broken_is_refused() {
        for json in [
            "",
            "{",
            "[",
            "{]",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "\"",
            "\"\\",
            "\"\\q\"",
            "\"\\u12\"",
            "\"\\u+123\"",
            "\"a\nb\"",
            "01",
            "1.",
            "-",
            "1e",
            "nul",
            "[1 2]",
            "{\"a\":1 \"b\":2}",
            "{} {}",
            "\"\\ud83d\\u\"",
        ] {
            assert!(leaves(json).is_err(), "{json:?}");
        }
        assert!(leaves(&"[".repeat(200_000)).is_err());
        assert!(leaves(&format!("{}{}", "[".repeat(128), "]".repeat(128))).is_ok());
        assert!(leaves(&format!("{}{}", "[".repeat(129), "]".repeat(129))).is_err());
    }

    fn json() -> impl Strategy<Value = String> {
        let piece = proptest::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\\u0041",
            "\\n",
            "a",
            "\"a\"",
            "1",
            "-1.5",
            "0",
            "e3 ",
            "null",
            "true",
            " ",
            "\"a\":",
            "ü",
            "{\"a\":1}",
            "[1,2]",
        ]);
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn the_same_texts_are_json_as_for_any_parser(text in json()) {
            let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert_eq!(leaves(&text).is_ok(), is_json, "{}", text);
        }

        #[test]
        fn no_text_is_a_panic(text in "[\\[\\]{}\":,\\\\u0-9eE.a-fü\\n -]{0,40}") {
            let _ = (leaves(&text), extent(&text, 0, &mut 1_000));
        }
    }
}
