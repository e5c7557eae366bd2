//! The text around a candidate: the words, digits and signs before and after it.

use std::ops::Range;

/// How many bytes before a candidate are searched for the word that introduces it.
const WORD_REACH: usize = 32;

/// Words before the number of a thing, which may look like a phone number or a social security
/// number. The singular covers the plural.
const THINGS: &[&str] = &[
    "article",
    "auftrag",
    "batch",
    "bestellung",
    "bug",
    "bytes",
    "case",
    "chunk",
    "commande",
    "facture",
    "factura",
    "inv",
    "invoice",
    "issue",
    "item",
    "job",
    "lines",
    "lot",
    "model",
    "offset",
    "ord",
    "order",
    "pages",
    "part",
    "pedido",
    "ports",
    "product",
    "range",
    "rechnung",
    "ref",
    "reference",
    "rfc",
    "rows",
    "serial",
    "shipment",
    "sku",
    "sn",
    "ticket",
    "tracking",
    "vorgang",
];

/// Words that may come between such a word and its number.
const FILLERS: &[&str] = &["id", "is", "nr", "no", "num", "number"];

pub(super) fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

pub(super) fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

pub(super) fn after_byte(text: &str, at: usize, byte: u8) -> bool {
    text.as_bytes()[..at].last() == Some(&byte)
}

/// Whether a word ends at a position.
pub(super) fn after_word(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    before.last().is_some_and(|byte| word(*byte)) && !after_escape(before)
}

/// Whether the apparent end of a word is an escape: `\n` in quoted text, `%3D` in a URL, or a
/// terminal colour code.
pub(super) fn after_escape(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [code @ .., b'm'] => {
            let code = &code[code.len().saturating_sub(WORD_REACH)..];
            let sign = code.iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b';');
            sign.is_some_and(|at| code[..=at].ends_with(b"\x1b["))
        }
        _ => false,
    }
}

pub(super) fn before_word(text: &str, at: usize) -> bool {
    text.as_bytes()[at..].first().is_some_and(|byte| word(*byte))
}

/// Whether the candidate does not continue a word, directly or across one of the `joints`.
pub(super) fn free_before(text: &str, at: usize, joints: &str) -> bool {
    match text.as_bytes()[..at] {
        [.., before, last] if joints.as_bytes().contains(&last) => !word(before),
        _ => !after_word(text, at),
    }
}

/// Whether no word continues the candidate, directly or across one of the `joints`.
pub(super) fn free_after(text: &str, at: usize, joints: &str) -> bool {
    match text.as_bytes()[at..] {
        [first, after, ..] if joints.as_bytes().contains(&first) => !after.is_ascii_digit(),
        [first, ..] => !word(first),
        [] => true,
    }
}

pub(super) fn joined_by_hyphen(text: &str, at: usize) -> bool {
    matches!(text.as_bytes()[at..], [b'-', next, ..] if word(next))
}

/// Whether the word before is a number with at least three digits, as in a column or a group of a
/// longer number.
pub(super) fn after_column(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[at.saturating_sub(WORD_REACH)..at];
    let Some(before) = before.strip_suffix(b" ") else {
        return false;
    };
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let head = before.len() - digits;
    digits > 2 && (head == 0 || before[head - 1] == b' ' || word(before[head - 1]))
}

pub(super) fn all_digits(text: &str) -> bool {
    text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn start_of_run(text: &str, at: usize, part: fn(char) -> bool) -> usize {
    at - text[..at].chars().rev().take_while(|c| part(*c)).map(char::len_utf8).sum::<usize>()
}

pub(super) fn end_of_run(text: &str, at: usize, part: impl Fn(char) -> bool) -> usize {
    at + text[at..].chars().take_while(|c| part(*c)).map(char::len_utf8).sum::<usize>()
}

pub(super) fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

pub(super) fn group_lengths(text: &str) -> Vec<usize> {
    text.split(|c: char| !digit(c)).map(str::len).filter(|length| *length > 0).collect()
}

/// The candidate, and then the candidate without its last group of digits, without its last two,
/// and so on.
pub(super) fn prefixes(text: &str, found: Range<usize>) -> impl Iterator<Item = Range<usize>> {
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
pub(super) fn word_before(text: &[u8]) -> (String, usize) {
    let reach = text.len().saturating_sub(WORD_REACH);
    let is_sign = |byte: &u8| !b" :=#\"'.([/".contains(byte);
    let end = text[reach..].iter().rposition(is_sign).map_or(reach, |at| reach + at + 1);
    let start = text[reach..end].iter().rposition(|byte| !byte.is_ascii_alphabetic());
    let start = start.map_or(reach, |at| reach + at + 1);
    (String::from_utf8_lossy(&text[start..end]).to_ascii_lowercase(), start)
}

pub(super) fn numbers_a_thing(text: &str, at: usize) -> bool {
    let (mut name, start) = word_before(&text.as_bytes()[..at]);
    if FILLERS.contains(&name.as_str()) {
        let before = text.as_bytes()[..start].trim_ascii_end();
        (name, _) = word_before(before.strip_suffix(b"_").unwrap_or(before));
    }
    THINGS.contains(&name.as_str()) || name.strip_suffix('s').is_some_and(|n| THINGS.contains(&n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_across_signs_and_fillers() {
        assert!(numbers_a_thing("part no. 555-0199", 9));
        assert!(!numbers_a_thing("user id 555-0199", 8));
    }
}
