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
use common::host::{host_name, host_of};
use common::site_dimension::{Dimensions, SiteDimension};
use common::text::redact::redact_path;
use serde_json::{Map, Value};

pub(crate) use self::named::Named;
use self::query::Parameters;
use self::referrer::Referrer;
use crate::extractors::client::Client;
use crate::formats::user_agent;

/// The longest value but that of a page, in bytes.
const MAX_BYTES: usize = 128;
/// The longest page, in bytes.
const MAX_PAGE_BYTES: usize = 1_024;

/// Where an event comes from: everything that its dimensions are made of, beside the event itself.
pub(crate) struct Origin<'a> {
    /// The client that sent it.
    pub(crate) client: &'a Client,
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
        let host = self.host(&text);
        let parameters = Parameters::of(self.query);
        let parameter = |name: &str| {
            let value = text(&[name]).map(str::to_owned).or_else(|| parameters.get(name));
            value.map(|value| self.public(&value)).filter(|value| !value.is_empty())
        };
        let referrer = Referrer::of(text(&["referrer", "referer"]), host.as_deref());
        let is_entry = !matches!(referrer, Referrer::Unknown | Referrer::Own);
        let mut found = vec![
            (SiteDimension::EntryPage, event.path.clone().filter(|_| is_entry)),
            (SiteDimension::Referrer, referrer.page().map(|page| self.public(&page))),
            (SiteDimension::Source, referrer.source().or_else(|| parameter("ref"))),
            (SiteDimension::Host, host),
        ];
        let campaign = SiteDimension::CAMPAIGN;
        found.extend(campaign.map(|dimension| (dimension, parameter(dimension.as_str()))));
        found
    }

    /// The site's own host.
    fn host<'t>(&self, text: &impl Fn(&[&str]) -> Option<&'t str>) -> Option<String> {
        let of_page = || text(&["url"]).and_then(host_of);
        let said = || text(&["host", "hostname"]).and_then(host_name);
        of_page().or_else(said).or_else(|| self.client.origin.as_deref().and_then(host_of))
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

    fn public(&self, text: &str) -> String {
        let shown = if self.redacts { redact_path(text) } else { Cow::Borrowed(text) };
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
        let origin = Origin { client, query, redacts: true };
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

    #[test]
    fn other_events_are_counted_by_their_type_and_excluded_ones_by_nothing() {
        let payload = json!({"url": "https://shop.example/", "referrer": ""});
        let click = event("signup", &payload);
        assert_eq!(of(&click, &client(), "utm_source=x"), ["event=signup"]);
        let excluded = Event { excluded: Some(Exclusion::Bot), ..event("view", &payload) };
        assert_eq!(of(&excluded, &client(), "utm_source=x"), [] as [String; 0]);
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
