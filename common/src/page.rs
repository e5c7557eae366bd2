//! The page that an event or a request belongs to: whatever a browser shows as one page is one
//! path.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// The schemes of addresses that are not pages of a site.
const NO_PAGES: [&str; 12] = [
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "intent",
    "javascript",
    "mailto",
    "sms",
    "tel",
    "vbscript",
    "view-source",
];
/// File extensions that are not top-level domains.
const FILES: [&str; 24] = [
    "asp", "aspx", "cgi", "css", "do", "env", "gif", "gz", "htm", "html", "ico", "jpeg", "jpg",
    "js", "json", "jsp", "php", "png", "rss", "svg", "txt", "webp", "xml", "zip",
];

/// The schemes of pages on the web.
const WEB: [&str; 2] = ["http", "https"];
/// What servers call the session that they write into a path, in lower case.
const SESSIONS: [&str; 3] = ["jsessionid", "phpsessid", "sid"];

/// The files that servers send for a folder.
const INDEXES: [&str; 3] = ["index.html", "index.htm", "index.php"];

/// The path of a page as it is counted; `None` if the place is not a page, such as `about:blank`.
///
/// Host, query and fragment are cut off. Percent-encoding is decoded where that yields text and
/// does not change what the path means, the text is in NFC, dot segments are resolved, and there
/// are no doubled slashes at either end. Normalizing twice is normalizing once. The site's
/// [`PageRules`] decide whether the slash at the end stays.
pub fn counted_path(place: &str) -> Option<String> {
    let place = place.trim();
    if is_no_page(place) {
        return None;
    }
    let place = with_slashes(place);
    let decoded = decoded(after_slashes(bare_path(&place)));
    if decoded.starts_with('/') {
        return Some(with_visible_end(&resolved(&decoded)));
    }
    // Decoding may reveal that it is a whole URL.
    if decoded == *place { Some(decoded) } else { counted_path(&decoded) }
}

/// A place whose backslashes are slashes, as browsers read them, if it is an address on the web.
fn with_slashes(place: &str) -> Cow<'_, str> {
    let scheme = place.split_once(':').map_or("", |(scheme, _)| scheme);
    let end = place.find(['?', '#']).unwrap_or(place.len());
    let is_web = WEB.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    if !is_web || !place[..end].contains('\\') {
        return Cow::Borrowed(place);
    }
    Cow::Owned(place[..end].replace('\\', "/") + &place[end..])
}

/// Which spellings of a page are one row, where sites differ. By default, `/a/` and `/a` are one,
/// because nearly every server answers both alike; `/a/index.html` and `/a/` are two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageRules {
    /// Whether `/a/` and `/a` are two pages.
    pub keep_slash: bool,
    /// Whether `/a/index.html` is the page `/a/`; likewise `index.htm` and `index.php`.
    pub merge_index: bool,
}

impl PageRules {
    /// The row of a normalized path. Applying the rules twice is applying them once.
    pub fn row(self, path: &str) -> Cow<'_, str> {
        if !path.starts_with('/') {
            return Cow::Borrowed(path);
        }
        let folder = if self.merge_index { without_index(path) } else { path };
        if self.keep_slash || !folder.ends_with('/') {
            return Cow::Borrowed(folder);
        }
        match folder.trim_end_matches('/') {
            "" => Cow::Borrowed("/"),
            page => Cow::Owned(with_visible_end(page)),
        }
    }
}

/// The path of a folder whose index a path names; other paths as they are.
fn without_index(path: &str) -> &str {
    let mut folder = path;
    while let Some((before, name)) = folder.trim_end_matches('/').rsplit_once('/')
        && INDEXES.contains(&name)
    {
        // If there are several slashes before the index, one of them stays.
        folder = &folder[..=before.trim_end_matches('/').len()];
    }
    folder
}

/// Everything after the host of a URL and before query and fragment, as it was sent.
pub fn bare_path(place: &str) -> &str {
    let place = place.trim();
    let after_host =
        place.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).map(|(_, rest)| {
            let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            &rest[host_end..]
        });
    let path = after_host.unwrap_or(place);
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    if path.is_empty() { "/" } else { path }
}

/// The path, cut to `most` bytes if it is longer. No character and no escape is torn apart.
pub fn cut_path(path: &str, most: usize) -> &str {
    if path.len() <= most {
        return path;
    }
    let cut = &path[..path.floor_char_boundary(most)];
    let tail = cut.len().saturating_sub(2);
    let escape = cut.bytes().skip(tail).position(|byte| byte == b'%');
    let cut = &cut[..escape.map_or(cut.len(), |at| tail + at)];
    let cut = cut.trim_end_matches(['/', ' ']);
    if cut.is_empty() { "/" } else { cut }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
}

/// Whether the scheme of a place is not one of web pages. A single letter is a drive.
fn is_no_page(place: &str) -> bool {
    place.split_once(':').is_some_and(|(scheme, _)| {
        (scheme.len() == 1 && scheme.as_bytes()[0].is_ascii_alphabetic())
            || NO_PAGES.iter().any(|known| scheme.eq_ignore_ascii_case(known))
    })
}

/// The path without doubled slashes at its start. `//h.example/a` is the page `/a` of a host.
fn after_slashes(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("//") else { return path };
    let host_end = rest.find('/').unwrap_or(rest.len());
    if looks_like_host(&rest[..host_end]) {
        return if host_end == rest.len() { "/" } else { &rest[host_end..] };
    }
    path
}

/// Whether a name is a host and not the name of a file.
pub fn looks_like_host(name: &str) -> bool {
    let (host, port) = name.split_once(':').unwrap_or((name, "0"));
    let is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
    let last = host.rsplit_once('.').map_or("", |(_, last)| last);
    let is_domain = last.len() > 1
        && !last.bytes().any(|b| b.is_ascii_digit())
        && !FILES.iter().any(|known| last.eq_ignore_ascii_case(known));
    let is_address = host.parse::<std::net::Ipv4Addr>().is_ok();
    let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    is_plain && is_port && (is_domain || is_address || host.eq_ignore_ascii_case("localhost"))
}

/// The path in NFC, in which every escape that stands for text is decoded.
fn decoded(path: &str) -> String {
    let is_plain = |byte: u8| byte != b'%' && (byte.is_ascii_graphic() || byte == b' ');
    if path.bytes().all(is_plain) {
        return path.to_owned();
    }
    let mut pieces = Pieces::default();
    let mut rest = path;
    while let Some(character) = rest.chars().next() {
        let run = escaped_bytes(rest);
        if run.is_empty() {
            pieces.push(character, character == '%');
            rest = &rest[character.len_utf8()..];
        } else {
            pieces.push_bytes(&run);
            rest = &rest[ESCAPE_BYTES * run.len()..];
        }
    }
    pieces.end();
    pieces.done
}

/// Bytes of an escape such as `%C3`.
const ESCAPE_BYTES: usize = 3;

/// The bytes of the escapes that a text begins with.
fn escaped_bytes(text: &str) -> Vec<u8> {
    let byte = |escape: &[u8]| match escape {
        [b'%', high, low] => {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
        }
        _ => None,
    };
    text.as_bytes().chunks(ESCAPE_BYTES).map_while(byte).collect()
}

/// A path as it is decoded: what is done, and the text after the last escape that stays. Text is
/// normalized on its own, so that it cannot merge with an escape.
#[derive(Default)]
struct Pieces {
    done: String,
    text: String,
}

impl Pieces {
    /// Adds decoded bytes: text where they are UTF-8, except what has a meaning in a path.
    fn push_bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.utf8_chunks() {
            for character in chunk.valid().chars() {
                self.push(character, "/?#%".contains(character));
            }
            self.escape(chunk.invalid());
        }
    }

    /// Adds a character, escaped if it must be or would be invisible.
    fn push(&mut self, character: char, must_be_escaped: bool) {
        let is_unseen = character.is_control() || (character.is_whitespace() && character != ' ');
        if must_be_escaped || is_unseen {
            self.escape(character.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            self.text.push(character);
        }
    }

    fn escape(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.end();
        bytes.iter().for_each(|byte| self.done.push_str(&format!("%{byte:02X}")));
    }

    fn end(&mut self) {
        self.done.extend(self.text.nfc());
        self.text.clear();
    }
}

/// An absolute path without dot segments, and with at most one slash at each end.
fn resolved(path: &str) -> String {
    let path = without_sessions(path);
    let is_folder = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    let end = if is_folder { "/" } else { "" };
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let first = segments.iter().position(|segment| !segment.is_empty());
    let last = segments.iter().rposition(|segment| !segment.is_empty());
    match (first, last) {
        (Some(first), Some(last)) => format!("/{}{end}", segments[first..=last].join("/")),
        _ => "/".to_owned(),
    }
}

/// The path without what names the visitor's session, such as `;jsessionid=1` at the end of a
/// segment.
fn without_sessions(path: &str) -> Cow<'_, str> {
    if !path.contains(';') {
        return Cow::Borrowed(path);
    }
    let is_session = |part: &&str| {
        let name = part.split_once('=').map_or("", |(name, _)| name);
        SESSIONS.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    let segment = |segment: &str| {
        let (name, parts) = segment.split_once(';').map_or((segment, None), |(a, b)| (a, Some(b)));
        let parts = parts.into_iter().flat_map(|parts| parts.split(';'));
        let kept = parts.filter(|part| !is_session(part));
        std::iter::once(name).chain(kept).collect::<Vec<_>>().join(";")
    };
    Cow::Owned(path.split('/').map(segment).collect::<Vec<_>>().join("/"))
}

/// The path with trailing blanks escaped: otherwise they would look like blanks around it.
fn with_visible_end(path: &str) -> String {
    let end = path.trim_end_matches(' ').len();
    format!("{}{}", &path[..end], "%20".repeat(path.len() - end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The row of a place by the default rules.
    fn row(place: &str) -> Option<String> {
        Some(PageRules::default().row(&counted_path(place)?).into_owned())
    }

    fn counted(place: &str) -> String {
        row(place).unwrap_or_else(|| panic!("{place:?} is no page"))
    }

    #[test]
    fn a_counted_path_has_neither_host_nor_query_nor_fragment() {
        let cases = [
            ("/pricing", "/pricing"),
            ("/pricing?plan=pro#top", "/pricing"),
            ("/docs#install", "/docs"),
            ("https://example.com/a/b?c=/d", "/a/b"),
            ("HTTPS://example.com:8443/a", "/a"),
            ("https://shop.example\\a\\b", "/a/b"),
            ("http:\\\\shop.example\\a?b=c\\d", "/a"),
            ("/a\\b", "/a\\b"),
            ("/a;jsessionid=0F1A.node1", "/a"),
            ("https://shop.example/a;JSESSIONID=1/b;v=2;sid=3?c", "/a/b;v=2"),
            ("/a%3Bphpsessid=1", "/a"),
            ("/x/..;sid=1/b", "/b"),
            ("/a;jsessionid/b;side=1", "/a;jsessionid/b;side=1"),
            ("https://example.com", "/"),
            ("https://example.com?x=https://y/z", "/"),
            ("https://example.com//g.example/a", "/a"),
            ("capacitor://localhost/a", "/a"),
            ("/redirect?to=https://example.com/x", "/redirect"),
            ("?utm=1", "/"),
            ("  /a  ", "/a"),
            ("", "/"),
        ];
        for (place, path) in cases {
            assert_eq!(counted(place), path, "{place:?}");
        }
    }

    #[test]
    fn one_page_is_one_path() {
        let pages: [(&str, &[&str]); 13] = [
            ("/café", &["/caf%C3%A9", "/caf%c3%a9", "/café", "/cafe\u{301}", "/cafe%CC%81"]),
            ("/a", &["/%61", "/a/", "/a//", "/./a", "/b/../a", "/a/.", "/%2e/a", "/x/%2E%2e/a"]),
            ("/a", &["//a", "///a", "//h.example/a", "//h.example:80/a/", "https://h.example/a"]),
            ("/b", &["/a/../b", "/../b", "/a/b/../../b", "//127.0.0.1/b", "//localhost:3000/b"]),
            ("/", &["/", "//", "/.", "/..", "/a/..", "//h.example", "//h.example/"]),
            ("/wp-login.php", &["//wp-login.php", "/wp-login.php"]),
            ("/index.php/a", &["//index.php/a"]),
            ("/a b", &["/a b", "/a%20b"]),
            ("/a%2Fb", &["/a%2Fb", "/a%2fb"]),
            ("/%3Fa%23b%25c", &["/%3fa%23b%25c", "/%3Fa%23b%c"]),
            ("/%E9%FF", &["/%e9%ff"]),
            ("/a%0D%0A%00b", &["/a%0d%0a%00b", "/a\r\n\0b"]),
            ("/日本語", &["/%E6%97%A5%E6%9C%AC%E8%AA%9E", "/日本語"]),
        ];
        for (path, places) in pages {
            for place in places {
                assert_eq!(counted(place), path, "{place:?}");
            }
        }
    }

    #[test]
    fn different_pages_stay_apart() {
        let pages =
            ["/a", "/A", "/a/b", "/a//b", "/a%2Fb", "/a%3Fb", "/a%25", "/a%20", "/a;b", "/a+b"]
                .into_iter()
                .chain([
                    "/index.html",
                    "/",
                    "*",
                    "a",
                    "h.example:443",
                    "../x",
                    "/a\\b",
                    "/a:b",
                    "/...",
                ]);
        let mut paths: Vec<_> = pages.map(counted).collect();
        let count = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), count, "{paths:?}");
    }

    fn by(rules: PageRules, place: &str) -> Option<String> {
        Some(rules.row(&counted_path(place)?).into_owned())
    }

    fn all_rules() -> [PageRules; 4] {
        [(false, false), (false, true), (true, false), (true, true)]
            .map(|(keep_slash, merge_index)| PageRules { keep_slash, merge_index })
    }

    #[test]
    fn a_site_chooses_what_the_end_of_a_path_means() {
        let cases = [
            ("/a/", ["/a", "/a", "/a/", "/a/"]),
            ("/a//", ["/a", "/a", "/a/", "/a/"]),
            ("/b/../a/.", ["/a", "/a", "/a/", "/a/"]),
            ("/a/index.html", ["/a/index.html", "/a", "/a/index.html", "/a/"]),
            ("/a/index.php/?x=1", ["/a/index.php", "/a", "/a/index.php/", "/a/"]),
            ("https://h.example/index.htm", ["/index.htm", "/", "/index.htm", "/"]),
            ("/index.html/b", ["/index.html/b"; 4]),
            ("/myindex.html", ["/myindex.html"; 4]),
            ("/", ["/"; 4]),
            ("/a%20/", ["/a%20", "/a%20", "/a /", "/a /"]),
            ("*", ["*"; 4]),
        ];
        for (place, expected) in cases {
            let rows = all_rules().map(|rules| by(rules, place).expect("a page"));
            assert_eq!(rows, expected.map(str::to_owned), "{place}");
        }
    }

    #[test]
    fn what_is_no_page_has_no_path() {
        for place in [
            "about:blank",
            "about:srcdoc",
            "javascript:alert(1)",
            " JavaScript:void(0)",
            "%6Aavascript:alert(1)",
            "data:text/html,<p>x",
            "mailto:ann@example.com",
            "blob:https://shop.example/6f1d7c2a",
            "file:///home/ann/private.html",
            "C:\\Users\\ann\\private.html",
            "tel:+1",
        ] {
            assert_eq!(counted_path(place), None, "{place}");
        }
    }

    #[test]
    fn a_long_path_is_cut_between_characters_and_escapes() {
        assert_eq!(cut_path("/abc", 4), "/abc");
        assert_eq!(cut_path("/abc", 3), "/ab");
        assert_eq!(cut_path("/日本", 6), "/日");
        assert_eq!(cut_path("/ab%2Fc", 5), "/ab");
        assert_eq!(cut_path("/ab%2Fc", 4), "/ab");
        assert_eq!(cut_path("/ab%2Fc", 6), "/ab%2F");
        assert_eq!(cut_path("/ab/cd", 4), "/ab");
        assert_eq!(cut_path("//////", 3), "/");
    }

    /// What paths are made of, with much that has a meaning in them.
    const PIECE: &str = "[a-c/.%?#: \\\\]|//|\\.\\./|%2[0-9A-Fa-f]|%[0-9a-fA-F]{2}|%C3%A9|e\u{301}|é|/index\\.html|\u{212A}|\u{A0}|\u{307}|\\PC|\\pC|https?://|h\\.example";

    fn place() -> impl Strategy<Value = String> {
        prop::collection::vec(PIECE, 0..14).prop_map(|pieces| pieces.concat())
    }

    /// Another way to write the same page.
    fn respelled(path: &str, pick: u8) -> String {
        let escape =
            |c: char| c.to_string().bytes().map(|b| format!("%{b:02x}")).collect::<String>();
        match pick % 5 {
            0 => path
                .chars()
                .map(|c| if c == '/' || c == '%' { c.to_string() } else { escape(c) })
                .collect(),
            1 => path.nfd().collect(),
            2 => format!("https://h.example{path}?a=b#c"),
            3 => format!("{path}/"),
            _ => format!("/x/..{path}/."),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn normalizing_twice_is_normalizing_once(place in place()) {
            for rules in all_rules() {
                if let Some(once) = by(rules, &place) {
                    prop_assert_eq!(by(rules, &once), Some(once.clone()), "{:?}", place);
                    prop_assert!(!once.chars().any(char::is_control) && !once.starts_with("//"));
                }
            }
        }

        #[test]
        fn the_same_page_is_the_same_row(segments in prop::collection::vec("[a-zé~日 ]{0,3}[a-z日]", 1..5), pick in any::<u8>()) {
            let path = counted(&format!("/{}", segments.join("/")));
            let other = respelled(&path, pick);
            prop_assert_eq!(row(&other), Some(path), "{:?}", other);
        }
    }
}
