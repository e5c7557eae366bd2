//! The checks for passwords and tokens in URLs and connection strings.

use std::ops::Range;

use super::surroundings::WORD_REACH;

/// The longest name, password and host that are looked at, in bytes.
const MAX_AUTHORITY: usize = 256;
/// The longest name, password and host of a login of Oracle, in characters.
const MAX_USER: usize = 32;
const MAX_PASSWORD: usize = 64;
const MAX_HOST: usize = 64;

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
    let ends = |c: char| matches!(c, '/' | '?' | '#') || blank(c);
    let authority = &rest[..rest.find(ends).unwrap_or(rest.len())];
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    let (user, secret) = authority.split_once(':')?;
    let is_port = secret.bytes().all(|byte| byte.is_ascii_digit());
    let is_user = user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if is_port || !is_user {
        return None;
    }
    let at = rest.find('@')?;
    let far = &rest[..at];
    (!far.contains("//") && !far.contains(blank)).then_some(at)
}

/// The password of a login of Oracle, found from its `@`: `scott/tiger@db:1521/x`. Without the port
/// of a database, a word for Oracle must be before it.
pub(crate) fn oracle(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let (before, after) = (&text[..found.start], &text[found.end..]);
    let start = start_of(before, MAX_PASSWORD, |c| !c.is_whitespace() && !"\"'<>/@=:".contains(c));
    let login = before[..start].strip_suffix('/')?;
    let user = start_of(login, MAX_USER, |c| c.is_alphanumeric() || "_$#".contains(c));
    let is_apart = !login[..user].ends_with(['/', '.', '-', '@', '\\']);
    let is_login = start < found.start && user < login.len() && is_apart;
    let is_mark = text[start..].starts_with("[REDACTED]");
    let is_sure = || is_listener(after) || names_oracle(&login[..user]);
    (is_login && !is_mark && is_sure()).then_some(start..found.start)
}

/// Where the last characters of a text begin that are part of a name.
fn start_of(text: &str, most: usize, part: impl Fn(char) -> bool) -> usize {
    let own = text.chars().rev().take(most).take_while(|c| part(*c));
    text.len() - own.map(char::len_utf8).sum::<usize>()
}

/// Whether a host, a port of Oracle's listener and a service begin here: `db:1521/x`.
fn is_listener(text: &str) -> bool {
    let text = text.strip_prefix("//").unwrap_or(text);
    let in_host = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let host = text.bytes().take(MAX_HOST).take_while(in_host).count();
    let ports = [":1521/", ":1522/", ":1523/", ":1524/", ":1525/", ":1526/", ":2484/"];
    host > 0 && ports.iter().any(|port| text[host..].starts_with(port))
}

/// Whether a word for Oracle or for one of its programs is shortly before.
fn names_oracle(before: &str) -> bool {
    let near = &before[before.floor_char_boundary(before.len().saturating_sub(WORD_REACH))..];
    let near = near.to_ascii_lowercase();
    ["oracle", "sqlplus", "sqlldr", "rman", "expdp", "impdp", "userid="]
        .iter()
        .any(|word| near.contains(word))
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
