//! What the settings of a site say about one of its events: whether it counts, and on which page.

use actix_web::web::Query;
use common::event::Exclusion;
use common::host::host_name;
use common::page::PageRules;
use common::page_query;
use common::site_settings::SiteSettings;
use serde_json::{Map, Value};

use crate::extractors::new_event::NewEvent;
use crate::own_host;

/// Makes an event that the site leaves out one that is not counted. One that is not counted anyway
/// keeps its reason.
pub(crate) fn exclude(site: &SiteSettings, rules: PageRules, event: &mut NewEvent) {
    if event.event.excluded.is_none()
        && let Some(reason) = why(site, rules, event)
    {
        event.event = event.event.clone().excluded_for(reason);
    }
}

/// The parameters of the page's address that tell pages apart, as the end of its path: `?id=7`.
pub(crate) fn page_query(site: &SiteSettings, query: &str) -> String {
    if site.query_parameters.is_empty() || query.is_empty() {
        return String::new();
    }
    let pairs = Query::<Vec<(String, String)>>::from_query(query);
    let pairs = pairs.map(Query::into_inner).unwrap_or_default();
    let kept = pairs.iter().filter(|(name, _)| site.query_parameters.contains(name));
    page_query::page_query(kept.map(|(name, value)| (name.as_str(), value.as_str())))
}

fn why(site: &SiteSettings, rules: PageRules, event: &NewEvent) -> Option<Exclusion> {
    let path = event.event.path.as_deref().map(|path| rules.row(path));
    let address = event.client.address;
    if address.is_some_and(|address| site.excludes_address(address)) {
        return Some(Exclusion::Address);
    }
    if path.is_some_and(|path| site.excludes_path(&path, rules)) {
        return Some(Exclusion::Path);
    }
    let is_elsewhere = !site.hosts.is_empty() && !is_at_home(site, event);
    is_elsewhere.then_some(Exclusion::Host)
}

/// Whether the page is on a host of the site, or on none that is known.
fn is_at_home(site: &SiteSettings, event: &NewEvent) -> bool {
    let payload = event.event.payload.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let payload: Map<String, Value> = payload.unwrap_or_default();
    let host = own_host::authority(&payload, &event.client);
    // A page under a bare IP address is never one of the site's hosts.
    host.is_none_or(|host| host_name(host).is_some_and(|host| site.allows_host(&host)))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use common::event::Event;
    use common::record::RecordId;
    use common::site_dimension::Dimensions;
    use common::tenant::TenantId;
    use serde_json::json;

    use super::*;
    use crate::extractors::client::Client;

    fn site(settings: Value) -> SiteSettings {
        let Value::Object(settings) = settings else { panic!("no object") };
        SiteSettings::parse(settings).expect("settings")
    }

    fn view(path: &str, payload: &Value, client: Client) -> NewEvent {
        NewEvent {
            tenant: TenantId::default(),
            id: RecordId::random(),
            source: "site_event",
            event: Event {
                event_type: "view".to_owned(),
                user_id: Some("ann".to_owned()),
                path: Some(path.to_owned()),
                payload: Some(payload.to_string()),
                timestamp: DateTime::UNIX_EPOCH,
                truncated: false,
                excluded: None,
                dimensions: Dimensions::new(),
                others: Vec::new(),
                day: None,
            },
            digest: String::new(),
            received_at: Utc::now(),
            client,
            stated: Dimensions::new(),
            query: String::new(),
            traceparent: None,
        }
    }

    /// Why the site leaves out the event.
    fn why(site: &SiteSettings, mut event: NewEvent) -> Option<&'static str> {
        exclude(site, PageRules::default(), &mut event);
        let event = event.event;
        assert_eq!(event.path.is_none(), event.excluded.is_some(), "nothing of the visit is kept");
        event.excluded.map(Exclusion::as_str)
    }

    fn from(origin: &str) -> Client {
        Client { origin: Some(origin.to_owned()), ..Client::default() }
    }

    #[test]
    fn a_page_on_another_host_does_not_count() {
        let site = site(json!({"hosts": ["shop.example"]}));
        let cases = [
            (json!({"url": "https://shop.example/a"}), "", None),
            (json!({"url": "https://www.shop.example:8443/a"}), "https://evil.example", None),
            (json!({"url": "https://evil.example/a"}), "https://shop.example", Some("host")),
            (json!({"url": "https://ann@evil.example?shop.example"}), "", Some("host")),
            (json!({"url": "//evil.example/a"}), "", Some("host")),
            (json!({"url": "https://203.0.113.7/a"}), "", Some("host")),
            (json!({"url": "http://[2001:db8::1]:80/a"}), "", Some("host")),
            (json!({"url": "/a?next=https://evil.example/"}), "https://shop.example", None),
            (json!({"host": "shop.example"}), "", None),
            (json!({"hostname": "evil.example:80"}), "", Some("host")),
            (json!({}), "https://evil.example", Some("host")),
            (json!({}), "https://shop.example", None),
            (json!({}), "null", None),
            (json!({"url": "file:///a"}), "", None),
            (json!({}), "", None),
        ];
        for (payload, origin, expected) in cases {
            let found = why(&site, view("/a", &payload, from(origin)));
            assert_eq!(found, expected, "{payload} from {origin:?}");
        }
        let umlaut = self::site(json!({"hosts": ["bücher.example"]}));
        let escaped = self::site(json!({"hosts": ["xn--bcher-kva.example"]}));
        for url in ["https://xn--bcher-kva.example/a", "https://www.Bücher.example:80/a"] {
            for site in [&umlaut, &escaped] {
                assert_eq!(why(site, view("/a", &json!({"url": url}), from(""))), None, "{url}");
            }
        }
        let any = SiteSettings::default();
        let payload = json!({"url": "https://evil.example/a"});
        assert_eq!(why(&any, view("/a", &payload, Client::default())), None);
    }

    #[test]
    fn an_excluded_page_and_an_excluded_address_do_not_count() {
        let site = site(json!({
            "excluded_paths": ["/admin*"], "excluded_addresses": ["192.0.2.0/24"],
        }));
        let at = |address: &str| Client {
            address: Some(address.parse().expect("an address")),
            ..Client::default()
        };
        let empty = json!({});
        assert_eq!(why(&site, view("/a", &empty, at("203.0.113.7"))), None);
        assert_eq!(why(&site, view("/admin/a", &empty, at("203.0.113.7"))), Some("path"));
        assert_eq!(why(&site, view("/a", &empty, at("192.0.2.7"))), Some("address"));
        let mut bot = view("/admin", &empty, Client::default());
        bot.event = bot.event.excluded_for(Exclusion::Bot);
        assert_eq!(why(&site, bot), Some("bot"), "the first reason stays");
    }

    #[test]
    fn chosen_parameters_tell_pages_apart() {
        let shop = site(json!({"query_parameters": ["id", "lang"]}));
        for (query, kept) in [
            ("id=7&utm_source=x", "?id=7"),
            ("lang=de&id=7", "?id=7&lang=de"),
            ("id=%37", "?id=7"),
            ("ID=7&session=secret", ""),
            ("", ""),
        ] {
            assert_eq!(page_query(&shop, query), kept, "{query}");
        }
        assert_eq!(page_query(&SiteSettings::default(), "id=7"), "");
    }
}
