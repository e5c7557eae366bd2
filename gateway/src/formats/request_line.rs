//! The first line of a request, such as `GET /a HTTP/1.1`.

/// Longest method, in bytes.
const MAX_METHOD_BYTES: usize = 32;
/// The versions of HTTP, as servers write them.
const VERSIONS: [&str; 8] = ["0.9", "1", "1.0", "1.1", "2", "2.0", "3", "3.0"];
/// Versions as Hypercorn writes them, and its name of a WebSocket.
const HYPERCORN: [&str; 5] = ["1.0", "1.1", "2", "3", "ws"];

/// What the client asked for, according to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestLine<'a> {
    /// A method, as it was sent, and a target.
    Request(&'a str, &'a str),
    /// A path or a URL alone.
    Target(&'a str),
    /// Not HTTP: a hyphen, the first bytes of TLS, another protocol.
    Unreadable,
}

/// Reads `METHOD target HTTP/x`. HTTP/0.9 has no version, a log may have cut it off, and servers
/// accept targets with blanks. Whoever probes servers also sends versions that there are not: each would
/// be a page of its own.
pub(super) fn request_line(text: &str) -> RequestLine<'_> {
    let text = text.trim();
    if is_target(text) && text != "*" {
        return RequestLine::Target(text);
    }
    let Some((method, rest)) = text.split_once(' ') else {
        return RequestLine::Unreadable;
    };
    match target(rest.trim()) {
        Some(target) if is_method(method) => RequestLine::Request(method, target),
        _ => RequestLine::Unreadable,
    }
}

/// Whether the text is a token that may be a method.
pub(super) fn is_method(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+.^_|~-".contains(&byte);
    (1..=MAX_METHOD_BYTES).contains(&text.len())
        && text.bytes().all(is_token)
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

fn target(rest: &str) -> Option<&str> {
    let (target, version) = rest.rsplit_once(' ').unwrap_or(("", rest));
    let target = target.trim_end();
    if version.strip_prefix("HTTP/").is_some_and(|version| VERSIONS.contains(&version)) {
        let is_torn = target.contains(' ') && !is_target(target);
        return (!matches!(target, "" | "-") && !is_torn).then_some(target);
    }
    if rest.split(' ').any(names_http) {
        return None;
    }
    if HYPERCORN.contains(&version) && is_target(target) && !target.contains(' ') {
        return Some(target);
    }
    let is_foreign = version.split_once('/').is_some_and(|(name, _)| is_version(version, name));
    (!is_foreign && is_target(rest)).then_some(rest)
}

/// Whether the text is the protocol's name, a slash and a number.
fn is_version(text: &str, protocol: &str) -> bool {
    let number = text.strip_prefix(protocol).and_then(|rest| rest.strip_prefix('/'));
    let is_name = !protocol.is_empty() && protocol.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_number = |text: &str| {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        [major, minor].iter().all(|part| {
            (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    is_name && number.is_some_and(is_number)
}

/// `HTTP`, `http/1.1`, `HTTP/`: something like a version.
fn names_http(text: &str) -> bool {
    let name = text.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("http"));
    name && (text.len() == 4 || text[4..].starts_with('/') && !text[4..].starts_with("//"))
}

fn is_target(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
    };
    text.starts_with('/') || text == "*" || scheme.is_some_and(is_scheme)
}

#[cfg(test)]
mod tests {
    use super::RequestLine::{Request, Target, Unreadable};
    use super::*;

    #[test]
    fn a_request_line_has_a_method_and_a_target() {
        let cases = [
            ("GET /a HTTP/1.1", Request("GET", "/a")),
            ("get  /a  HTTP/2", Request("get", "/a")),
            ("GET /a HTTP/0.9", Request("GET", "/a")),
            ("GET /a HTTP/3.0", Request("GET", "/a")),
            ("GET /a b HTTP/1.1", Request("GET", "/a b")),
            ("GET /a", Request("GET", "/a")),
            ("GET /a b", Request("GET", "/a b")),
            ("GET /a b/c HTTP/1.1", Request("GET", "/a b/c")),
            ("GET /http HTTP/3", Request("GET", "/http")),
            ("OPTIONS * HTTP/1.0", Request("OPTIONS", "*")),
            ("PRI * HTTP/2.0", Request("PRI", "*")),
            ("CONNECT x.example:443 HTTP/1.1", Request("CONNECT", "x.example:443")),
            ("GET http://x.example/a HTTP/1.1", Request("GET", "http://x.example/a")),
            ("GET http://x.example/a", Request("GET", "http://x.example/a")),
            ("GET /a 1.1", Request("GET", "/a")),
            ("GET /a?b 2", Request("GET", "/a?b")),
            ("GET /a ws", Request("GET", "/a")),
            ("GET /a b 2", Request("GET", "/a b 2")),
            ("GET /a 1.2", Request("GET", "/a 1.2")),
            ("GET //a/b HTTP/1.1", Request("GET", "//a/b")),
            ("/a?b=c d", Target("/a?b=c d")),
            ("https://x.example/", Target("https://x.example/")),
        ];
        for (text, read) in cases {
            assert_eq!(request_line(text), read, "{text}");
        }
    }

    #[test]
    fn anything_else_is_unreadable() {
        for text in [
            "",
            "-",
            " ",
            "GET",
            "*",
            "GET HTTP/1.1",
            "GET - HTTP/1.1",
            "- http://x.example:80- -",
            "- - -",
            "OPTIONS / RTSP/1.0",
            "OPTIONS sip:nm SIP/2.0",
            "SSH-2.0-Go",
            "t3 12.2.1",
            "\u{16}\u{3}\u{1}",
            "\u{16} /a HTTP/1.1",
            "<BADREQ>",
            "HTTP/1.1 200 OK",
            "GET /a http/1.1",
            "GET /a HTTP/",
            "GET /a HTTP",
            "GET /a HTTP/-1",
            "GET /a HTTP/9.9",
            "GET /a HTTP/1.2",
            "GET /a HTTP/4",
            "GET /a HTTP/01.1",
            "GET /a HTTP 1.1",
            "GET /a HTTP/1.1\r\nX: y",
            "G E T /a HTTP/1.1",
        ] {
            assert_eq!(request_line(text), Unreadable, "{text:?}");
        }
    }
}
