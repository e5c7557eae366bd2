//! The path of a request as it is counted.

use std::borrow::Cow;
use std::fmt::Write as _;

use common::event::MAX_PATH_BYTES;
use common::page::counted_path;

use super::names::ends_as;

/// The end of a path that was cut.
const CUT: char = '…';

/// The path of a target or a URL, normalized; control characters are percent-encoded, and a path
/// that is too long is cut.
pub(super) fn page(target: &str) -> String {
    // Clients ask servers for anything, not only for pages.
    let mut path = counted_path(target).unwrap_or_else(|| target.trim().to_owned());
    if path.contains(char::is_control) {
        path = printable(&path);
    }
    if path.len() > MAX_PATH_BYTES {
        path.truncate(path.floor_char_boundary(MAX_PATH_BYTES - CUT.len_utf8()));
        path.push(CUT);
    }
    path
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
        ] {
            assert_eq!(page(target), path);
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
        assert_eq!(page("/a\tb\u{0}\u{85}c"), "/a%09b%00%C2%85c");
    }

    #[test]
    fn a_path_over_the_limit_is_cut_at_a_character_and_marked() {
        let longest = format!("/{}", "p".repeat(MAX_PATH_BYTES - 1));
        assert_eq!(page(&longest), longest);
        assert_eq!(page(&format!("{longest}?{longest}")), longest);
        assert_eq!(page(&format!("{longest}p")), format!("{}…", &longest[..MAX_PATH_BYTES - 3]));
        let umlauts = page(&format!("/{}", "ü".repeat(MAX_PATH_BYTES)));
        assert_eq!(umlauts, format!("/{}…", "ü".repeat((MAX_PATH_BYTES - 4) / 2)));
    }
}
