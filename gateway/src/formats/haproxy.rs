//! HAProxy's HTTP log (`option httplog`).

use common::host::{host_name, host_of};

use super::entry::Raw;
use super::lines::{is_balanced, is_glued, words};
use super::slot::Slot;
use super::tokens::{quoted, tokens, unescaped};

/// `client:port [time] frontend backend/server timers status bytes cookies termination
/// connections queues {request headers} {response headers} "request"`. Only captured headers may
/// hold a user agent.
pub(super) fn raw(line: &str) -> Option<Raw<'_>> {
    let (before, after) = line.split_once("] ")?;
    let (before, time) = before.rsplit_once('[')?;
    let (_, port) = before.split_ascii_whitespace().next_back()?.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if !is_port || !is_balanced(before) {
        return None;
    }
    let hit = Hit::of(after)?;
    let captured = |is_it: fn(&str) -> bool| {
        let found = hit.captured.and_then(|headers| headers.split('|').find(|it| is_it(it)));
        found.unwrap_or("-")
    };
    let raw = Raw::of(time, unescaped(hit.request), captured(is_user_agent).into());
    Some(raw.with([
        (Slot::Status, hit.status.into()),
        (Slot::Bytes, hit.bytes.into()),
        (Slot::Referer, captured(is_referer).into()),
        (Slot::Host, captured(is_host).into()),
        (Slot::Duration, format!("{}ms", hit.total.trim_start_matches('+')).into()),
    ]))
}

/// What follows the time.
struct Hit<'a> {
    status: &'a str,
    bytes: &'a str,
    /// The total time that it took, in milliseconds.
    total: &'a str,
    /// The captured headers of the request.
    captured: Option<&'a str>,
    request: &'a str,
}

impl<'a> Hit<'a> {
    fn of(after: &'a str) -> Option<Self> {
        let ([_, backend, timers, status, bytes, _, _, termination, connections, queues], rest) =
            words(after)?;
        let is_http = backend.contains('/')
            && is_list(timers, 5)
            && is_list(status, 1)
            && is_list(bytes, 1)
            && termination.len() == 4
            && is_list(connections, 5)
            && is_list(queues, 2);
        let (captured, rest) = captures(rest)?;
        let (request, rest) = quoted(rest.strip_prefix('"')?)?;
        let is_end = rest.is_empty() || rest.starts_with(' ');
        let total = timers.rsplit('/').next()?;
        (is_http && is_end && !is_glued(&tokens(rest)?)).then_some(Self {
            status,
            bytes,
            total,
            captured,
            request,
        })
    }
}

/// Numbers divided by slashes; an unknown one is -1, and one that was still growing has a plus.
fn is_list(text: &str, length: usize) -> bool {
    let is_number = |number: &str| {
        let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split('/').count() == length && text.split('/').all(is_number)
}

/// The captured headers in braces, and what follows them.
fn captures(text: &str) -> Option<(Option<&str>, &str)> {
    let (mut first, mut rest) = (None, text);
    while let Some(inner) = rest.strip_prefix('{') {
        let (headers, after) = inner.split_once("} ")?;
        first = first.or(Some(headers));
        rest = after.trim_start();
    }
    Some((first, rest))
}

/// Whether a captured header looks like a user agent, and not like a host, an address, a URL, a
/// cookie or a list of languages.
fn is_user_agent(header: &str) -> bool {
    let first = header.split(' ').next().unwrap_or_default();
    let is_product = first.contains('/') && !first.contains(':');
    let is_name = !first.contains(['.', ':']);
    header.starts_with(|c: char| c.is_ascii_alphabetic())
        && !first.contains(['=', ','])
        && !header.contains(";q=")
        && (is_product || is_name || header.contains(' '))
}

/// Whether a captured header is the name of a host. An address is the client's.
fn is_host(header: &str) -> bool {
    header.contains('.') && host_name(header).is_some()
}

fn is_referer(header: &str) -> bool {
    host_of(header).is_some() && !header.contains(' ')
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::{counts, read};

    const LINE: &str = r#"10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu|Mozilla/5.0 (X11; Linux) Firefox/121.0|} {} "GET /index.html?a HTTP/1.1""#;

    #[test]
    fn lines_are_read_with_and_without_what_syslog_puts_before_them() {
        let lines = [
            LINE.to_owned(),
            format!("haproxy[14389]: {LINE}"),
            format!("Feb  6 12:14:14 localhost haproxy[14389]: {LINE}"),
            format!("<134>Feb  6 12:14:14 localhost haproxy[14389]: {LINE}"),
            format!("<134>1 2009-02-06T12:14:14.655Z lb haproxy 14389 - - {LINE}"),
        ];
        for line in &lines {
            let batch = read("text/plain", line).expect("it is text");
            assert_eq!(counts(&batch), ["GET /index.html Firefox"], "{line}");
            assert_eq!(batch.entries[0].at.to_rfc3339(), "2009-02-06T12:14:14.655+00:00");
        }
        let plain = LINE.replace("{1wt.eu|Mozilla/5.0 (X11; Linux) Firefox/121.0|} {} ", "");
        let batch = read("text/plain", &plain).expect("it is text");
        assert_eq!(counts(&batch), ["GET /index.html Other"]);
    }

    #[test]
    fn bad_requests_are_counted_and_torn_lines_are_rejected() {
        let bad = r#"10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in http-in/<NOSRV> -1/-1/-1/-1/+10 400 +187 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>""#;
        assert_eq!(counts(&read("text/plain", bad).expect("it is text")), ["unreadable Other"]);
        for cut in 1..LINE.len() {
            let batch = read("text/plain", &LINE[..cut]).expect("it is text");
            assert_eq!((batch.entries.len(), batch.rejected), (0, 1), "{}", &LINE[..cut]);
        }
    }
}
