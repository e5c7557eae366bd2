//! The path of a request as it is counted.

use std::fmt::Write as _;

use common::event::MAX_PATH_BYTES;
use common::page::counted_path;

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
