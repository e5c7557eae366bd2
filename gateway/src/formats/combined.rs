//! The common and the combined log format of Apache and nginx.

use std::borrow::Cow;

use super::collector::{Collector, lines};
use super::entry::{Field, Raw};
use crate::problem::Problem;

const NOT_A_LINE: &str = "must be a line of the common or the combined log format";

pub(super) fn read(text: &str, collector: &mut Collector) -> Result<(), Problem> {
    for line in lines(text) {
        collector.push(raw(line).ok_or_else(|| NOT_A_LINE.into()));
    }
    Ok(())
}

/// `host ident user [time] "request" status bytes`, then `"referer" "user agent"` in the combined
/// format. The host, the user, and anything that follows are ignored.
fn raw(line: &str) -> Option<Raw<'_>> {
    // Neither host nor user contains a quote, but an IPv6 host may contain brackets.
    let (before, after) = line.split_once("] \"")?;
    let (_, time) = before.rsplit_once('[')?;
    let (request, after) = quoted(after)?;
    let user_agent = user_agent(after)?;
    let (method, path) = method_and_path(request);
    let mut raw = Raw::default();
    raw.set("receivedAt", Field::text(time));
    raw.set("method", field(method));
    raw.set("path", field(path));
    raw.set("userAgent", field(user_agent));
    Some(raw)
}

/// Splits at the next quote that is not escaped.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some((&text[..end], &text[end + 1..]))
}

/// The user agent in what follows the request; `None` if the line ends too early.
fn user_agent(after: &str) -> Option<&str> {
    let (status, after) = after.trim_start().split_once(' ')?;
    let (bytes, after) = after.split_once(' ').unwrap_or((after, ""));
    if !is_number(status) || !is_number(bytes) {
        return None;
    }
    let Some(after) = after.trim_start().strip_prefix('"') else {
        return Some("-");
    };
    let (_referer, after) = quoted(after)?;
    let (user_agent, _) = quoted(after.trim_start().strip_prefix('"')?)?;
    Some(user_agent)
}

fn is_number(text: &str) -> bool {
    text == "-" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `METHOD path HTTP/x`. HTTP/0.9 has no version, and servers accept paths with blanks.
fn method_and_path(request: &str) -> (&str, &str) {
    let (method, rest) = request.split_once(' ').unwrap_or((request, ""));
    let is_version = |text: &str| text.starts_with("HTTP/");
    let path = match rest.rsplit_once(' ') {
        Some((path, version)) if is_version(version) => path,
        None if is_version(rest) => "",
        _ => rest,
    };
    (method, path)
}

/// A hyphen means that the value is missing.
fn field(text: &str) -> Field<'_> {
    if text == "-" { Field::Missing } else { Field::text(unescaped(text)) }
}

/// Undoes `\"`, `\\`, `\n` and the like, and `\xhh` for any byte. Apache writes all of them, nginx
/// only the last.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let (byte, after) = if *byte == b'\\' { escape(after) } else { (*byte, after) };
        plain.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&plain).into_owned().into()
}

/// The byte that an escape stands for, and the text behind it. Without a valid escape, the backslash
/// stands for itself.
fn escape(after: &[u8]) -> (u8, &[u8]) {
    let hex = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    match after {
        [b'x', high, low, rest @ ..] => match (hex(*high), hex(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, rest),
            _ => (b'\\', after),
        },
        [byte @ (b'"' | b'\\'), rest @ ..] => (*byte, rest),
        [b'n', rest @ ..] => (b'\n', rest),
        [b'r', rest @ ..] => (b'\r', rest),
        [b't', rest @ ..] => (b'\t', rest),
        [b'b', rest @ ..] => (8, rest),
        [b'v', rest @ ..] => (11, rest),
        [b'f', rest @ ..] => (12, rest),
        _ => (b'\\', after),
    }
}

#[cfg(test)]
mod tests {
    use super::unescaped;
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
                r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 "-" "curl/8.4.0" "9.9.9.9" rt=0.004"#,
                "GET /a curl",
            ),
            (r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 0.004"#, "GET /a Other"),
            (
                r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 "-" "\"Mozilla/5.0\" Firefox/120.0""#,
                "GET /a Firefox",
            ),
        ];
        for (line, counted) in cases {
            let line = line.replace("AT", AT);
            let batch = read("text/plain", &line).expect("it is text");
            assert_eq!(counts(&batch), [counted], "{line}: {:?}", batch.errors);
        }
    }

    #[test]
    fn bad_lines_do_not_affect_others() {
        let lines = [
            (r#"1.2.3.4 - - AT "GET /a HTTP/1.1" 200 5 "-" "curl/8.4.0""#, ""),
            ("", ""),
            ("hello", "1 entry"),
            (r#"1.2.3.4 - - AT "-" 408 -"#, "2 method, 2 path"),
            (r#"1.2.3.4 - - AT "" 400 0"#, "3 method, 3 path"),
            (r#"1.2.3.4 - - AT "\x16\x03\x01" 400 0"#, "4 method, 4 path"),
            (r#"1.2.3.4 - - AT "GET HTTP/1.1" 400 0"#, "5 path"),
            (r#"1.2.3.4 - - AT "GET /\n HTTP/1.1" 400 0"#, ""),
            (r#"1.2.3.4 - - AT "GET /\x00a HTTP/1.1" 400 0"#, ""),
            (r#"1.2.3.4 - - [17/May/2015] "GET / HTTP/1.1" 200 0"#, "8 receivedAt"),
            (r#"1.2.3.4 - - [] "GET / HTTP/1.1" 200 0"#, "9 receivedAt"),
            (r#"1.2.3.4 - - 17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 0"#, "10 entry"),
            (r#"1.2.3.4 - - AT "GET / HTTP/1.1" OK 0"#, "11 entry"),
            (r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 "-" "curl"#, "12 entry"),
            (r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 "-""#, "13 entry"),
            (r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200 5 "-"#, "14 entry"),
            (r#"1.2.3.4 - - AT "GET / HTTP/1.1" 200"#, "15 entry"),
            (r#"1.2.3.4 - - AT "GET / HTTP/1.1\" 200 5"#, "16 entry"),
            (r#"1.2.3.4 - - AT "GET /a HTT"#, "17 entry"),
        ];
        let body: Vec<String> =
            lines.iter().map(|(line, _)| format!("{}\r\n", line.replace("AT", AT))).collect();
        let batch = read("text/plain", &body.concat()).expect("it is text");
        let fields: Vec<_> =
            batch.errors.iter().map(|error| format!("{} {}", error.index, error.field)).collect();
        let expected: Vec<_> = lines
            .iter()
            .flat_map(|(_, wrong)| wrong.split(", "))
            .filter(|w| !w.is_empty())
            .collect();
        assert_eq!(fields, expected);
        assert_eq!((batch.entries.len(), batch.rejected), (3, 15));
    }

    #[test]
    fn escapes_are_undone_and_other_backslashes_stay() {
        let cases = [
            ("plain", "plain"),
            (r#"\"a\""#, "\"a\""),
            (r"\\x41", r"\x41"),
            (r"\x41\x7a", "Az"),
            (r"\xE2\x82\xAC", "€"),
            (r"\xff", "\u{fffd}"),
            (r"\t\q\x4g\x4", "\t\\q\\x4g\\x4"),
            (r"a\", r"a\"),
            (r"\xü", r"\xü"),
        ];
        for (text, plain) in cases {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }
}
