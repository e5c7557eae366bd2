//! The families of user agents, by the rules of the ua-parser project.
//!
//! `user_agents.json` contains its rules unchanged. To update them, convert `user_agent_parsers` of a
//! newer `regexes.yaml` from <https://github.com/ua-parser/uap-core> to JSON.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use ua_parser::user_agent::{Builder, Extractor, Parser};

/// The family of a user agent that is missing or unknown.
pub(super) const OTHER: &str = "Other";
/// The longest family, in bytes. Many rules copy it from the user agent.
const MAX_FAMILY_BYTES: usize = 64;
/// How much of a user agent the rules see, in bytes.
const MAX_BYTES: usize = 1_024;

/// Variants of a browser, which count as the browser: builds for phones, tablets and web views. A
/// browser that is built on another one keeps its own name: `Chromium`, `HeadlessChrome`, `Samsung
/// Internet`, `Iceweasel`.
const PLAIN: [(&str, &str); 18] = [
    ("Chrome Mobile", "Chrome"),
    ("Chrome Mobile WebView", "Chrome"),
    ("Chrome Mobile iOS", "Chrome"),
    ("DuckDuckGo Mobile", "DuckDuckGo"),
    ("Ecosia iOS", "Ecosia"),
    ("Edge Mobile", "Edge"),
    ("Firefox Mobile", "Firefox"),
    ("Firefox iOS", "Firefox"),
    ("IE Mobile", "IE"),
    ("Mobile Safari", "Safari"),
    ("Mobile Safari UI/WKWebView", "Safari"),
    ("MobileSafari", "Safari"),
    ("Opera Mini", "Opera"),
    ("Opera Mobile", "Opera"),
    ("QQ Browser Mini", "QQ Browser"),
    ("QQ Browser Mobile", "QQ Browser"),
    ("bingbot", "Bingbot"),
    ("iBrowser Mini", "iBrowser"),
];

/// `None` only if the rules do not compile; a test makes sure that they do.
static EXTRACTOR: LazyLock<Option<Extractor<'static>>> = LazyLock::new(|| {
    let extractor = extractor(include_str!("user_agents.json"));
    extractor
        .inspect_err(|error| tracing::error!(error, "the user-agent rules do not compile"))
        .ok()
});

#[derive(Deserialize)]
struct Rules {
    user_agent_parsers: Vec<Parser<'static>>,
}

fn extractor(rules: &str) -> Result<Extractor<'static>, String> {
    let rules: Rules = serde_json::from_str(rules).map_err(|error| error.to_string())?;
    let builder = Builder::new().push_all(rules.user_agent_parsers);
    let builder = builder.map_err(|error| error.to_string())?;
    builder.build().map_err(|error| error.to_string())
}

/// The families of one batch. Most entries share a few user agents, so each is parsed once; the
/// size of the body bounds what is remembered.
#[derive(Default)]
pub(super) struct Families {
    known: HashMap<String, String>,
}

impl Families {
    pub(super) fn of(&mut self, user_agent: &str) -> &str {
        if !self.known.contains_key(user_agent) {
            self.known.insert(user_agent.to_owned(), family(user_agent));
        }
        self.known.get(user_agent).map_or(OTHER, String::as_str)
    }
}

/// The family of one user agent.
pub(crate) fn family(user_agent: &str) -> String {
    let user_agent = &user_agent[..user_agent.floor_char_boundary(MAX_BYTES)];
    let found = EXTRACTOR.as_ref().and_then(|extractor| extractor.extract(user_agent));
    found.map_or_else(|| OTHER.to_owned(), |found| plain(&found.family).to_owned())
}

fn plain(family: &str) -> &str {
    let family = family.trim();
    let is_bad = family.is_empty()
        || family.len() > MAX_FAMILY_BYTES
        || family.chars().any(char::is_control);
    if is_bad {
        OTHER
    } else if family.starts_with("Googlebot-") {
        "Googlebot"
    } else {
        PLAIN.iter().find(|(variant, _)| *variant == family).map_or(family, |(_, plain)| plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_compile() {
        let extractor = extractor(include_str!("user_agents.json")).err();
        assert_eq!(extractor, None);
    }

    #[test]
    fn real_user_agents_have_plain_families() {
        const WIN: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
        const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
        const PHONE: &str = "Mozilla/5.0 (Linux; Android 13; SM-G991B)";
        const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X)";
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        const APPLE: &str = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let chrome = "Chrome/120.0.0.0 Safari/537.36";
        let mobile = "Chrome/120.0.6099.144 Mobile Safari/537.36";
        let cases = [
            (format!("{WIN} {WEBKIT} {chrome}"), "Chrome"),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} {chrome}"), "Chrome"),
            (format!("{PHONE} {WEBKIT} {mobile}"), "Chrome"),
            (format!("{IPHONE} {APPLE} CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1"), "Chrome"),
            (
                format!("Mozilla/5.0 (Linux; Android 13; SM-G991B; wv) {WEBKIT} Version/4.0 {mobile}"),
                "Chrome",
            ),
            (
                format!("Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/120.0.0.0 Safari/537.36"),
                "HeadlessChrome",
            ),
            (format!("{WIN} {WEBKIT} {chrome} Edg/120.0.2210.91"), "Edge"),
            (format!("{WIN} {WEBKIT} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763"), "Edge"),
            (format!("{PHONE} {WEBKIT} {mobile} EdgA/120.0.2210.84"), "Edge"),
            (
                format!("{IPHONE} {APPLE} Version/17.0 EdgiOS/120.0.2210.150 Mobile/15E148 Safari/604.1"),
                "Edge",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0".into(),
                "Firefox",
            ),
            ("Mozilla/5.0 (Android 13; Mobile; rv:121.0) Gecko/121.0 Firefox/121.0".into(), "Firefox"),
            (format!("{IPHONE} {APPLE} FxiOS/121.0 Mobile/15E148 Safari/605.1.15"), "Firefox"),
            (format!("{MAC} {APPLE} Version/17.2 Safari/605.1.15"), "Safari"),
            (format!("{IPHONE} {APPLE} Version/17.2 Mobile/15E148 Safari/604.1"), "Safari"),
            (format!("{IPHONE} {APPLE} Mobile/15E148"), "Safari"),
            (format!("{WIN} {WEBKIT} {chrome} OPR/106.0.0.0"), "Opera"),
            (
                "Opera/9.80 (Android; Opera Mini/36.2/119.132; U; id) Presto/2.12.423 Version/12.16"
                    .into(),
                "Opera",
            ),
            (
                format!("{PHONE} {WEBKIT} SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36"),
                "Samsung Internet",
            ),
            (format!("{WIN} {WEBKIT} {chrome} Vivaldi/6.5.3206.50"), "Vivaldi"),
            (
                "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko".into(),
                "IE",
            ),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)".into(),
                "Googlebot",
            ),
            (
                format!(
                    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {WEBKIT} {mobile} \
                     (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
                ),
                "Googlebot",
            ),
            ("Googlebot-Image/1.0".into(), "Googlebot"),
            (
                "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)".into(),
                "Bingbot",
            ),
            (
                format!(
                    "Mozilla/5.0 {WEBKIT}; compatible; bingbot/2.0; \
                     +http://www.bing.com/bingbot.htm) Chrome/103.0.5060.134 Safari/537.36"
                ),
                "Bingbot",
            ),
            ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)".into(), "YandexBot"),
            (
                "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"
                    .into(),
                "Baiduspider",
            ),
            (
                "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)".into(),
                "AhrefsBot",
            ),
            (
                "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)".into(),
                "FacebookBot",
            ),
            ("Twitterbot/1.0".into(), "Twitterbot"),
            ("curl/8.4.0".into(), "curl"),
            ("Wget/1.21.4".into(), "Wget"),
            ("python-requests/2.31.0".into(), "Python Requests"),
            ("Python-urllib/3.11".into(), "Python-urllib"),
            ("Go-http-client/1.1".into(), "Go-http-client"),
            ("okhttp/4.12.0".into(), "okhttp"),
            ("axios/1.6.2".into(), "axios"),
            ("PostmanRuntime/7.36.0".into(), "PostmanRuntime"),
            ("Apache-HttpClient/4.5.14 (Java/17.0.9)".into(), "Apache-HttpClient"),
            ("Mozilla/5.0".into(), "Other"),
            ("my shop's own program".into(), "Other"),
            ("-".into(), "Other"),
            ("".into(), "Other"),
        ];
        let mut families = Families::default();
        let found: Vec<_> =
            cases.iter().map(|(text, _)| (&text[..], families.of(text).to_owned())).collect();
        let expected: Vec<_> =
            cases.iter().map(|(text, family)| (&text[..], (*family).to_owned())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_variant_has_a_plain_family_that_is_none_itself() {
        for (variant, family) in PLAIN {
            assert_eq!(plain(variant), family);
            assert_eq!(plain(family), family);
        }
    }

    #[test]
    fn a_family_is_short_and_printable_whatever_the_user_agent_is() {
        let long = format!("{}bot/1.0", "x".repeat(2_000));
        let late = format!("{} Firefox/121.0", "x ".repeat(2_000));
        let umlauts = "ü".repeat(MAX_BYTES);
        for text in [&long, &late, &umlauts, "\u{0}bot/1.0", "  bot/1.0", "a\tbot/1.0"] {
            let family = family(text);
            assert!((1..=MAX_FAMILY_BYTES).contains(&family.len()), "{family:?}");
            assert!(!family.contains(char::is_control), "{family:?}");
        }
        assert_eq!(plain(&"x".repeat(MAX_FAMILY_BYTES + 1)), OTHER);
        assert_eq!(plain("a\u{7}bot"), OTHER);
    }
}
