//! The checks for secrets that are known by the name before them.
//!
//! A pattern takes the name and the sign after it; the value begins where the match ends.

use std::ops::Range;

use super::keys::looks_random;
use super::names::{OTHERS, PLACES};
use super::surroundings::{ends, in_login};
use super::values::{begins_placeholder, is_secret_word, value};

/// The longest name of a resource before the word for a secret in it, in bytes.
const RESOURCE: usize = 80;
/// The longest password in braces, in bytes.
const LONGEST_BRACED: usize = 128;
/// The least length of a token or key that is not in quotes.
const SHORTEST: usize = 4;

/// A password, after `password=`, `"password": ` or `<password>`.
pub(crate) fn password(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if let Some(braced) = braced(text, &found) {
        return Some(braced);
    }
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

/// The same after a short name. After a plain one and a colon, only a text in quotes is a password,
/// and the pattern takes its quote too: `pass: 12` is a result.
pub(crate) fn short_password(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let shown = &text[found.clone()];
    let end = found.start + shown.trim_end_matches(['"', '\'', '`', '\\']).len();
    // The pattern takes the sign before the name too.
    let start = found.start + shown.find(|c: char| c.is_ascii_alphanumeric())?;
    password(text, start..end)
}

/// The value in braces of a connection string: `PWD={Hunter2;}`. A template has a name there.
fn braced(text: &str, found: &Range<usize>) -> Option<Range<usize>> {
    let rest = text[found.end..].strip_prefix('{')?;
    text[found.clone()].to_ascii_lowercase().strip_suffix("pwd=")?;
    let rest = &rest[..rest.floor_char_boundary(rest.len().min(LONGEST_BRACED))];
    let (inner, _) = rest.split_once('}')?;
    let is_name = inner.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_.".contains(&byte));
    let is_index = inner.bytes().all(|byte| byte.is_ascii_digit());
    let start = found.end + 1;
    (!is_name && !is_index && !inner.contains(['{', '"', ':']))
        .then_some(start..start + inner.len())
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
    if names_something_else(text, found.start) {
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

/// `virus signature: …`, and the name of a secret that is kept elsewhere: `arn:aws:…:secret:db`.
fn names_something_else(text: &str, at: usize) -> bool {
    let reach = text.floor_char_boundary(at.saturating_sub(RESOURCE));
    let before = &text[reach..at];
    let word = before.split([' ', '"', '\'', '=']).next_back().unwrap_or("");
    let is_malware = |name: &&str| before.to_ascii_lowercase().ends_with(name);
    (word.starts_with("arn:") && word.ends_with(':'))
        || (before.ends_with(' ') && ["virus ", "malware "].iter().any(is_malware))
}

/// The value of an option: `--password hunter2`.
pub(crate) fn option(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let own = value(text, found.end)?;
    let is_option = text[own.clone()].starts_with('-');
    (!is_option && is_secret_word(&text[own.clone()])).then_some(own)
}

/// The text of an element: `<password>hunter2</password>`.
pub(crate) fn element(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let tag = text[found.start + 1..found.end].split([' ', '\t', '>']).next().unwrap_or_default();
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
    let shown = &text[own.clone()];
    // A function of that name may also ask for a password: `password('Your password')`.
    let is_call = text[found].contains('(');
    (is_secret_word(shown) && (!is_call || looks_random(shown))).then_some(own)
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

/// The whole name; the pattern matched only its end.
fn name<'a>(text: &'a str, found: &Range<usize>) -> &'a str {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let before =
        text.as_bytes()[..found.start].iter().rev().take(32).take_while(|b| is_part(b)).count();
    let after = text.as_bytes()[found.start..].iter().take(40).take_while(|b| is_part(b)).count();
    &text[found.start - before..found.start + after]
}
