//! The checks for passwords and tokens in URLs and connection strings.

use std::ops::Range;

/// The longest name, password and host that are looked at, in bytes.
const MAX_AUTHORITY: usize = 256;

/// The credentials before the `@` of a URL. The name stays beside a password, unless the two and
/// the host look like the address of a person.
pub(crate) fn credentials(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.end;
    let limit = text.floor_char_boundary((start + MAX_AUTHORITY).min(text.len()));
    let rest = &text[start..limit];
    let at = start + last_at(rest)?;
    let (user, password) = text[start..at].split_once(':').unwrap_or((&text[start..at], ""));
    let host = &text[at + 1..];
    let host = &host
        [..host.find(|c: char| !(c.is_alphanumeric() || ".-".contains(c))).unwrap_or(host.len())];
    let is_public = host.contains(|c: char| c.is_alphabetic()) && host.contains('.');
    if password.is_empty() {
        let is_token = is_public || user.len() >= 16;
        return (is_token && user != "git" && !user.is_empty() && !user.starts_with('['))
            .then_some(start..at);
    }
    let start = if is_public { start } else { at - password.len() };
    (!text[start..at].contains("[REDACTED]")).then_some(start..at)
}

/// The `@` before the host. A password may contain `@`, and one that is not encoded a slash too.
fn last_at(rest: &str) -> Option<usize> {
    let blank = |c: char| c.is_whitespace() || "\"'<>`\\|".contains(c);
    let rest = &rest[..rest.find(blank).unwrap_or(rest.len())];
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    let (user, secret) = authority.split_once(':')?;
    let is_port = secret.bytes().all(|byte| byte.is_ascii_digit());
    let is_user = user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if is_port || !is_user {
        return None;
    }
    let far = &rest[..rest.find("//").unwrap_or(rest.len())];
    far.find('@')
}

/// The password of `name:password@tcp(host)` and of `jdbc:oracle:thin:name/password@host`.
pub(crate) fn data_source(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let login = &text[found.clone()];
    let at = found.start + login.rfind('@')?;
    let sign = if login.starts_with(':') { ':' } else { '/' };
    let start = found.start + login.find(sign)? + 1;
    (start < at && !text[start..at].starts_with("[REDACTED]") && !text[start..].starts_with('/'))
        .then_some(start..at)
}
