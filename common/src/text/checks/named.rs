//! The checks for secrets that are known by the name before them.
//!
//! A pattern takes the name and the sign after it; the value begins where the match ends.

use std::ops::Range;

use super::keys::looks_random;
use super::surroundings::{ends, in_login};
use super::values::{MARK, begins_placeholder, is_secret_word, value};

/// Words that end like a secret's name, but do not name one.
const OTHERS: &[&str] = &["compass", "bypass", "trespass", "surpass", "encompass", "overpass"];
/// Tokens that are not secret: places in a listing, and limits.
const PLACES: &[&str] = &[
    "page",
    "next",
    "nextpage",
    "continuation",
    "sync",
    "max",
    "min",
    "maximum",
    "pagination",
    "scroll",
];
/// The least length of a token or key that is not in quotes.
const SHORTEST: usize = 4;

/// A password, after `password=`, `"password": ` or `<password>`.
pub(crate) fn password(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if in_login(text, found.start) || begins_placeholder(text, found.end) {
        return None;
    }
    let name = name(text, &found);
    if name.ends_with("PWD")
        && text[found.end..].trim_start_matches(['"', '\'']).starts_with(['/', '~'])
    {
        return None;
    }
    let own = value(text, found.end)?;
    let shown = &text[own.clone()];
    let lower = name.to_ascii_lowercase();
    let is_tally = lower.ends_with("pass") && shown.bytes().all(|byte| byte.is_ascii_digit());
    let is_other = OTHERS.contains(&lower.as_str()) || is_tally;
    (!is_other && is_secret_word(shown)).then_some(own)
}

/// A secret, token or key, which may also be a word in a sentence.
pub(crate) fn secret(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if in_login(text, found.start) || begins_placeholder(text, found.end) {
        return None;
    }
    let lower = name(text, &found).to_ascii_lowercase();
    let owner = lower.trim_end_matches("token").trim_end_matches(['_', '-', '.']);
    let owner = owner.rsplit(['_', '-', '.']).next().unwrap_or("");
    if lower.ends_with("token") && PLACES.contains(&owner) {
        return None;
    }
    let end = text[found.end..].find('?').map_or(text.len(), |end| found.end + end);
    let own = value(&text[..end], found.end)?;
    let shown = &text[own.clone()];
    let is_quoted = text[..own.start].ends_with(['"', '\'']);
    let is_assigned = text[..found.end].trim_end().ends_with('=');
    let is_random = looks_random(shown) || ((is_quoted || is_assigned) && shown.len() >= SHORTEST);
    (is_random && is_secret_word(shown)).then_some(own)
}

/// The value of an option: `--password hunter2`.
pub(crate) fn option(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let own = value(text, found.end)?;
    let is_option = text[own.clone()].starts_with('-');
    (!is_option && is_secret_word(&text[own.clone()])).then_some(own)
}

/// The text of an element: `<password>hunter2</password>`.
pub(crate) fn element(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let tag = text[found.start + 1..found.end - 1].split([' ', '\t']).next().unwrap_or_default();
    let name = tag.rsplit(':').next().unwrap_or(tag).to_ascii_lowercase();
    let owner = name.strip_suffix("token").unwrap_or("");
    let is_place = PLACES.iter().any(|place| owner.ends_with(place));
    let own = option(text, found)?;
    let is_tally =
        name.ends_with("pass") && text[own.clone()].bytes().all(|byte| byte.is_ascii_digit());
    (!is_place && !is_tally && !OTHERS.contains(&name.as_str())).then_some(own)
}

/// A value in quotes after a word: `IDENTIFIED BY 'hunter2'`.
pub(crate) fn quoted(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let own = value(text, found.end - 1)?;
    is_secret_word(&text[own.clone()]).then_some(own)
}

/// The password of `-u name:password`.
pub(crate) fn login(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let own = value(text, found.end)?;
    let start = own.start + text[own.clone()].find(':')? + 1;
    let is_id = text[start..own.end].bytes().all(|byte| byte.is_ascii_digit());
    let is_url = text[start..].starts_with("//") || text[own.clone()].starts_with('+');
    (start < own.end && !is_id && !is_url && !text[own.clone()].starts_with(':'))
        .then_some(start..own.end)
}

/// A security code of a card.
pub(crate) fn code(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let rest = &text.as_bytes()[found.end..];
    let quote = rest.iter().take(4).take_while(|byte| matches!(byte, b'\\' | b'"' | b'\'')).count();
    let digits = rest[quote..].iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let start = found.end + quote;
    ((3..=4).contains(&digits) && ends(text, start + digits)).then_some(start..start + digits)
}

/// A random part of a path after a word such as `reset`.
pub(crate) fn path_token(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let end = text[found.end..].find(|c: char| !(c.is_ascii_alphanumeric() || "_-=~.".contains(c)));
    let end = found.end + end.unwrap_or(text.len() - found.end);
    let own = &text[found.end..end];
    let digits = own.bytes().filter(u8::is_ascii_digit).count();
    let is_name =
        own.contains('.') || own.bytes().all(|byte| byte.is_ascii_digit()) || is_slug(own);
    (own.len() >= 16 && digits > 1 && !is_name).then_some(found.end..end)
}

/// `summer-event-2025-registration`: words and short numbers, and none that mixes the two.
fn is_slug(name: &str) -> bool {
    let is_word = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_number = |part: &str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = || name.split(['-', '_']);
    parts().all(|part| is_word(part) || is_number(part))
        && parts().filter(|part| is_word(part)).count() > 1
}

/// The whole name; the pattern matched only its end.
fn name<'a>(text: &'a str, found: &Range<usize>) -> &'a str {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let before =
        text.as_bytes()[..found.start].iter().rev().take(32).take_while(|b| is_part(b)).count();
    let after = text.as_bytes()[found.start..].iter().take(40).take_while(|b| is_part(b)).count();
    &text[found.start - before..found.start + after]
}

/// The credentials of an `Authorization` header, of whatever scheme, or without one.
pub(crate) fn authorization(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let rest = &text[found.end..];
    let word = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"-_".contains(b)).count();
    let blanks = rest[word..].bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let is_scheme = word > 0 && blanks > 0 && rest.as_bytes()[0].is_ascii_alphabetic();
    if is_scheme && rest[word + blanks..].starts_with(MARK) {
        return None;
    }
    if is_scheme {
        let scheme = rest[..word].to_ascii_lowercase();
        let start = found.end + word + blanks;
        let end = end_of_credentials(text, start);
        let known = SCHEMES.contains(&scheme.as_str()) && end > start + 2;
        if known || looks_random(&text[start..end]) {
            return Some(start..end);
        }
        return None;
    }
    let end = end_of_credentials(text, found.end);
    looks_random(&text[found.end..end]).then_some(found.end..end)
}

const SCHEMES: &[&str] = &[
    "basic",
    "bearer",
    "token",
    "apikey",
    "api-key",
    "digest",
    "negotiate",
    "ntlm",
    "oauth",
    "hawk",
    "aws",
    "aws4-hmac-sha256",
    "hmac",
    "sharedkey",
    "sharedkeylite",
    "key",
    "signature",
    "googlelogin",
    "kerberos",
    "jwt",
    "splunk",
    "geniekey",
    "bot",
    "ssws",
    "mac",
    "dpop",
    "vapid",
    "gnap",
    "custom",
];

/// Credentials are one word, or parameters with commas between them.
fn end_of_credentials(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    loop {
        at = end_of_word(text, at);
        let comma =
            matches!(bytes.get(at.wrapping_sub(1)), Some(b',')) || bytes.get(at) == Some(&b',');
        let next = at + bytes[at..].iter().take(3).take_while(|b| matches!(b, b',' | b' ')).count();
        let parameter = bytes[next..]
            .iter()
            .take(40)
            .take_while(|b| b.is_ascii_alphanumeric() || b"_-".contains(b))
            .count();
        let goes_on = comma && parameter > 0 && bytes.get(next + parameter) == Some(&b'=');
        if !goes_on {
            break;
        }
        at = next + parameter;
    }
    start + text[start..at].trim_end_matches([',', '.', ';', ')', ']']).len()
}

fn end_of_word(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(c) = text[at..].chars().next() {
        let is_quoted = c == '"' && text[..at].ends_with('=') && at > start;
        if is_quoted {
            at = end_of_quotes(text, at + 1);
            continue;
        }
        if c.is_whitespace() || "\"',\\<>[{}".contains(c) {
            break;
        }
        at += c.len_utf8();
    }
    at
}

/// The place after the quote that closes, or else the end of the line.
fn end_of_quotes(text: &str, start: usize) -> usize {
    let end = text[start..].find(['"', '\r', '\n']).map_or(text.len(), |end| start + end);
    end + usize::from(text[end..].starts_with('"'))
}

/// The cookies of a request, or the value of the cookie that an answer sets.
pub(crate) fn cookies(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let sets = text.as_bytes()[found.start] | 0x20 == b's';
    let before = text.as_bytes()[..found.start].last_chunk::<4>();
    if !sets && before.is_some_and(|before| before[..3].eq_ignore_ascii_case(b"set")) {
        return None;
    }
    let first = pair(text, found.end)?;
    if sets {
        let start = first.start + text[first.clone()].find('=')? + 1;
        return (start < first.end && !text[start..].starts_with(MARK)).then_some(start..first.end);
    }
    let mut end = first.end;
    while text[end..].starts_with(';') {
        let next = end + 1 + text[end + 1..].bytes().take_while(|b| *b == b' ').count();
        match pair(text, next) {
            Some(more) => end = more.end,
            None => break,
        }
    }
    Some(first.start..end)
}

/// `name=value`
fn pair(text: &str, start: usize) -> Option<Range<usize>> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.$!%*+~".contains(byte);
    let name = text.as_bytes()[start..].iter().take_while(|b| is_name(b)).count();
    if name == 0 || !text[start + name..].starts_with('=') {
        return None;
    }
    let rest = &text[start + name + 1..];
    let quoted = usize::from(rest.starts_with('"'));
    let is_end = |c: char| c.is_whitespace() || "\"';,\\<>".contains(c);
    let value = rest[quoted..].find(is_end).unwrap_or(rest.len() - quoted);
    Some(start..start + name + 1 + quoted + value)
}
