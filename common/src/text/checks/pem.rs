//! Private keys in PEM blocks, which are the one secret that spans lines.
//!
//! A part is read on its own, so a block that is cut is recognized by either of its ends.

use std::ops::Range;

use super::keys::is_mixed;

/// The shortest and longest full line of a block: encoders break lines after 64 or 76 characters.
const FULL_LINE: [usize; 2] = [64, 76];

/// Which lines of a text belong to a private key.
pub(crate) fn body_lines(lines: &[&str]) -> Vec<bool> {
    let mut inside = vec![false; lines.len()];
    let mut open = None;
    for (at, line) in lines.iter().enumerate() {
        if begins_key(line) && !ends_key(line) {
            open = Some(at + 1);
        } else if ends_key(line) && !begins_key(line) {
            let start = open.take().unwrap_or_else(|| first_of_body(&lines[..at]));
            inside[start..at].fill(true);
        } else if is_block(line) {
            open = None;
        }
    }
    if let Some(start) = open {
        let length = lines[start..].iter().take_while(|line| is_body(line)).count();
        inside[start..start + length].fill(true);
    }
    inside
}

fn first_of_body(lines: &[&str]) -> usize {
    lines.len() - lines.iter().rev().take_while(|line| is_body(line)).count()
}

/// What is secret in a line of a block: all but the white space around it.
pub(crate) fn secret(line: &str) -> Option<Range<usize>> {
    let text = line.trim();
    let start = line.len() - line.trim_start().len();
    (!text.is_empty() && !text.starts_with("[REDACTED]")).then(|| start..start + text.len())
}

/// Whether a line that stands alone is a full line of a block that was cut.
pub(crate) fn is_full_line(line: &str) -> bool {
    let text = line.trim();
    FULL_LINE.contains(&text.len())
        && is_body(text)
        && is_mixed(text.as_bytes())
        && text.contains(['+', '/'])
}

/// Whether a block of a key is open at a position, and where its first line starts.
pub(crate) fn open_block(text: &str, at: usize) -> Option<usize> {
    let begin = text[..at].rfind("-----BEGIN ")?;
    let line = text[begin..].lines().next()?;
    let is_open = begins_key(line) && !text[begin + 5..at].contains("-----END ");
    is_open.then(|| text[..begin].rfind('\n').map_or(0, |line_end| line_end + 1))
}

/// A key in one line, as in the JSON of a service account: what is between its two ends.
pub(crate) fn in_line(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let rest = &text[found.end..];
    let end =
        rest.find("-----END").or_else(|| rest.find(['"', '\''])).unwrap_or(rest.trim_end().len());
    let own = found.end..found.end + end;
    let body = text[own.clone()]
        .trim_matches(|c: char| c.is_whitespace() || c == '\\' || c == 'n' || c == 'r');
    let start = found.end + text[own.clone()].find(body)?;
    (body.len() > 7 && !body.starts_with("[REDACTED]")).then(|| start..start + body.len())
}

fn is_block(line: &str) -> bool {
    line.contains("-----BEGIN ") || line.contains("-----END ")
}

fn begins_key(line: &str) -> bool {
    names_key(line, "-----BEGIN ")
}

fn ends_key(line: &str) -> bool {
    names_key(line, "-----END ")
}

fn names_key(line: &str, sign: &str) -> bool {
    line.split_once(sign).is_some_and(|(_, rest)| {
        rest.split("-----").next().is_some_and(|name| name.contains("PRIVATE KEY"))
    })
}

/// Base64, or one of the headers that an encrypted key has.
fn is_body(line: &str) -> bool {
    let text = line.trim();
    let is_header = text.starts_with("Proc-Type:") || text.starts_with("DEK-Info:");
    is_header || text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}
