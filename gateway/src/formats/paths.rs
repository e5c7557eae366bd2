//! The path of a request as it is counted.

use std::borrow::Cow;
use std::fmt::Write as _;

use common::event::MAX_PATH_BYTES;
use common::page::counted_path;

use super::names::ends_as;

/// The end of a path that was cut.
const CUT: char = '…';

/// The path of a target or a URL, normalized; control characters are percent-encoded, and a path
/// that is too long is cut. `None` if it is nothing that a server has, such as `javascript:void(0)`.
pub(super) fn page(target: &str) -> Option<String> {
    // A host may have the name of a scheme.
    let authority = || is_authority(target.trim()).then(|| target.trim().to_owned());
    let mut path = counted_path(target).or_else(authority)?;
    if path.contains(char::is_control) {
        path = printable(&path);
    }
    if path.len() > MAX_PATH_BYTES {
        path.truncate(path.floor_char_boundary(MAX_PATH_BYTES - CUT.len_utf8()));
        path.push(CUT);
    }
    Some(path)
}

/// Whether a target is a host and its port, as for `CONNECT`.
fn is_authority(target: &str) -> bool {
    let port = target.split_once(':').map_or("", |(_, port)| port);
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// The value of a field with a path; `None` if it is not a path. Akamai leaves out the first slash, and
/// Rust's loggers write the name of a module as `target`.
pub(super) fn path<'a>(name: &str, text: Cow<'a, str>) -> Option<Cow<'a, str>> {
    let is_target = text.trim_start().starts_with(['/', '*', '-']) || text.contains("://");
    if is_target {
        return Some(text);
    }
    if ends_as(name, "reqPath") {
        return Some(format!("/{text}").into());
    }
    let is_module = ends_as(name, "target") && !name.contains("http.");
    (!is_module).then_some(text)
}

/// The target of a request line, in which two slashes begin a path and not a host.
pub(super) fn own_path(target: &str) -> &str {
    let slashes = target.bytes().take_while(|byte| *byte == b'/').count();
    &target[slashes.saturating_sub(1)..]
}

fn printable(path: &str) -> String {
    let mut printable = String::with_capacity(path.len());
    for c in path.chars() {
        if !c.is_control() {
            printable.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            let _ = write!(printable, "%{byte:02X}");
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_no_host_and_no_query() {
        for (target, path) in [
            ("/pricing?plan=pro#top", "/pricing"),
            ("https://example.com/a?b", "/a"),
            ("?utm=1", "/"),
            ("*", "*"),
            ("x.example:443", "x.example:443"),
            ("data:443", "data:443"),
        ] {
            assert_eq!(page(target).as_deref(), Some(path));
        }
    }

    #[test]
    fn what_no_server_has_is_no_page() {
        for target in [
            "javascript:alert(1)",
            "about:blank",
            "data:text/html,x",
            " MailTo:ann@example.com",
            "file:///etc/passwd",
            "%6Aavascript:void(0)",
        ] {
            assert_eq!(page(target), None, "{target}");
        }
    }

    #[test]
    fn a_path_is_told_from_what_else_has_its_name() {
        for (name, text, expected) in [
            ("path", "a", Some("a")),
            ("reqPath", "a/b", Some("/a/b")),
            ("reqPath", "/a", Some("/a")),
            ("target", "/a", Some("/a")),
            ("fields.target", "https://x.example/", Some("https://x.example/")),
            ("target", "*", Some("*")),
            ("http.target", "x.example:443", Some("x.example:443")),
            ("target", "my_app::access", None),
            ("record.Target", "hyper", None),
        ] {
            assert_eq!(path(name, text.into()).as_deref(), expected, "{name} {text}");
        }
    }

    #[test]
    fn two_slashes_begin_a_path() {
        for (target, path) in [
            ("//a/b", "/a/b"),
            ("///a", "/a"),
            ("//", "/"),
            ("/a//b", "/a//b"),
            ("a", "a"),
            ("", ""),
        ] {
            assert_eq!(own_path(target), path, "{target}");
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(page("/a\tb\u{0}\u{85}c").as_deref(), Some("/a%09b%00%C2%85c"));
    }

    #[test]
    fn a_path_over_the_limit_is_cut_at_a_character_and_marked() {
        let page = |target: &str| super::page(target).expect("a page");
        let longest = format!("/{}", "p".repeat(MAX_PATH_BYTES - 1));
        assert_eq!(page(&longest), longest);
        assert_eq!(page(&format!("{longest}?{longest}")), longest);
        assert_eq!(page(&format!("{longest}p")), format!("{}…", &longest[..MAX_PATH_BYTES - 3]));
        let umlauts = page(&format!("/{}", "ü".repeat(MAX_PATH_BYTES)));
        assert_eq!(umlauts, format!("/{}…", "ü".repeat((MAX_PATH_BYTES - 4) / 2)));
    }
}
