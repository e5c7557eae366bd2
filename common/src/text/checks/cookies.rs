//! The check for cookies: in their header, in an object, and one by its name.

use std::ops::Range;

use super::keys::looks_random;
use super::values::{MARK, is_secret_word, value};

/// The longest attributes of a cookie that are looked at, in characters.
const ATTRIBUTES: usize = 256;
/// The longest name of a cookie in an object, in bytes.
const NAME: usize = 64;
/// How many bytes decide whether there is a cookie, or one more. Only a cookie is followed to its end.
const DECISIVE: usize = 256;
/// How many bytes of an object's settings are passed before its first cookie, and between two.
const PASSED: usize = 128;
/// The least length of a cookie's value where settings may stand too.
const SHORTEST: usize = 4;
/// What is said about cookies, by names in lower case.
const SETTINGS: &[&str] = &[
    "consent",
    "count",
    "domain",
    "enabled",
    "expires",
    "httponly",
    "max-age",
    "maxage",
    "name",
    "originalmaxage",
    "partitioned",
    "path",
    "prefix",
    "priority",
    "samesite",
    "secure",
    "signed",
    "size",
    "type",
];

/// The cookies of a request, or the value of the cookie that an answer sets.
pub(crate) fn header(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let sets = text.as_bytes()[found.start] | 0x20 == b's';
    let before = text.as_bytes()[..found.start].last_chunk::<4>();
    if !sets && before.is_some_and(|before| before[..3].eq_ignore_ascii_case(b"set")) {
        return None;
    }
    let shown = &text[found.clone()];
    let sign = shown.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
    let sign = &shown[sign.unwrap_or(0)..];
    match sign.as_bytes() {
        [b'[', ..] => one(text, &found),
        [.., b'{'] => object(text, found.end),
        _ if sets => set(text, found.end, sign.contains('[')),
        _ => sent(text, &found, sign.contains('[')),
    }
}

/// The value of a cookie that an answer sets, or of all in a list.
fn set(text: &str, start: usize, in_list: bool) -> Option<Range<usize>> {
    let first = pair(text, start, in_list)?;
    let start = first.start + text[first.clone()].find('=')? + 1;
    let end = if in_list { end_of_list(text, first.end) } else { first.end };
    (start < end && !text[start..].starts_with(MARK)).then_some(start..end)
}

/// The cookies of a request. After `cookies`, settings may stand in their place.
fn sent(text: &str, found: &Range<usize>, in_list: bool) -> Option<Range<usize>> {
    let first = pair(text, found.end, in_list)?;
    let is_plural = text.as_bytes()[found.start + "cookie".len()] | 0x20 == b's';
    let (name, own) = text[first.clone()].split_once('=')?;
    if is_plural && !is_cookie(name, own) {
        return None;
    }
    let signs: &[char] = if is_plural { &[';', ','] } else { &[';'] };
    let mut end = first.end;
    while text[end..].starts_with(signs) {
        let next = end + 1 + text[end + 1..].bytes().take_while(|b| *b == b' ').count();
        match pair(text, next, in_list) {
            Some(more) => end = more.end,
            None => break,
        }
    }
    Some(first.start..end)
}

/// Whether a name and a value are those of a cookie, and not of a setting.
fn is_cookie(name: &str, value: &str) -> bool {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    value.len() >= SHORTEST && !is_number && !is_setting(name) && is_secret_word(value)
}

fn is_setting(name: &str) -> bool {
    SETTINGS.contains(&name.to_ascii_lowercase().as_str())
}

/// A cookie by its name: `cookie[sid]=…`.
fn one(text: &str, found: &Range<usize>) -> Option<Range<usize>> {
    let name = text[found.clone()].split('[').nth(1)?;
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if is_setting(name) {
        return None;
    }
    let own = value(text, found.end)?;
    let is_quoted = text[..own.start].ends_with(['"', '\'']);
    let is_assigned = text[..found.end].ends_with("]=") || is_quoted;
    let shown = &text[own.clone()];
    (is_cookie(name, shown) && (is_assigned || looks_random(shown))).then_some(own)
}

/// The cookies in an object, from the value of the first to that of the last: `{'sid': '…'}`.
fn object(text: &str, start: usize) -> Option<Range<usize>> {
    let (mut at, mut last, mut own) = (start, start, None);
    while at <= last + PASSED {
        let near = text.floor_char_boundary((at + DECISIVE).min(text.len()));
        let Some((name, mut value)) = field(&text[..near], at) else {
            break;
        };
        if is_cookie_of_object(text, name, &value) {
            (_, value) = field(text, at)?;
            last = value.end;
            own = Some(own.map_or(value.start, |own: Range<usize>| own.start)..value.end);
        }
        let rest = text[value.end..].trim_start_matches(['\\', '"', '\'', ' ']);
        let Some(rest) = rest.strip_prefix(',') else {
            break;
        };
        at = text.len() - rest.len();
    }
    own
}

/// A value that is not in quotes may be a number or a function: it must look random.
fn is_cookie_of_object(text: &str, name: &str, value: &Range<usize>) -> bool {
    let is_quoted = text[..value.start].ends_with(['"', '\'', '`']);
    let shown = &text[value.clone()];
    is_cookie(name, shown) && (is_quoted || looks_random(shown))
}

/// The name of a field in an object, and its value.
fn field(text: &str, start: usize) -> Option<(&str, Range<usize>)> {
    let quotes = ['\\', '"', '\''];
    let rest = text[start..].trim_start_matches(' ').trim_start_matches(quotes);
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$-".contains(byte);
    let length = rest.bytes().take(NAME).take_while(is_part).count();
    let (name, rest) = rest.split_at(length);
    let rest = rest.trim_start_matches(quotes).trim_start_matches(' ');
    let rest = rest.strip_prefix("=>").or_else(|| rest.strip_prefix([':', '=']))?;
    let at = text.len() - rest.trim_start_matches(' ').len();
    let own = value(text, at)?;
    (!name.is_empty()).then_some((name, own))
}

/// Where the value of the last cookie of a list ends: `["a=b; Path=/","c=d"]`.
fn end_of_list(text: &str, first: usize) -> usize {
    let mut end = first;
    loop {
        let near = text[end..].chars().take(ATTRIBUTES).take_while(|c| !"\"']\\\r\n".contains(*c));
        let rest = end + near.map(char::len_utf8).sum::<usize>();
        let signs = [' ', ',', '"', '\'', '\\'];
        let next = text[rest..].trim_start_matches(signs);
        let start = text.len() - next.len();
        if !text[rest..start].contains(',') {
            return end;
        }
        match pair(text, start, true) {
            Some(cookie) => end = cookie.end,
            None => return end,
        }
    }
}

/// `name=value`, which in a list may end with the list's bracket.
fn pair(text: &str, start: usize, in_list: bool) -> Option<Range<usize>> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.$!%*+~".contains(byte);
    let name = text.as_bytes()[start..].iter().take_while(|b| is_name(b)).count();
    if name == 0 || !text[start + name..].starts_with('=') {
        return None;
    }
    let rest = &text[start + name + 1..];
    let quoted = usize::from(rest.starts_with('"'));
    let is_end = |c: char| c.is_whitespace() || "\"';,\\<>".contains(c) || (in_list && c == ']');
    let value = rest[quoted..].find(is_end).unwrap_or(rest.len() - quoted);
    Some(start..start + name + 1 + quoted + value)
}
