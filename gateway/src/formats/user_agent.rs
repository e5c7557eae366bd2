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
const PLAIN: [(&str, &str); 19] = [
    ("Chrome Mobile", "Chrome"),
    ("Chrome Mobile WebView", "Chrome"),
    ("Chrome Mobile iOS", "Chrome"),
    ("DuckDuckGo Mobile", "DuckDuckGo"),
    ("Ecosia Android", "Ecosia"),
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
        let mut families = Families::default();
        let lines = include_str!("real_user_agents.txt").lines();
        let cases: Vec<_> = lines.map(|line| line.split_once(": ").expect("a family")).collect();
        assert_eq!(cases.len(), 43);
        for (family, text) in cases {
            assert_eq!(families.of(text), family, "{text}");
        }
        assert_eq!(families.of(""), OTHER);
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
