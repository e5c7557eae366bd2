//! What the rules read: a line with its escapes decoded, and with the spaces, dashes and digits of
//! every script in their plain form.
//!
//! An address is the same address when its `@` is `%40`, `%2540` or `\u0040`, and a number is the
//! same number when it is written with no-break spaces or full-width digits. Decoding once, here,
//! is what lets each rule know only one form of each sign.

use std::borrow::Cow;
use std::iter::repeat_n;
use std::ops::Range;

/// A dot that keeps an address from being a link: `203[.]0[.]113[.]201`.
const DOT: &str = "[.]";
/// The most backslashes before the `u` of an escape: text that was quoted three times has four.
const MAX_BACKSLASHES: usize = 4;
/// The longest number in a query whose digits may be joined by `+`.
const QUERY_NUMBER: usize = 40;
/// The first of the ten digits of other scripts: Arabic, Persian, Devanagari, Bengali, Thai.
const ZEROS: [char; 5] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}'];
const ENTITIES: [(&str, char); 7] = [
    ("&amp;", '&'),
    ("&nbsp;", ' '),
    ("&quot;", '"'),
    ("&apos;", '\''),
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&commat;", '@'),
];

/// A line in plain form.
pub(super) struct View<'a> {
    pub(super) text: Cow<'a, str>,
    /// Where each byte of the text, and its end, is in the line; empty if at the same place.
    places: Vec<usize>,
}

impl<'a> View<'a> {
    pub(super) fn of(line: &'a str) -> Self {
        let is_plain = |byte: u8| byte.is_ascii() && !matches!(byte, b'%' | b'\\' | b'&' | 0);
        let (text, places) = if line.bytes().all(is_plain) && !line.contains(DOT) {
            (Cow::Borrowed(line), Vec::new())
        } else {
            let (text, places) = decoded(line);
            (Cow::Owned(text), places)
        };
        Self { text: with_blanks(text), places }
    }

    /// Where a range of the text is in the line.
    pub(super) fn place(&self, range: &Range<usize>) -> Range<usize> {
        let of = |at: usize| self.places.get(at).copied().unwrap_or(at);
        of(range.start)..of(range.end)
    }
}

fn decoded(line: &str) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(line.len());
    let mut places = Vec::with_capacity(line.len() + 1);
    let mut at = 0;
    while let Some(first) = line[at..].chars().next() {
        let (shown, length) = match first {
            '\0' if in_wide_text(line.as_bytes(), at) => (None, 1),
            '%' | '\\' | '&' | '[' => match escape(&line[at..]) {
                Some((escaped, length)) => (plain(escaped), length),
                None => (Some(first), 1),
            },
            _ => (plain(first), first.len_utf8()),
        };
        if let Some(shown) = shown {
            places.extend(repeat_n(at, shown.len_utf8()));
            text.push(shown);
        }
        at += length;
    }
    places.push(line.len());
    (text, places)
}

/// Whether a NUL is the upper half of a UTF-16 unit, rather than the end of a string.
fn in_wide_text(line: &[u8], at: usize) -> bool {
    let is_nul = |at: Option<usize>| at.and_then(|at| line.get(at)) == Some(&0);
    is_nul(at.checked_sub(2)) || is_nul(Some(at + 2))
}

/// The plain form of a character; `None` for one that cannot be seen.
fn plain(c: char) -> Option<char> {
    match c {
        _ if c.is_ascii() => Some(c),
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => None,
        '\u{2060}'..='\u{2069}' | '\u{feff}' => None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => Some('-'),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{fe6b}' => Some('@'),
        '\u{85}' | '\u{2028}' | '\u{2029}' => Some(c),
        _ if c.is_whitespace() => Some(' '),
        _ => Some(digit_of(c).unwrap_or(c)),
    }
}

fn digit_of(c: char) -> Option<char> {
    let value = ZEROS.iter().map(|zero| u32::from(c).wrapping_sub(u32::from(*zero)));
    value.filter(|value| *value < 10).find_map(|value| char::from_digit(value, 10))
}

/// The character that an escape at the start of `rest` stands for, and the escape's length.
fn escape(rest: &str) -> Option<(char, usize)> {
    match rest.as_bytes()[0] {
        b'%' => percent(rest.as_bytes()),
        b'\\' => backslash(rest.as_bytes()),
        b'[' => rest.starts_with(DOT).then_some(('.', DOT.len())),
        _ => entity(rest),
    }
}

fn percent(rest: &[u8]) -> Option<(char, usize)> {
    let (mut bytes, mut length) = ([0; 4], 0);
    for count in 1..=bytes.len() {
        let (byte, more) = percent_byte(&rest[length..])?;
        bytes[count - 1] = byte;
        length += more;
        if let Ok(text) = str::from_utf8(&bytes[..count]) {
            return text.chars().next().map(|c| (c, length));
        }
    }
    None
}

/// A byte as `%40`, or encoded again as `%2540`.
fn percent_byte(rest: &[u8]) -> Option<(u8, usize)> {
    let mut at = 1;
    rest.first().filter(|byte| **byte == b'%')?;
    while rest[at..].starts_with(b"25") && hex(&rest[at + 2..], 2).is_some() && at < 9 {
        at += 2;
    }
    let value = hex(&rest[at..], 2)?;
    Some((u8::try_from(value).ok()?, at + 2))
}

/// `\u0040`, `\x40` or `\/`, in text that may have been quoted several times.
fn backslash(rest: &[u8]) -> Option<(char, usize)> {
    let at = rest.iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    let digits = match rest.get(at)? {
        b'u' => 4,
        b'x' => 2,
        b'/' => return Some(('/', at + 1)),
        _ => return None,
    };
    let c = char::from_u32(hex(&rest[at + 1..], digits)?)?;
    (c != '\\').then_some((c, at + 1 + digits))
}

/// `&#64;`, `&#x40;` or one of the names that logs contain.
fn entity(rest: &str) -> Option<(char, usize)> {
    if let Some((name, c)) = ENTITIES.iter().find(|(name, _)| rest.starts_with(name)) {
        return Some((*c, name.len()));
    }
    let number = rest.strip_prefix("&#")?;
    let end = number.bytes().take(8).position(|byte| byte == b';')?;
    let value = match number[..end].strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number[..end].parse().ok()?,
    };
    char::from_u32(value).map(|c| (c, 2 + end + 1))
}

fn hex(text: &[u8], digits: usize) -> Option<u32> {
    let digits = text.get(..digits)?.iter();
    digits
        .map(|byte| char::from(*byte).to_digit(16))
        .try_fold(0, |sum, digit| Some(sum * 16 + digit?))
}

/// Writes a blank for each `+` between the digits of a number in a query: `card=4111+1111`.
fn with_blanks(text: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'+') || !bytes.contains(&b'=') {
        return text;
    }
    let mut pluses = Vec::new();
    for (start, _) in text.match_indices('=') {
        let number = bytes[start + 1..].iter().take(QUERY_NUMBER);
        let length = number.take_while(|b| b.is_ascii_digit() || b"+()-.".contains(b)).count();
        let end = start + 1 + length;
        if !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
            let joint = |at: &usize| bytes[*at] == b'+' && joins(bytes, *at);
            pluses.extend((start + 2..end).filter(joint));
        }
    }
    if pluses.is_empty() { text } else { Cow::Owned(blanked(&text, &pluses)) }
}

/// Whether a `+` stands between two groups of digits.
fn joins(bytes: &[u8], at: usize) -> bool {
    let before = bytes[at - 1];
    let after = bytes.get(at + 1);
    (before.is_ascii_digit() || before == b')')
        && after.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'(')
}

fn blanked(text: &str, places: &[usize]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        shown.push_str(&text[at..*place]);
        shown.push(' ');
        at = place + 1;
    }
    shown.push_str(&text[at..]);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_sign_is_read_as_its_plain_form() {
        let cases = [
            ("a%40b", "a@b"),
            ("a%2540b", "a@b"),
            ("a%252540b", "a@b"),
            (r"a\u0040b", "a@b"),
            (r"a\\u0040b", "a@b"),
            (r"a\x40b", "a@b"),
            (r"a:\/\/b\\/c", "a://b/c"),
            ("a&#64;b", "a@b"),
            ("b[.]co", "b.co"),
            ("a&#x40;b", "a@b"),
            ("a\u{ff20}b", "a@b"),
            ("4111\u{a0}1111\u{202f}1", "4111 1111 1"),
            ("4111%C2%A01111", "4111 1111"),
            ("415\u{2013}555", "415-555"),
            ("０９０－１２", "090-12"),
            ("\u{6f1}\u{6f2}", "12"),
            ("a\0n\0n\0@\0", "ann@"),
            ("card=4111+1111+1111", "card=4111 1111 1111"),
            ("tel=%2B1+415+555", "tel=+1 415 555"),
        ];
        for (line, shown) in cases {
            assert_eq!(View::of(line).text, shown, "{line:?}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for line in [
            "100%",
            "a[1]",
            "[.",
            "5%zz",
            r"C:\users",
            "a&b",
            "A=1\0B=2",
            "1.2.3+2013",
            "%B4111",
            "sig=a1+2b",
        ] {
            assert_eq!(View::of(line).text, line);
        }
    }

    #[test]
    fn a_range_is_found_in_the_line() {
        let line = "to a%40b.co now";
        let view = View::of(line);
        let start = view.text.find('a').expect("it is there");
        assert_eq!(&line[view.place(&(start..start + 6))], "a%40b.co");
    }
}
