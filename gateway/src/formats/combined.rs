//! The common and the combined log format of Apache, nginx and many others, also with the virtual
//! host before it and with further fields after it.

use std::borrow::Cow;
use std::net::IpAddr;

use super::entry::Raw;
use super::lines::{is_balanced, is_glued};
use super::slot::Slot;
use super::tokens::{Token, is_number, is_status, quoted, tokens, unescaped};
use crate::times;

/// A time as Django writes it.
const DJANGO: &str = "17/May/2025 10:05:03";

/// `host ident user [time] "request" status bytes`, then `"referer" "user agent"` in the combined
/// format.
pub(super) fn raw(line: &str) -> Option<Raw<'_>> {
    // No field before the time contains a quote, but an IPv6 host may contain brackets.
    let Some((before, after)) = line.split_once("] \"") else { return gateway(line) };
    let (before, time) = before.rsplit_once('[')?;
    let (request, after) = quoted(after)?;
    if !is_balanced(before) || !is_client(before, time) {
        return None;
    }
    entry(before, time, request, Answer::of(after.strip_prefix(' ')?)?)
}

/// The common format as AWS's API Gateway has it: without a blank before the request, and with one or
/// two ids at the end.
fn gateway(line: &str) -> Option<Raw<'_>> {
    let (before, after) = line.split_once("]\"")?;
    let (before, time) = before.rsplit_once('[')?;
    let (request, after) = quoted(after)?;
    let after = after.strip_prefix(' ')?;
    let end = after.match_indices(' ').nth(1).map_or(after.len(), |(at, _)| at);
    let ids = tokens(&after[end..])?;
    let is_line = is_balanced(before)
        && before.split_ascii_whitespace().count() == 3
        && times::instant(time).is_some()
        && ids.len() <= 2
        && ids.iter().all(|id| id.word().is_some());
    if is_line { entry(before, time, request, Answer::of(&after[..end])?) } else { None }
}

/// Whether a client, its identity and its user are before the time. aiohttp writes the address alone,
/// and Django nothing, before a time without a zone.
fn is_client(before: &str, time: &str) -> bool {
    let mut words = before.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(_), Some(_), Some(_)) => true,
        (Some(address), None, None) => address.parse::<IpAddr>().is_ok(),
        (None, None, None) => time.len() == DJANGO.len() && time.as_bytes()[11] == b' ',
        _ => false,
    }
}

fn entry<'a>(
    before: &'a str,
    time: &'a str,
    request: &'a str,
    answer: Answer<'a>,
) -> Option<Raw<'a>> {
    let raw = Raw::of(time, unescaped(request), unescaped(answer.user_agent));
    Some(raw.with([
        (Slot::Status, answer.status.into()),
        (Slot::Bytes, answer.bytes.into()),
        (Slot::Referer, unescaped(answer.referer)),
        (Slot::Host, virtual_host(before).into()),
        (Slot::Duration, answer.duration),
    ]))
}

/// The host before the client: `www.example.com:80 203.0.113.7 - -`, or, as lighttpd has it, after the
/// client: `203.0.113.7 www.example.com -`. A client's name is followed by a hyphen. A word with a colon
/// at its end is the name of a program, and one without a dot that of a machine.
fn virtual_host(before: &str) -> &str {
    let words: Vec<&str> = before.split_ascii_whitespace().collect();
    match words[..] {
        [host, client, _, _, ..] if client.contains(['.', ':']) && is_site(host) => {
            host.trim_matches('"')
        }
        [_, host, _] if host.contains('.') && host != "." => host,
        _ => "-",
    }
}

fn is_site(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    !host.ends_with(':') && (host.contains('.') || name == "localhost")
}

/// What follows the request.
struct Answer<'a> {
    status: &'a str,
    bytes: &'a str,
    /// A hyphen in the common format, as the user agent.
    referer: &'a str,
    user_agent: &'a str,
    /// With its unit, if the unit is certain.
    duration: Cow<'a, str>,
}

impl<'a> Answer<'a> {
    fn of(after: &'a str) -> Option<Self> {
        let (status, after) = after.trim_start().split_once(' ')?;
        let (bytes, after) = after.split_once(' ').unwrap_or((after, ""));
        if !is_status(status) || !is_number(bytes) {
            return None;
        }
        let tokens = tokens(after)?;
        let is_measure = |token: &&Token<'_>| token.word().is_some_and(is_measure);
        let measures = tokens.iter().take_while(is_measure).count();
        let (referer, user_agent) = match &tokens[measures..] {
            [] => ("-", "-"),
            [Token::Quoted(referer), Token::Quoted(user_agent), rest @ ..]
                if measures == 0 || is_referer(referer) =>
            {
                let is_shifted = |token: &Token<'_>| {
                    token.text().starts_with("Mozilla/") && !user_agent.contains("Mozilla/")
                };
                if is_glued(rest) || rest.iter().any(is_shifted) {
                    return None;
                }
                (*referer, *user_agent)
            }
            _ => return None,
        };
        let duration = tokens.iter().find_map(|token| duration(token.word()?));
        let duration = duration.unwrap_or("-".into());
        Some(Self { status, bytes, referer, user_agent, duration })
    }
}

/// A duration with its unit. nginx writes seconds with three decimals, alone or under a name; the
/// meaning of other numbers cannot be known.
fn duration(word: &str) -> Option<Cow<'_, str>> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (name, value) = word.split_once('=').unwrap_or(("", word));
    let value = value.trim_matches('"');
    if !matches!(name, "" | "rt" | "request_time" | "duration") {
        return None;
    }
    if let Some((whole, decimals)) = value.split_once('.')
        && is_digits(whole)
        && is_digits(decimals)
        && decimals.len() == 3
    {
        return Some(format!("{value}s").into());
    }
    let number = value.strip_suffix("ms").or_else(|| value.strip_suffix("us"))?;
    number.bytes().all(|b| b.is_ascii_digit() || b == b'.').then_some(value.into())
}

/// Whether the word is a duration or a number of bytes, alone or with its name.
fn is_measure(word: &str) -> bool {
    let value = word.rsplit_once('=').map_or(word, |(_, value)| value.trim_matches('"'));
    let is_digit = |c: char| c.is_ascii_digit() || ".,".contains(c);
    value == "-" || {
        let number = value.trim_end_matches(['m', 's', 'u', 'µ']);
        number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(is_digit)
    }
}

fn is_referer(text: &str) -> bool {
    matches!(text, "" | "-") || (text.contains("://") && !text.contains(' '))
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::{counts, read};

    const AT: &str = "[17/May/2015:10:05:03 +0000]";

    #[test]
    fn lines_of_both_formats_are_read() {
        let cases = [
            (r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5"#, "GET /a Other"),
            (r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 304 -"#, "GET /a Other"),
            (r#"1.2.3.4 - bob AT "GET /a HTTP/1.1" 200 5 "-" "curl/8.4.0""#, "GET /a curl"),
            (r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 "-" "-""#, "GET /a Other"),
            (r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 "" """#, "GET /a Other"),
            (r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 "/\"x\"" "curl/8.4.0""#, "GET /a curl"),
            (r#"::1 - - AT "HEAD / HTTP/2.0" 200 0 "-" "curl/8.4.0""#, "HEAD / curl"),
            (r#"[2001:db8::1]:443 ::1 - - AT "GET / HTTP/1.1" 200 0"#, "GET / Other"),
            (r#"host.example - "" AT "GET / HTTP/1.1" 200 0"#, "GET / Other"),
            (r#"1.2.3.4 - a b [c] AT "GET / HTTP/1.1" 200 0"#, "GET / Other"),
            (r#"1.2.3.4 - - AT "GET /a?b=c HTTP/1.1" 200 5"#, "GET /a Other"),
            (r#"1.2.3.4 - - AT "GET http://x.example/a?b HTTP/1.1" 200 5"#, "GET /a Other"),
            (
                r#"1.2.3.4 - - AT "CONNECT x.example:443 HTTP/1.1" 200 5"#,
                "CONNECT x.example:443 Other",
            ),
            (r#"1.2.3.4 - - AT "OPTIONS * HTTP/1.0" 200 5"#, "OPTIONS * Other"),
            (r#"1.2.3.4 - - AT "GET /a b HTTP/1.1" 200 5"#, "GET /a b Other"),
            (r#"1.2.3.4 - - AT "GET /a" 200 5"#, "GET /a Other"),
            (r#"1.2.3.4 - - AT "GET /\"\\\xc3\xbc\x22 HTTP/1.1" 200 5"#, "GET /\"\\ü\" Other"),
            (
                r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 "-" "\"Mozilla/5.0\" Firefox/120.0""#,
                "GET /a Firefox",
            ),
            (
                r#"1.2.3.4 - - AT "POST /m HTTP/1.1" 200 5 "-" "Firefox/121.0 (Alba 10\" LMY47I)""#,
                "POST /m Firefox",
            ),
            (r#"1.2.3.4 - - AT "GET /\n\x00a HTTP/1.1" 400 0"#, "GET /%0A%00a Other"),
        ];
        assert_read(&cases);
    }

    #[test]
    fn a_request_that_is_none_is_counted_as_unreadable() {
        let cases = [
            (r#"1.2.3.4 - - AT "-" 408 - "-" "-""#, "unreadable Other"),
            (r#"1.2.3.4 - - AT "" 400 0"#, "unreadable Other"),
            (r#"1.2.3.4 - - AT "\x16\x03\x00\xEE" 400 157 "-" "-""#, "unreadable Other"),
            (r#"1.2.3.4 - - AT "OPTIONS / RTSP/1.0" 400 0 "-" "curl/8.4.0""#, "unreadable curl"),
            (r#"1.2.3.4 - - AT "GET HTTP/1.1" 400 0"#, "unreadable Other"),
            (r#"1.2.3.4 - - AT "GET" 400 0"#, "unreadable Other"),
        ];
        assert_read(&cases);
    }

    #[test]
    fn further_fields_before_and_behind_are_skipped() {
        let line = |before: &str, between: &str, behind: &str| {
            format!(
                r#"{before}1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 {between}"-" "curl/8.4.0"{behind}"#
            )
        };
        let lines = [
            line("www.example.com:80 ", "", ""),
            line("\"www.example.com\" ", "", ""),
            line("May 17 10:05:03 web1 nginx: ", "", ""),
            line("", "1834 ", ""),
            line("", "0.004 1834 ", ""),
            line("", "", " 0.004"),
            line("", "", " 1834 \"-\""),
            line("", "", " \"9.9.9.9, 8.8.8.8\""),
            line("", "", " \"9.9.9.9\" rt=0.004 uct=\"-\" urt=\"0.001, 0.002\""),
            line("", "", " 512 0.004 [default-web-80] [] 10.0.0.1:80 5 0.004 200 0a1b"),
            line("", "", " 1 \"router@docker\" \"http://10.0.0.1:80\" 0ms"),
        ];
        for line in &lines {
            assert_read(&[(line, "GET /a curl")]);
        }
        let common = r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 0.004 rt=0.1"#;
        assert_read(&[(common, "GET /a Other")]);
    }

    fn assert_read(cases: &[(&str, &str)]) {
        for (line, counted) in cases {
            let line = line.replace("AT", AT);
            let batch = read("text/plain", &line).expect("it is text");
            assert_eq!(counts(&batch), [*counted], "{line}: {:?}", batch.errors);
        }
    }

    #[test]
    fn a_layout_that_is_not_understood_is_rejected() {
        let lines = [
            "hello",
            r#"1.2.3.4 - - 17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 0"#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" OK 0"#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 "-" "curl"#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 "-""#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 "-"#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200"#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1\" 200 5"#,
            r#"1.2.3.4 - - AT "GET /a HTT"#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" 404 981 - "w3m/0.5.3""#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 https://ref.example/ "w3m/0.5.3""#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 "-" "w3m"x"#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 "-" "Dalvik (Alba 10" LMY47I)""#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1"x 200 5 "-" "w3m""#,
            r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 "x.example" "-" "Mozilla/5.0 (X11)""#,
            r#"- - AT "GET / HTTP/1.1" 200 5 "-" "w3m""#,
        ];
        let valid = r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 "-" "curl/8.4.0""#;
        for line in lines {
            let body = format!("{valid}\r\n{line}\r\n\r\n{valid}").replace("AT", AT);
            let batch = read("text/plain", &body).expect("it is text");
            assert_eq!(counts(&batch), ["GET /a curl", "GET /a curl"], "{line}");
            assert_eq!((batch.rejected, batch.errors[0].index), (1, 1), "{line}");
            assert_eq!(batch.errors[0].field, "entry", "{line}");
        }
    }

    #[test]
    fn a_torn_line_never_swallows_the_next_one() {
        let line = |path: &str| {
            format!(r#"1.2.3.4 - - {AT} "GET {path} HTTP/1.1" 200 5 "-" "Firefox/121.0 (X11)" 0.1"#)
        };
        let (torn, next) = (line("/a"), line("/b"));
        for cut in 1..torn.len() {
            let body = format!("{}{next}\n{}", &torn[..cut], line("/c"));
            let batch = read("text/plain", &body).expect("it is text");
            assert_eq!(batch.entries.len() + batch.rejected, 2, "{body}");
            assert_eq!(counts(&batch).last().map(String::as_str), Some("GET /c Firefox"));
            let has_swallowed = counts(&batch).contains(&"GET /a Firefox".to_owned());
            assert!(!has_swallowed, "{body}");
        }
    }
}
