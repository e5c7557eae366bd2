//! Generated events of a site with every dimension: as they are sent, and as they must be counted.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

/// The host of the site.
const HOSTS: [&str; 2] = ["shop.example", "www.shop.example"];
/// User agents, each with its browser, its system and its device.
const AGENTS: [(&str, [&str; 3]); 4] = [
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        ["Firefox", "Linux", "desktop"],
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        ["Chrome", "Windows", "desktop"],
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
        ["Chrome", "Android", "mobile"],
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
        ["Safari", "iOS", "tablet"],
    ),
];
/// Referrers, each with its source and the page as it is counted.
const REFERRERS: [(&str, &str, &str); 5] = [
    ("https://www.google.at/", "Google", "www.google.at"),
    ("https://www.google.com/search?q=a", "Google", "www.google.com/search"),
    ("https://t.co/abc", "X", "t.co/abc"),
    ("https://www.news.example/item/1?id=7#top", "news.example", "www.news.example/item/1"),
    ("https://news.example/item/2", "news.example", "news.example/item/2"),
];
const LANGUAGES: [(&str, &str); 3] =
    [("de-AT,de;q=0.9", "de"), ("en-US,en;q=0.5", "en"), ("pt-BR", "pt")];
const COUNTRIES: [&str; 3] = ["AT", "US", "BR"];
const PATHS: [&str; 4] = ["/", "/pricing", "/docs", "/blog/a"];
const CAMPAIGNS: [&str; 5] =
    ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"];

/// An event: what is sent, and what it must count.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Value,
    pub(super) day: String,
    pub(super) user: Option<String>,
    pub(super) dimensions: BTreeMap<&'static str, String>,
}

/// `number` events of the first days of May 2025.
pub(super) fn visits(seed: u64, number: usize, days: u32) -> Vec<Visit> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..number).map(|n| visit(&mut random, n, days)).collect()
}

fn visit(random: &mut StdRng, number: usize, days: u32) -> Visit {
    let day = format!("2025-05-{:02}", random.random_range(1..=days));
    let user = random.random_bool(0.9).then(|| format!("user {}", random.random_range(0..40)));
    let event_type = *["view", "page_view", "signup", "click"].choose(random).expect("a type");
    let mut visit = Visit {
        headers: Vec::new(),
        body: json!({
            "event_id": format!("e-{number}"), "event_type": event_type, "user_id": user,
            "timestamp": format!("{day}T{:02}:30:00Z", random.random_range(0..24)),
        }),
        day,
        user,
        dimensions: BTreeMap::from([("event", event_type.to_owned())]),
    };
    let is_view = event_type.ends_with("view");
    page(random, &mut visit, is_view);
    if random.random_bool(0.8) {
        browser(random, &mut visit, is_view);
    }
    visit
}

/// Where the event happened, and what led there.
fn page(random: &mut StdRng, visit: &mut Visit, is_view: bool) {
    let (host, path) = (HOSTS.choose(random).expect("a host"), PATHS.choose(random).expect("one"));
    let mut counted = vec![("host", (*host).to_owned())];
    let mut query = String::from("?private=1");
    for name in CAMPAIGNS {
        if random.random_bool(0.4) {
            let value = format!("{name} {}", random.random_range(0..3));
            query += &format!("&{name}={}", value.replace(' ', "+"));
            counted.push((name, value));
        }
    }
    let referrer = match random.random_range(0..4) {
        0 => json!(""),
        1 => json!(format!("https://{}/before", HOSTS[random.random_range(0..2)])),
        2 => Value::Null,
        _ => {
            let (referrer, source, page) = REFERRERS.choose(random).expect("a referrer");
            counted.push(("source", (*source).to_owned()));
            counted.push(("referrer", (*page).to_owned()));
            json!(referrer)
        }
    };
    let is_own = referrer.as_str().is_some_and(|page| page.contains("shop.example"));
    if !referrer.is_null() && !is_own {
        counted.push(("entry_page", (*path).to_owned()));
    }
    visit.body["path"] = json!(path);
    visit.body["payload"] =
        json!({"url": format!("https://{host}{path}{query}"), "referrer": referrer});
    visit.dimensions.extend(counted.into_iter().filter(|_| is_view));
}

/// The browser that sends it.
fn browser(random: &mut StdRng, visit: &mut Visit, is_view: bool) {
    let (agent, [browser, os, device]) = *AGENTS.choose(random).expect("an agent");
    let (languages, language) = *LANGUAGES.choose(random).expect("a language");
    let country = *COUNTRIES.choose(random).expect("a country");
    visit.headers = vec![
        ("origin", "https://shop.example"),
        ("user-agent", agent),
        ("accept-language", languages),
        ("x-country", country),
    ];
    // A browser without a user id would be a visitor of its own.
    if visit.user.is_none() {
        visit.user = Some("guest".to_owned());
        visit.body["user_id"] = json!("guest");
    }
    let counted = [
        ("browser", browser),
        ("os", os),
        ("device", device),
        ("language", language),
        ("country", country),
    ];
    let counted = counted.map(|(name, value)| (name, value.to_owned()));
    visit.dimensions.extend(counted.into_iter().filter(|_| is_view));
}
