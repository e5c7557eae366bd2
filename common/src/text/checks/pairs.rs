//! The checks for secrets whose name and value stand in two fields: `"name":"DB_PASSWORD","value":"…"`.

use std::ops::Range;

use super::keys::looks_random;
use super::names::names_a_secret;
use super::values::{begins_placeholder, is_secret_word, value};

/// How far after the name its value is searched, in bytes: other fields may be between the two.
const GAP: usize = 64;
/// What may come before the credentials of a header.
const SCHEMES: &[&str] = &["Bearer", "Basic", "Token", "bearer", "basic", "token"];
const VALUE: &str = "value";
const QUOTES: [char; 2] = ['"', '\''];
/// The least length of a value.
const SHORTEST: usize = 3;

/// The value of a field, an attribute or an element whose name is in quotes.
pub(crate) fn fields(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let name = last_name(&text[found.clone()])?;
    if !names_a_secret(name) {
        return None;
    }
    let start = start_of_value(text, found.end).or_else(|| start_of_text(text, &found))?;
    secret(text, start)
}

/// The text of an element after the one with its name: `<key>password</key><string>…`.
pub(crate) fn elements(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let is_named = names_a_secret(text[found.clone()].split(['<', '>']).nth(2)?);
    if is_named { secret(text, found.end) } else { None }
}

/// The second of two texts in parentheses or brackets: `("x-api-key", "abc123xyz")`. A list of
/// names looks like that too, so the value must look random, and close the pair.
pub(crate) fn pair(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if !names_a_secret(text[found.clone()].split(QUOTES).nth(1)?) {
        return None;
    }
    let own = secret(text, found.end)?;
    let shown = &text[own.clone()];
    let rest = text[own.end..].trim_start_matches(['\\', '"', '\'']);
    let is_value = is_random(shown) && !names_a_secret(shown);
    (is_value && rest.starts_with([')', ']'])).then_some(own)
}

/// Whether a text is no word or sentence: one word with a digit or a sign, or one after a scheme.
fn is_random(text: &str) -> bool {
    let word = text.split_once(' ').filter(|(scheme, _)| SCHEMES.contains(scheme));
    let word = word.map_or(text, |(_, word)| word);
    let is_mixed = word.contains(|c: char| c.is_ascii_digit() || c == '=') && looks_random(word);
    (is_mixed && !word.contains(' ')) || (word.contains('=') && word.contains("; "))
}

/// The value after a name that a program wrote with its length: `s:8:"password";s:7:"hunter2";`.
pub(crate) fn counted(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let is_named = names_a_secret(text[found.clone()].split(QUOTES).nth(1)?);
    if is_named { secret(text, found.end) } else { None }
}

/// The name at the end of a match, in quotes or not.
fn last_name(text: &str) -> Option<&str> {
    let text = text.strip_suffix(QUOTES).unwrap_or(text);
    text.rsplit(['"', '\'', ':', '=', '>', ' ']).next()
}

/// Where the value begins after `value`, its quote and its sign.
fn start_of_value(text: &str, end: usize) -> Option<usize> {
    let limit = text.floor_char_boundary((end + GAP).min(text.len()));
    let gap = text[end..limit].split(['{', '}', '<', '>']).next()?;
    let after = end + gap.to_ascii_lowercase().find(VALUE)? + VALUE.len();
    let sign = text[after..].trim_start_matches(['\\', '"', '\'']).trim_start_matches(' ');
    let rest = sign.strip_prefix("=>").or_else(|| sign.strip_prefix([':', '=']))?;
    Some(text.len() - rest.trim_start_matches(' ').len())
}

/// Where the text of an element begins whose attribute is the name.
fn start_of_text(text: &str, found: &Range<usize>) -> Option<usize> {
    let reach = text.floor_char_boundary(found.start.saturating_sub(GAP));
    let limit = text.floor_char_boundary((found.end + GAP).min(text.len()));
    let tag = &text[reach..found.start];
    let tag = &tag[tag.rfind(['<', '>'])?..];
    let (attributes, _) = text[found.end..limit].split_once('>')?;
    let is_element = tag.starts_with('<') && !attributes.ends_with(['/', '?', '-']);
    let start = found.end + attributes.len() + 1;
    let inner = if text[start..].starts_with("<value>") { "<value>".len() } else { 0 };
    (is_element && !attributes.contains('<')).then_some(start + inner)
}

fn secret(text: &str, at: usize) -> Option<Range<usize>> {
    if begins_placeholder(text, at) {
        return None;
    }
    let own = value(text, at)?;
    (own.len() >= SHORTEST && is_secret_word(&text[own.clone()])).then_some(own)
}
