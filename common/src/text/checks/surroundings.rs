//! The text around a candidate: the signs and words before and after it.
//!
//! All rules share one notion of a neighbour. A value begins at the start of a word, and an escape,
//! an underscore or any other sign may stand before it; it ends where no letter or digit continues
//! it. A rule names the signs, its *ties*, that join it to a longer value of the same kind.

use std::ops::Range;

/// How many bytes before a candidate are searched for the word that introduces it.
pub(crate) const WORD_REACH: usize = 40;
/// The longest name and password in a URL that are looked at.
const LOGIN: usize = 256;
/// Signs that may come between a word and its number.
const SIGNS: &[u8] = b" :=#\"'.([/_-";

pub(crate) fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

pub(crate) fn after_byte(text: &str, at: usize, byte: u8) -> bool {
    text.as_bytes()[..at].last() == Some(&byte)
}

/// Whether a value may begin at a position: no letter or digit is right before it.
pub(crate) fn begins(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    !before.last().is_some_and(u8::is_ascii_alphanumeric) || after_escape(before)
}

/// Whether a value may end at a position: no letter or digit is right after it.
pub(crate) fn ends(text: &str, at: usize) -> bool {
    !text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether the apparent end of a word is an escape: `\n` in quoted text, or a terminal colour code.
fn after_escape(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [code @ .., b'm'] => {
            let code = &code[code.len().saturating_sub(WORD_REACH)..];
            let sign = code.iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b';');
            sign.is_some_and(|at| code[..=at].ends_with(b"\x1b["))
        }
        _ => false,
    }
}

/// Whether the letter at a position belongs to an escape before it: `\n` in quoted text.
pub(crate) fn ends_escape(text: &str, at: usize) -> bool {
    text[..at].ends_with('\\') && text[at..].starts_with(['n', 'r', 't'])
}

/// Whether a value may begin at a position, and is not joined to a word by a tie.
pub(crate) fn free_before(text: &str, at: usize, ties: &str) -> bool {
    let tied = match text.as_bytes()[..at] {
        [.., before, last] => ties.as_bytes().contains(&last) && before.is_ascii_alphanumeric(),
        _ => false,
    };
    !tied && begins(text, at)
}

/// Whether a value may end at a position, and is not joined to a digit by a tie.
pub(crate) fn free_after(text: &str, at: usize, ties: &str) -> bool {
    let tied = match text.as_bytes()[at..] {
        [first, after, ..] => ties.as_bytes().contains(&first) && after.is_ascii_digit(),
        _ => false,
    };
    !tied && ends(text, at)
}

/// Whether the position is right after the scheme of a URL, where a login stands, not an address.
pub(crate) fn in_login(text: &str, at: usize) -> bool {
    let reach = text.floor_char_boundary(at.saturating_sub(LOGIN));
    let login = text[reach..at].rfind("://").map(|scheme| &text[reach + scheme + 3..at]);
    login.is_some_and(|login| {
        !login.contains(|c: char| c.is_whitespace() || "/?#\"'<>,;".contains(c))
    })
}

pub(crate) fn joined_by_hyphen(text: &str, at: usize) -> bool {
    matches!(text.as_bytes()[at..], [b'-', next, ..] if next.is_ascii_alphanumeric())
}

/// Whether the word before is a number with at least three digits, as in a column or a group of a
/// longer number.
pub(crate) fn after_column(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[at.saturating_sub(WORD_REACH)..at];
    let Some(before) = before.strip_suffix(b" ") else {
        return false;
    };
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let head = before.len() - digits;
    let is_apart = |byte: u8| byte == b' ' || byte == b'_' || byte.is_ascii_alphanumeric();
    digits > 2 && (head == 0 || is_apart(before[head - 1]))
}

pub(crate) fn all_digits(text: &str) -> bool {
    text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn start_of_run(text: &str, at: usize, part: impl Fn(char) -> bool) -> usize {
    at - text[..at].chars().rev().take_while(|c| part(*c)).map(char::len_utf8).sum::<usize>()
}

pub(crate) fn end_of_run(text: &str, at: usize, part: impl Fn(char) -> bool) -> usize {
    at + text[at..].chars().take_while(|c| part(*c)).map(char::len_utf8).sum::<usize>()
}

pub(crate) fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

pub(crate) fn group_lengths(text: &str) -> Vec<usize> {
    text.split(|c: char| !digit(c)).map(str::len).filter(|length| *length > 0).collect()
}

/// The candidate, and then the candidate without its last group of digits, without its last two,
/// and so on.
pub(crate) fn prefixes(text: &str, found: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = found;
    (start + 1..=end)
        .rev()
        .filter(move |at| {
            let bytes = text.as_bytes();
            bytes[at - 1].is_ascii_digit() && !bytes.get(*at).is_some_and(u8::is_ascii_digit)
        })
        .map(move |at| start..at)
}

/// The last word before a position, in lower case, and where it starts. Signs that may come between
/// a word and its number are skipped.
pub(crate) fn word_before(text: &[u8]) -> (String, usize) {
    let reach = text.len().saturating_sub(WORD_REACH);
    let is_sign = |byte: &u8| !SIGNS.contains(byte);
    let end = text[reach..].iter().rposition(is_sign).map_or(reach, |at| reach + at + 1);
    let start = text[reach..end].iter().rposition(|byte| !byte.is_ascii_alphabetic());
    let start = start.map_or(reach, |at| reach + at + 1);
    (String::from_utf8_lossy(&text[start..end]).to_ascii_lowercase(), start)
}
