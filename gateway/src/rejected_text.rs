//! What a rejected entry says about who sent the request: the name of the client's host and of its user
//! are no addresses, so they are found by their places and by the names of their fields.

use std::borrow::Cow;
use std::ops::Range;

/// Stands for what is before the time of a line.
const UNKNOWN: &str = "[REDACTED] - - ";
/// Stands for a value in JSON.
const HIDDEN: &str = "\"[REDACTED]\"";

/// The names of fields with a user or a client, in lower case and without anything but letters.
const PERSONAL: [&str; 42] = [
    "auth",
    "authenticateduser",
    "authuser",
    "caller",
    "cip",
    "client",
    "clientaddr",
    "clientaddress",
    "clienthost",
    "clientip",
    "clientipaddress",
    "clientuser",
    "clientusername",
    "csusername",
    "email",
    "forwardedfor",
    "httpxforwardedfor",
    "httpxrealip",
    "ident",
    "identity",
    "ip",
    "login",
    "principal",
    "realip",
    "remote",
    "remoteaddr",
    "remoteaddress",
    "remotehost",
    "remoteip",
    "remoteuser",
    "sourceip",
    "trueclientip",
    "user",
    "useremail",
    "userid",
    "userident",
    "userip",
    "usermail",
    "username",
    "xforwardedfor",
    "xrealip",
    "xuser",
];

/// The text of a rejected entry without its client and its user.
pub(crate) fn without_people(text: &str) -> Cow<'_, str> {
    let people = people(text);
    if people.is_empty() {
        return without_head(text);
    }
    without_head(&without(text, &people, HIDDEN)).into_owned().into()
}

/// A line of a server without what stands before its time. A torn one may have no time.
fn without_head(text: &str) -> Cow<'_, str> {
    let time = text.match_indices('[').map(|(at, _)| at).find(|at| is_time(&text[at + 1..]));
    let time = time.or_else(|| text.find('[').filter(|at| is_head(&text[..*at])));
    match time.or_else(|| torn(text)) {
        Some(at) => {
            format!("{}{UNKNOWN}{}", &text[..start_of_line(&text[..at])], &text[at..]).into()
        }
        None => text.into(),
    }
}

/// The start of a line that may be within a text of JSON.
fn start_of_line(head: &str) -> usize {
    if !head.trim_start().starts_with('{') {
        return 0;
    }
    let is_open = |at: &usize| !head[..*at].ends_with('\\');
    let mut quotes = head.rmatch_indices('"').map(|(at, _)| at);
    quotes.find(is_open).map_or(0, |at| at + 1)
}

/// What follows the user's name in a line without brackets, whose first word may be a host.
fn torn(text: &str) -> Option<usize> {
    let host = text.split(' ').next()?;
    let is_host = host.contains(['.', ':', '-']) || host.contains(|c: char| c.is_ascii_digit());
    let rest = text[host.len()..].strip_prefix(" - ").filter(|_| is_host && !host.contains('"'))?;
    let user = rest.split_once(' ').map_or(rest.len(), |(user, _)| user.len() + 1);
    Some(text.len() - rest.len() + user)
}

/// Whether a text begins with a day: `17/May/2025` or `2025-05-17`.
fn is_time(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match (digits, &text.as_bytes()[digits..]) {
        (2, [b'/', month, ..]) => month.is_ascii_alphabetic(),
        (4, [b'-' | b'/', ..]) => true,
        _ => false,
    }
}

/// Whether a text is a client, its identity and its user.
fn is_head(text: &str) -> bool {
    text.split_ascii_whitespace().nth(1) == Some("-") && text.ends_with(' ')
}

/// The places of the values that tell a user or a client, in a text with JSON's names.
fn people(text: &str) -> Vec<Range<usize>> {
    let (mut people, mut at) = (Vec::new(), 0);
    while let Some(name) = next_quoted(text, at) {
        at = name.end + 1;
        let rest = &text[at.min(text.len())..];
        let Some(value) = rest.trim_start().strip_prefix(':').map(str::trim_start) else {
            continue;
        };
        if is_personal(&text[name]) {
            let start = text.len() - value.len();
            at = start + length(value);
            people.push(start..at);
        }
    }
    people
}

/// The place of the next text in quotes, without them; it may be torn.
fn next_quoted(text: &str, from: usize) -> Option<Range<usize>> {
    let start = from + text.get(from..)?.find('"')? + 1;
    Some(start..start + to_quote(&text[start..]))
}

/// How long a text is up to its closing quote.
fn to_quote(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.unwrap_or(text.len())
}

/// How long the value is, with its quotes or brackets.
fn length(value: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = value.as_bytes().get(at) {
        match byte {
            b'"' => at += 1 + to_quote(&value[at + 1..]),
            b'[' | b'{' => depth += 1,
            b']' | b'}' | b',' if depth == 0 => return at,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    value.len()
}

fn is_personal(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphabetic);
    let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    let is_known = |plain: &str| PERSONAL.binary_search(&plain).is_ok();
    is_known(&plain) || plain.strip_prefix("request").is_some_and(is_known)
}

fn without(text: &str, places: &[Range<usize>], by: &str) -> String {
    let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
    for place in places {
        shown.push_str(&text[at..place.start]);
        shown.push_str(by);
        at = place.end;
    }
    shown.push_str(&text[at..]);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted() {
        assert!(PERSONAL.is_sorted());
    }

    #[test]
    fn what_stands_before_the_time_of_a_line_is_not_kept() {
        let kept = r#"[17/May/2025:10:05:03 +0000] "GET /a HTTP/1.1" 200 5 https://x "UA""#;
        for head in [
            "pc-frank.corp.example.com - frank.miller ",
            "www.example.com:80 pc-frank.corp - frank ",
            "May 17 10:05:03 web1 nginx: pc-frank - frank ",
            "pc-frank - frank[1] ",
            "",
        ] {
            assert_eq!(
                without_people(&format!("{head}{kept}")),
                format!("{UNKNOWN}{kept}"),
                "{head}"
            );
        }
        for (line, expected) in [
            ("pc-frank - frank [yesterday] \"GET", "[REDACTED] - - [yesterday] \"GET"),
            ("pc-frank:80 [2025-05-17T10:05:03] x", "[REDACTED] - - [2025-05-17T10:05:03] x"),
            ("host \"frank miller\" - [17/May/2025:10", "[REDACTED] - - [17/May/2025:10"),
            ("pc-frank.corp - frank.mil", "[REDACTED] - - "),
            ("pc-frank.corp - frank x", "[REDACTED] - - x"),
            (
                r#"{"log":"pc \"frank\" - [17/May/2025:10"#,
                r#"{"log":"[REDACTED] - - [17/May/2025:10"#,
            ),
            (r#"{"log":"pc - frank [17/May/2025:10"#, r#"{"log":"[REDACTED] - - [17/May/2025:10"#),
        ] {
            assert_eq!(without_people(line), expected);
        }
    }

    #[test]
    fn users_and_clients_in_json_are_not_kept() {
        for (json, expected) in [
            (
                r#"{"timestamp":"bad","path":"/a","remote_user":"frank.miller","user":"frank.miller"}"#,
                r#"{"timestamp":"bad","path":"/a","remote_user":"[REDACTED]","user":"[REDACTED]"}"#,
            ),
            (r#"{"user" : {"name":"frank"}, "a":1}"#, r#"{"user" : "[REDACTED]", "a":1}"#),
            (r#"{"Client-IP":5}"#, r#"{"Client-IP":"[REDACTED]"}"#),
            (r#"{"x_forwarded_for":["a","b"],"b":2}"#, r#"{"x_forwarded_for":"[REDACTED]","b":2}"#),
            (r#"{"user":"fra\"nk","b":2}"#, r#"{"user":"[REDACTED]","b":2}"#),
            (
                r#"{"log":"pc - frank [17/May/2025:10:05:03]","user":"frank"}"#,
                r#"{"log":"[REDACTED] - - [17/May/2025:10:05:03]","user":"[REDACTED]"}"#,
            ),
            (r#"{"user.name":"fran"#, r#"{"user.name":"[REDACTED]""#),
        ] {
            assert_eq!(without_people(json), expected);
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            "",
            "\"",
            "hello",
            "time,status",
            "worker [main] started",
            "a - b",
            "pool [2/5] and worker [12/20] failed",
            "error - not found",
            "pc-1",
            r#"{"user_agent":"curl/8.5.0","path":"/user","note":"user: x"}"#,
            r#"{"tags":["user"],"a":[1,2]}"#,
            r#"{"user"#,
        ] {
            assert_eq!(without_people(text), text);
        }
    }
}
