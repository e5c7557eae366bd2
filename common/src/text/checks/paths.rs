//! The check for tokens in paths.

use std::ops::Range;

/// The longest id of a user before a token, in bytes.
const LONGEST_ID: usize = 16;
/// Words that may stand between `verify` and a token.
const OWNERS: &[&str] = &["email", "e-mail", "user", "users", "account", "accounts", "u", "link"];

/// A random part of a path after a word such as `reset`. One short part may be before it: the user,
/// as in `/reset/MTIz/5y4-0123456789abcdef0123`.
pub(crate) fn token(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let first = part(text, found.end);
    if is_token(&text[first.clone()]) {
        return Some(first);
    }
    let is_before = text[first.end..].starts_with('/') && names_a_user(&text[first.clone()]);
    let second = is_before.then(|| part(text, first.end + 1))?;
    is_token(&text[second.clone()]).then_some(second)
}

/// The part of a path that begins at a position.
fn part(text: &str, start: usize) -> Range<usize> {
    let in_part = |c: char| c.is_ascii_alphanumeric() || "_-=~.".contains(c);
    let end = text[start..].find(|c: char| !in_part(c));
    start..end.map_or(text.len(), |end| start + end)
}

fn is_token(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_name =
        part.contains('.') || part.bytes().all(|byte| byte.is_ascii_digit()) || is_slug(part);
    part.len() >= 16 && digits > 1 && !is_name
}

/// Whether a part is the id of a user, in plain or in Base64, or a word for one. `v1` is a version.
fn names_a_user(part: &str) -> bool {
    let rest = part.strip_prefix('v').unwrap_or(part);
    let is_version = rest.len() < part.len() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = part.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let is_short = (1..=LONGEST_ID).contains(&part.len()) && !part.contains('.');
    OWNERS.contains(&part) || (is_short && is_id && !is_version)
}

/// `summer-event-2025-registration`: words and short numbers, and none that mixes the two.
fn is_slug(name: &str) -> bool {
    let is_word = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_number = |part: &str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = || name.split(['-', '_']);
    parts().all(|part| is_word(part) || is_number(part))
        && parts().filter(|part| is_word(part)).count() > 1
}
