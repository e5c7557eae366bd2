//! Where the value after a name ends, and whether it is a secret or a word that stands for one.

use std::ops::Range;

use super::placeholders::stands_for_a_secret;

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
    "sensitive",
    "known",
    "protected",
    "str",
    "bytes",
    "varchar",
    "include",
    "omit",
    "same-origin",
    "rs256",
    "hs256",
    "es256",
    "ps256",
];

/// The longest rest of a list without quotes that is looked at, in bytes.
const LONGEST_LIST: usize = 256;
/// What may come right before the quote of a value.
const WRAPPERS: &[&str] = &[
    "Some(", "Just(", "Ok(", "String(", "[", "[ ", "[b", "r", "r#", "b", "br", "u", "f", "N", "@",
];

/// The value that begins at a position, without its quotes; `None` if no value begins there.
pub(crate) fn value(text: &str, at: usize) -> Option<Range<usize>> {
    let in_list = text[at..].starts_with('[');
    let at = at + wrapper(&text[at..]);
    let rest = &text[at..];
    let slashes = rest.bytes().take(4).take_while(|byte| *byte == b'\\').count();
    let own = match rest[slashes..].chars().next()? {
        quote @ ('"' | '\'' | '`') => {
            let start = at + slashes + 1;
            let end = end_of_quoted(text, start, quote, slashes);
            start..if in_list { end_of_list(text, start, end, slashes) } else { end }
        }
        _ if in_list => at..end_of_words(text, at),
        _ => at..end_of_word(text, at),
    };
    (!own.is_empty() && !text[own.clone()].starts_with(MARK)).then_some(own)
}

/// How many bytes come before the quote of a value that a program shows or writes: `Some("…")`, `r"…"`.
fn wrapper(rest: &str) -> usize {
    let is_quoted = |rest: &str| rest.trim_start_matches('\\').starts_with(['"', '\'']);
    let before = |wrapper: &&&str| rest.strip_prefix(**wrapper).is_some_and(is_quoted);
    let known = WRAPPERS.iter().find(before).map(|wrapper| wrapper.len());
    let is_list = rest.starts_with('[') && !rest.starts_with(MARK);
    known.unwrap_or_else(|| if is_list { 1 } else { typed(rest) })
}

/// The length of the type before a value that PHP dumps: `string(7) "…"`.
fn typed(rest: &str) -> usize {
    const TYPE: &str = "string(";
    let length = rest.strip_prefix(TYPE).map_or("", |rest| rest.split(')').next().unwrap_or(""));
    let is_number = (1..6).contains(&length.len()) && length.bytes().all(|b| b.is_ascii_digit());
    let signs = TYPE.len() + length.len();
    if is_number && rest[signs..].starts_with(") \"") { signs + 2 } else { 0 }
}

/// Where the last text of a list ends: `["…","…"]`.
fn end_of_list(text: &str, start: usize, first: usize, slashes: usize) -> usize {
    let sign = &text[start - slashes - 1..start];
    let quote = sign.chars().next_back().unwrap_or('"');
    let next = |end: usize| {
        let rest = text[end..].strip_prefix(sign)?.strip_prefix(',')?;
        let rest = rest.strip_prefix(' ').unwrap_or(rest).strip_prefix(sign)?;
        Some(text.len() - rest.len())
    };
    let mut end = first;
    while let Some(start) = next(end) {
        end = end_of_quoted(text, start, quote, slashes);
    }
    end
}

/// Where the quote that opened closes: with as many backslashes before it.
fn end_of_quoted(text: &str, start: usize, quote: char, slashes: usize) -> usize {
    let (mut run, mut doubled) = (0, false);
    for (at, c) in text[start..].char_indices() {
        if doubled {
            doubled = false;
            continue;
        }
        match c {
            '\\' => run += 1,
            '\r' | '\n' => return start + at,
            '\'' if quote == c && at > 0 && run == 0 => {
                doubled = is_doubled(&text.as_bytes()[start + at..]);
                if !doubled {
                    return start + at;
                }
            }
            _ if c == quote && run <= slashes => return start + at - run,
            _ => run = 0,
        }
    }
    start + text[start..].len()
}

/// Where the last word of a list without quotes ends: `[abc123, def456]`.
fn end_of_words(text: &str, start: usize) -> usize {
    let first = end_of_word(text, start);
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.+/=, ".contains(byte);
    let more =
        text.as_bytes()[first..].iter().take(LONGEST_LIST).take_while(|b| is_part(b)).count();
    let is_list = text[first..].starts_with(',') && text[first + more..].starts_with(']');
    first + if is_list { more } else { 0 }
}

/// Whether a quote is written twice, so that it is one of the value: `'it''s me'`.
fn is_doubled(rest: &[u8]) -> bool {
    matches!(rest, [b'\'', b'\'', next, ..] if next.is_ascii_alphanumeric())
}

fn end_of_word(text: &str, start: usize) -> usize {
    let is_query = text[..start].ends_with('=');
    for (at, c) in text[start..].char_indices() {
        let here = start + at;
        let rest = &text.as_bytes()[here..];
        let ends = match c {
            ';' | '"' | '<' | '`' => true,
            '&' => here == start || is_query || begins_name(&rest[1..]),
            '|' => begins_name(&rest[1..]),
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

/// Whether the name of the next value follows: `user=`.
fn begins_name(rest: &[u8]) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let name = rest.iter().take(40).take_while(is_part).count();
    rest.first().is_some_and(u8::is_ascii_alphabetic) && rest.get(name) == Some(&b'=')
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
    let trimmed = trimmed.strip_prefix('-').unwrap_or(trimmed);
    let is_masked = trimmed.chars().all(|c| "*xX•.#-_=".contains(c));
    let is_word = WORDS.contains(&trimmed.to_lowercase().as_str());
    !is_masked && !is_environment(value) && !is_word && !stands_for_a_secret(value)
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
