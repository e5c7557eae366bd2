//! Browser and system of a whole user agent, which only GoatCounter's first exports have. The gateway
//! knows hundreds of browsers, but from its own requests' headers; these are the ones that people use.

/// A part of a user agent, and the browser whose it is; the first that occurs decides.
const BROWSERS: [(&str, &str); 14] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("YaBrowser", "Yandex Browser"),
    ("Vivaldi", "Vivaldi"),
    ("UCBrowser", "UC Browser"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Trident", "IE"),
    ("MSIE", "IE"),
    ("Safari", "Safari"),
];

/// A part of a user agent, and the system whose it is; the first that occurs decides.
const SYSTEMS: [(&str, &str); 10] = [
    ("Windows Phone", "Windows Phone"),
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("iPod", "iOS"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("BSD", "BSD"),
    ("Linux", "Linux"),
];

/// Whether it is not only a browser's name.
pub(super) fn is_whole(text: &str) -> bool {
    text.contains('/') && text.contains('(')
}

/// The browser; empty if it is not known.
pub(super) fn browser(user_agent: &str) -> &'static str {
    first(&BROWSERS, user_agent)
}

/// The system; empty if it is not known.
pub(super) fn os(user_agent: &str) -> &'static str {
    first(&SYSTEMS, user_agent)
}

fn first(parts: &[(&str, &'static str)], user_agent: &str) -> &'static str {
    let found = parts.iter().find(|(part, _)| user_agent.contains(part));
    found.map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents_have_a_browser_and_a_system() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:80.0) Gecko/20100101 Firefox/80.0",
                "Firefox Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/85.0.4183.83 Safari/537.36 Edg/85.0.564.44",
                "Edge Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 13_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1 Mobile/15E148 Safari/604.1",
                "Safari iOS",
            ),
            ("Something/1.0 (else)", " "),
        ] {
            assert!(is_whole(agent));
            assert_eq!(format!("{} {}", browser(agent), os(agent)), expected, "{agent}");
        }
        assert!(!is_whole("Firefox 80"));
    }
}
