//! The check for the header that holds credentials: `Authorization`.

use std::ops::Range;

use super::keys::looks_random;
use super::values::MARK;

/// The credentials of an `Authorization` header, of whatever scheme, or without one.
pub(crate) fn authorization(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let rest = &text[found.end..];
    let word = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"-_".contains(b)).count();
    let blanks = rest[word..].bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let is_scheme = word > 0
        && blanks > 0
        && rest.as_bytes()[0].is_ascii_alphabetic()
        && !is_token(&rest[..word]);
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

/// Whether the first word is no scheme, but a token without one: letters and several digits.
fn is_token(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_signing = ["hmac", "sha"].iter().any(|sign| word.to_ascii_lowercase().contains(sign));
    word.len() >= 8 && digits > 2 && !is_signing
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
    let first = end_of_word(text, start);
    let mut at = start;
    loop {
        at = end_of_word(text, at);
        // After a token without a name, the next field of the record follows.
        if !text[start..first].trim_end_matches('=').contains('=') {
            break;
        }
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
        if c.is_whitespace() || "\"',\\<>[]{}".contains(c) {
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
