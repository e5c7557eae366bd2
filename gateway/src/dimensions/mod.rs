//! What an event is counted by, beside its type and its path: where the visitor came from, and what
//! the visitor uses. What is kept is short and says nothing about who it was: neither an address nor a
//! whole user agent.

mod named;
mod query;
mod referrer;
mod source;
mod system;

use std::borrow::Cow;

use common::event::Event;
use common::host::host_name;
use common::site_dimension::{Dimensions, SiteDimension};
use serde_json::{Map, Value};

pub(crate) use self::named::Named;
use self::query::Tags;
use self::referrer::{Referrer, named_source};
pub(crate) use self::system::DEVICES;
use crate::extractors::client::Client;
use crate::formats::user_agent;
use crate::own_host;
use crate::redacted::redacted;

/// The longest value but that of a page, in bytes.
pub(crate) const MAX_BYTES: usize = 128;
/// The longest page, in bytes.
const MAX_PAGE_BYTES: usize = 1_024;

/// Where an event comes from: everything that its dimensions are made of, beside the event itself.
pub(crate) struct Origin<'a> {
    /// The client that sent it.
    pub(crate) client: &'a Client,
    /// What the sender says about the visitor. It is preferred to what the client shows.
    pub(crate) stated: &'a Dimensions,
    /// The query of the page's address.
    pub(crate) query: &'a str,
    /// Whether personal data and secrets are taken out.
    pub(crate) redacts: bool,
}

impl Origin<'_> {
    /// The dimensions of the event: all of them for a view, else its type alone.
    pub(crate) fn dimensions(&self, event: &Event) -> Dimensions {
        if event.excluded.is_some() {
            return Dimensions::new();
        }
        let event_type = Some(event.event_type.clone());
        let mut found = vec![(SiteDimension::Event, event_type)];
        if event.is_view() {
            found.extend(self.of_view(event));
            found.extend(self.of_client());
            found.extend(self.of_sender());
        }
        let kept = found
            .into_iter()
            .filter_map(|(dimension, value)| Some((dimension, fitted(dimension, &value?)?)));
        kept.collect()
    }

    fn of_view(&self, event: &Event) -> Vec<(SiteDimension, Option<String>)> {
        let payload = event.payload.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let payload: Map<String, Value> = payload.unwrap_or_default();
        let text = |names: &[&str]| names.iter().find_map(|name| payload.get(*name)?.as_str());
        let own = own_host::authority(&payload, self.client);
        let tags = Tags::of(&payload, self.query);
        let tag = |name: &str| {
            let value = tags.get(name).map(|value| self.public(&value));
            value.filter(|value| !value.is_empty())
        };
        let referrer = Referrer::of(text(&["referrer", "referer"]), own);
        let is_entry = !matches!(referrer, Referrer::Unknown | Referrer::Own);
        let named = || tag("ref").and_then(|name| named_source(&name, own));
        let mut found = vec![
            (SiteDimension::EntryPage, event.path.clone().filter(|_| is_entry)),
            (SiteDimension::Referrer, referrer.page().map(|page| self.public(&page))),
            (SiteDimension::Source, referrer.source().or_else(named)),
            (SiteDimension::Host, own.and_then(host_name)),
        ];
        found.extend(SiteDimension::CAMPAIGN.map(|dimension| (dimension, tag(dimension.as_str()))));
        found
    }

    fn of_client(&self) -> Vec<(SiteDimension, Option<String>)> {
        let Client { user_agent, language, country, .. } = self.client;
        let agent = user_agent.as_deref();
        vec![
            (SiteDimension::Browser, agent.map(user_agent::family)),
            (SiteDimension::Os, agent.map(|agent| system::os(agent).to_owned())),
            (SiteDimension::Device, agent.map(|agent| system::device(agent).to_owned())),
            (SiteDimension::Language, language.clone()),
            (SiteDimension::Country, country.clone()),
        ]
    }

    /// What the sender says, which takes the place of what was found so far.
    fn of_sender(&self) -> Vec<(SiteDimension, Option<String>)> {
        let stated = self.stated.iter();
        stated.map(|(dimension, value)| (*dimension, Some(self.public(value)))).collect()
    }

    fn public(&self, text: &str) -> String {
        let shown = if self.redacts { redacted(text) } else { Cow::Borrowed(text) };
        shown.trim().to_owned()
    }
}

/// The value without control characters, cut to its length; `None` if nothing is left.
fn fitted(dimension: SiteDimension, value: &str) -> Option<String> {
    let is_page = matches!(dimension, SiteDimension::EntryPage | SiteDimension::Referrer);
    let most = if is_page { MAX_PAGE_BYTES } else { MAX_BYTES };
    let value = value.trim().replace(char::is_control, "\u{FFFD}");
    let cut = value[..value.floor_char_boundary(most)].trim_end().to_owned();
    (!cut.is_empty()).then_some(cut)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use common::event::Exclusion;
    use serde_json::json;

    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

    fn event(event_type: &str, payload: &Value) -> Event {
        Event {
            event_type: event_type.to_owned(),
            user_id: None,
            path: Some("/pricing".to_owned()),
            payload: Some(payload.to_string()),
            timestamp: DateTime::UNIX_EPOCH,
            truncated: false,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        }
    }

    fn client() -> Client {
        Client {
            user_agent: Some(FIREFOX.to_owned()),
            language: Some("de".to_owned()),
            country: Some("AT".to_owned()),
            origin: Some("https://shop.example".to_owned()),
            address: None,
        }
    }

    /// `name=value` of each dimension.
    fn of(event: &Event, client: &Client, query: &str) -> Vec<String> {
        stating(event, client, query, &Dimensions::new())
    }

    /// The same of an event whose sender says what it is counted by.
    fn stating(event: &Event, client: &Client, query: &str, stated: &Dimensions) -> Vec<String> {
        let origin = Origin { client, stated, query, redacts: true };
        let found = origin.dimensions(event);
        found.iter().map(|(name, value)| format!("{}={value}", name.as_str())).collect()
    }

    #[test]
    fn a_view_has_every_dimension_that_is_known_of_it() {
        let payload = json!({"url": "https://www.shop.example/pricing",
            "referrer": "https://news.example/item/7?id=1"});
        let query = "utm_source=letter&utm_medium=mail&utm_campaign=May+sale&utm_term=a%20b&utm_content=top&ref=x";
        assert_eq!(
            of(&event("view", &payload), &client(), query),
            [
                "source=news.example",
                "referrer=news.example/item/7",
                "utm_source=letter",
                "utm_medium=mail",
                "utm_campaign=May sale",
                "utm_term=a b",
                "utm_content=top",
                "browser=Firefox",
                "os=Linux",
                "device=desktop",
                "language=de",
                "country=AT",
                "entry_page=/pricing",
                "host=www.shop.example",
                "event=view",
            ]
        );
    }

    #[test]
    fn an_own_page_is_neither_a_source_nor_followed_by_an_entry() {
        let view = |referrer: Value| {
            let payload = json!({"url": "https://shop.example/b", "referrer": referrer});
            of(&event("view", &payload), &Client::default(), "")
        };
        for own in ["https://shop.example/a", "https://www.shop.example", "http://SHOP.example:80/"]
        {
            assert_eq!(view(json!(own)), ["host=shop.example", "event=view"], "{own}");
        }
        let entry = ["entry_page=/pricing", "host=shop.example", "event=view"];
        assert_eq!(view(json!("")), entry, "no page led here");
        assert_eq!(view(Value::Null), entry[1..], "nothing is known of the page before");
    }

    #[test]
    fn a_ref_is_a_source_if_no_page_is_and_a_payload_may_name_a_campaign() {
        let payload = json!({"utm_source": "letter"});
        let found = of(&event("view", &payload), &Client::default(), "ref=partner&utm_source=x");
        assert_eq!(found, ["source=partner", "utm_source=letter", "event=view"]);
    }

    /// The source, the page before and the entry of a view with this page before.
    fn led_by(url: &str, referrer: &str) -> String {
        let payload = json!({"url": url, "referrer": referrer});
        let found = of(&event("view", &payload), &Client::default(), "");
        let names = ["source=", "referrer=", "entry_page="];
        let chosen = found.iter().filter(|one| names.iter().any(|name| one.starts_with(name)));
        chosen.map(|one| one.replace("/pricing", "")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_site_that_has_only_an_address_knows_its_own_pages() {
        for (url, own) in [
            ("http://192.168.1.5/b", "http://192.168.1.5/a"),
            ("http://192.168.1.5:8080/b", "http://192.168.1.5:8080/a"),
            ("http://[2001:db8::1]/b", "http://[2001:DB8:0::1]/a"),
            ("https://bücher.example/b", "https://xn--bcher-kva.example/a"),
            ("https://xn--bcher-kva.example/b", "https://www.bücher.example/a"),
            ("capacitor://localhost/b", "capacitor://localhost/a"),
        ] {
            assert_eq!(led_by(url, own), "", "{own}");
        }
        assert_eq!(led_by("http://192.168.1.5/b", "http://192.168.1.6/a"), "entry_page=");
        let umlaut = "source=xn--bcher-kva.example referrer=xn--bcher-kva.example entry_page=";
        assert_eq!(led_by("https://shop.example/", "https://bücher.example/"), umlaut);
        let from = |origin: &str| Client { origin: Some(origin.to_owned()), ..Client::default() };
        let payload = json!({"referrer": "http://192.168.1.5/a"});
        let found = of(&event("view", &payload), &from("http://192.168.1.5"), "");
        assert_eq!(found, ["event=view"]);
    }

    #[test]
    fn a_page_before_may_be_written_shorter_and_what_is_no_page_on_the_web_is_none() {
        let led = |referrer: &str| led_by("https://shop.example/b", referrer);
        for own in ["/a", "?a=b", "#top", "//shop.example/a", "shop.example/a"] {
            assert_eq!(led(own), "", "{own}");
        }
        let other = "source=news.example referrer=www.news.example/x entry_page=";
        for page in ["//www.news.example/x", "www.news.example/x?y", "https://www.news.example/x"] {
            assert_eq!(led(page), other, "{page}");
        }
        for none in [
            "chrome-extension://abc.def/a",
            "moz-extension://0a-1b.x/",
            "safari-web-extension://A.B/",
            "file:///home/ann/a.html",
            "about:blank",
            "http://localhost:3000/a",
            "http://shop.localhost/a",
            "index.html",
            "a b",
            "$direct",
        ] {
            assert_eq!(led(none), "entry_page=", "{none}");
        }
        let app = "source=Slack referrer=com.slack entry_page=";
        assert_eq!(led("android-app://com.Slack/"), app);
    }

    #[test]
    fn a_ref_is_named_as_a_page_before_is() {
        for (given, expected) in [
            ("google", "source=Google"),
            ("GOOGLE.com", "source=Google"),
            ("hacker%20news", "source=Hacker News"),
            ("twitter", "source=X"),
            ("https%3A%2F%2Fwww.producthunt.com%2F", "source=producthunt.com"),
            ("www.producthunt.com", "source=producthunt.com"),
            ("Partner-7", "source=Partner-7"),
            ("footer.v2", "source=footer.v2"),
            ("https%3A%2F%2Fwww.shop.example%2F", ""),
        ] {
            let payload = json!({"url": "https://shop.example/", "referrer": ""});
            let query = format!("ref={given}&utm_source=google");
            let found = of(&event("view", &payload), &Client::default(), &query);
            let source = found.iter().find(|one| one.starts_with("source="));
            assert_eq!(source.map_or("", |source| source), expected, "{given}");
            assert!(found.contains(&"utm_source=google".to_owned()), "{found:?}");
        }
    }

    #[test]
    fn each_tag_is_from_the_first_that_has_it() {
        let payload = json!({"utm_source": "", "utm_campaign": 2025, "UTM_Medium": "mail",
            "url": "https://shop.example/?utm_source=x&UTM_TERM=u%CC%88&utm_content=url"});
        let found = of(&event("view", &payload), &Client::default(), "id=7&utm_content=path");
        let tags: Vec<_> = found.iter().filter(|one| one.starts_with("utm_")).collect();
        assert_eq!(
            tags,
            [
                "utm_source=x",
                "utm_medium=mail",
                "utm_campaign=2025",
                "utm_term=ü",
                "utm_content=path"
            ]
        );
    }

    #[test]
    fn other_events_are_counted_by_their_type_and_excluded_ones_by_nothing() {
        let payload = json!({"url": "https://shop.example/", "referrer": ""});
        let click = event("signup", &payload);
        assert_eq!(of(&click, &client(), "utm_source=x"), ["event=signup"]);
        let excluded = Event { excluded: Some(Exclusion::Bot), ..event("view", &payload) };
        assert_eq!(of(&excluded, &client(), "utm_source=x"), [] as [String; 0]);
    }

    #[test]
    fn what_the_sender_says_is_preferred_to_what_the_client_shows() {
        let says = |pairs: &[(SiteDimension, &str)]| {
            let stated = pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            stating(&event("view", &json!({})), &client(), "", &stated)
        };
        let stated = [(SiteDimension::Browser, "Safari"), (SiteDimension::Country, "NZ")];
        assert_eq!(
            says(&stated)[..5],
            ["browser=Safari", "os=Linux", "device=desktop", "language=de", "country=NZ"]
        );
        let mail = says(&[(SiteDimension::Os, "ann@example.com")]);
        assert!(mail.contains(&"os=[REDACTED]".to_owned()), "{mail:?}");
        let long = says(&[(SiteDimension::Browser, &"ü".repeat(200))]);
        assert!(long.contains(&format!("browser={}", "ü".repeat(64))), "{long:?}");
        let click = event("click", &json!({}));
        let stated = Dimensions::from([(SiteDimension::Browser, "Safari".to_owned())]);
        assert_eq!(stating(&click, &client(), "", &stated), ["event=click"]);
    }

    #[test]
    fn personal_data_and_long_values_are_not_kept() {
        let payload = json!({"referrer": "https://mail.example/inbox/ann@example.com"});
        let query = format!("utm_content=ann@example.com&utm_term={}", "ü".repeat(200));
        let found = of(&event("view", &payload), &Client::default(), &query);
        assert!(found.contains(&"referrer=mail.example/inbox/[REDACTED]".to_owned()), "{found:?}");
        assert!(found.contains(&"utm_content=[REDACTED]".to_owned()), "{found:?}");
        assert!(found.contains(&format!("utm_term={}", "ü".repeat(64))), "{found:?}");
    }
}
