//! Where the value after a name ends, and whether it is a secret or a word that stands for one.

use std::ops::Range;

/// The text that replaces each match.
pub const MARK: &str = "[REDACTED]";

/// Words that stand in the place of a secret and say something about it.
const WORDS: &[&str] = &[
    "accepted",
    "and",
    "any",
    "auth",
    "authentication",
    "bad",
    "changed",
    "check",
    "correct",
    "default",
    "denied",
    "disabled",
    "empty",
    "enabled",
    "expired",
    "fail",
    "failed",
    "failure",
    "false",
    "filtered",
    "hidden",
    "for",
    "if",
    "incorrect",
    "invalid",
    "is",
    "login",
    "masked",
    "mismatch",
    "missing",
    "must",
    "n/a",
    "needed",
    "never",
    "nil",
    "no",
    "none",
    "not",
    "null",
    "ok",
    "off",
    "on",
    "optional",
    "or",
    "policy",
    "redacted",
    "rejected",
    "removed",
    "required",
    "reset",
    "secret",
    "set",
    "string",
    "success",
    "successful",
    "the",
    "too",
    "true",
    "undefined",
    "unknown",
    "unset",
    "updated",
    "user",
    "valid",
    "was",
    "wrong",
    "yes",
    "your",
    "attempt",
    "attempts",
    "authenticated",
    "verified",
    "prompt",
    "sent",
    "file",
    "env",
];

/// What may come right before the quote of a value.
const WRAPPERS: &[&str] =
    &["Some(", "Just(", "Ok(", "String(", "r", "r#", "b", "br", "u", "f", "N", "@"];

/// The value that begins at a position, without its quotes; `None` if no value begins there.
pub(crate) fn value(text: &str, at: usize) -> Option<Range<usize>> {
    let at = at + wrapper(&text[at..]);
    let rest = &text[at..];
    let slashes = rest.bytes().take(4).take_while(|byte| *byte == b'\\').count();
    let own = match rest[slashes..].chars().next()? {
        quote @ ('"' | '\'' | '`') => {
            let start = at + slashes + 1;
            start..end_of_quoted(text, start, quote, slashes)
        }
        _ => at..end_of_word(text, at),
    };
    (!own.is_empty() && !text[own.clone()].starts_with(MARK)).then_some(own)
}

/// How many bytes come before the quote of a value that a program shows or writes: `Some("…")`, `r"…"`.
fn wrapper(rest: &str) -> usize {
    let is_quoted = |rest: &str| rest.trim_start_matches('\\').starts_with(['"', '\'']);
    let before = |wrapper: &&&str| rest.strip_prefix(**wrapper).is_some_and(is_quoted);
    WRAPPERS.iter().find(before).map_or(0, |wrapper| wrapper.len())
}

/// Where the quote that opened closes: with as many backslashes before it.
fn end_of_quoted(text: &str, start: usize, quote: char, slashes: usize) -> usize {
    let mut run = 0;
    for (at, c) in text[start..].char_indices() {
        match c {
            '\\' => run += 1,
            '\r' | '\n' => return start + at,
            _ if c == quote && run <= slashes => return start + at - run,
            _ => run = 0,
        }
    }
    start + text[start..].len()
}

fn end_of_word(text: &str, start: usize) -> usize {
    for (at, c) in text[start..].char_indices() {
        let here = start + at;
        let rest = &text.as_bytes()[here..];
        let ends = match c {
            ';' | '&' | '"' | '<' | '`' => true,
            '\'' | ',' | ')' | ']' | '}' => is_last(&rest[1..]),
            '\\' => matches!(rest, [_, b'n' | b'r' | b't' | b'"' | b'\'' | b'\\', ..]),
            '[' => text[here..].starts_with(MARK),
            _ => c.is_whitespace(),
        };
        if ends {
            let own = text[start..here].trim_end_matches(['.', ',', '!', '?', ':']);
            return start + own.len();
        }
    }
    text.len()
}

/// Whether a sign ends a value, because of what comes after it: nothing, a blank, another sign, or
/// the next name.
fn is_last(rest: &[u8]) -> bool {
    let name = rest
        .iter()
        .take(40)
        .take_while(|b| b.is_ascii_alphanumeric() || b"_-.".contains(b))
        .count();
    match rest.get(name) {
        None => name == 0,
        Some(b'=' | b':') => name > 0,
        Some(byte) => name == 0 && !byte.is_ascii_alphanumeric(),
    }
}

/// Whether a value is a secret, and not a word about it, a mask, or a placeholder.
pub(crate) fn is_secret_word(value: &str) -> bool {
    let trimmed = value.trim_matches(|c: char| "()[]{}<>.,:;!?".contains(c));
    let is_masked = trimmed.chars().all(|c| "*xX•.#-_".contains(c));
    !is_masked && !is_environment(value) && !WORDS.contains(&trimmed.to_lowercase().as_str())
}

/// Whether a variable or a template stands at a position, in place of a value.
pub(crate) fn begins_placeholder(text: &str, at: usize) -> bool {
    let rest = text[at..].trim_start_matches(['"', '\'', '\\']);
    ["${", "$(", "{", "%(", "%s", "#{", "<"].iter().any(|sign| rest.starts_with(sign))
}

/// `$DB_PASSWORD`
fn is_environment(value: &str) -> bool {
    value.strip_prefix('$').is_some_and(|name| {
        name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    })
}
