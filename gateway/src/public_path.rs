//! The paths to count: by the rules of their site, without personal data and secrets.

use std::borrow::Cow;

use common::event::{Event, MAX_PATH_BYTES};
use common::page::{PageRules, cut_path};
use serde_json::{Map, Value};

use crate::redacted::redacted;
use crate::settings::GatewaySettings;

/// The fields of a payload that hold a URL or a part of one.
const PLACES: [&str; 7] = ["url", "path", "href", "query", "referrer", "referer", "from"];

/// The path to count and to store.
fn public_path(settings: &GatewaySettings, rules: PageRules, path: &str) -> String {
    shown(settings, &rules.row(path))
}

/// A path without personal data and secrets, if they are taken out.
fn shown(settings: &GatewaySettings, path: &str) -> String {
    if settings.redact_paths { redacted(path).into_owned() } else { path.to_owned() }
}

/// The request to count, such as `GET /a` or a path alone.
pub(crate) fn public_request(
    settings: &GatewaySettings,
    rules: PageRules,
    request: &str,
) -> String {
    match request.split_once(' ').filter(|(_, path)| path.starts_with('/')) {
        Some((method, path)) if !method.contains('/') => {
            format!("{method} {}", public_path(settings, rules, path))
        }
        _ => public_path(settings, rules, request),
    }
}

/// Makes the path of an event public, and the places in its payload. `query` is what else tells the
/// site's pages apart, such as `?id=7`: the end of the path.
pub(crate) fn of_event(
    settings: &GatewaySettings,
    rules: PageRules,
    query: &str,
    event: &mut Event,
) {
    if let Some(path) = event.path.take() {
        let page = format!("{}{query}", rules.row(&path));
        let cut = cut_path(&page, MAX_PATH_BYTES);
        event.truncated |= cut.len() < page.len();
        event.path = Some(shown(settings, cut));
    }
    if settings.redact_paths
        && let Some(payload) = event.payload.as_deref().and_then(public_payload)
    {
        event.payload = Some(payload);
    }
}

/// Whether a payload may have one of the places: most have none, and are not read again.
fn may_have_places(payload: &str) -> bool {
    // A name may be written with escapes.
    payload.contains('\\') || PLACES.iter().any(|place| payload.contains(place))
}

/// The payload with public places; `None` if they are public already.
fn public_payload(payload: &str) -> Option<String> {
    if !may_have_places(payload) {
        return None;
    }
    let mut fields: Map<String, Value> = serde_json::from_str(payload).ok()?;
    let mut changed = false;
    for place in PLACES {
        let Some(Value::String(text)) = fields.get_mut(place) else {
            continue;
        };
        if let Cow::Owned(shown) = redacted(text) {
            *text = shown;
            changed = true;
        }
    }
    changed.then(|| Value::Object(fields).to_string())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use common::site_dimension::Dimensions;
    use common::tenant::TenantId;

    use super::*;
    use crate::settings::tests::settings;

    fn event(path: &str, payload: &str) -> Event {
        Event {
            event_type: "view".to_owned(),
            user_id: None,
            path: Some(path.to_owned()),
            payload: Some(payload.to_owned()),
            timestamp: DateTime::UNIX_EPOCH,
            truncated: false,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        }
    }

    #[test]
    fn a_request_is_counted_by_the_rules_of_its_site() {
        let settings = settings(&["--keep-trailing-slash", "acme", "--merge-index-pages", "*"]);
        let cases = [
            ("acme", "GET /a/", "GET /a/"),
            ("beta", "GET /a/", "GET /a"),
            ("acme", "GET /", "GET /"),
            ("beta", "GET /", "GET /"),
            ("acme", "GET /a/index.html", "GET /a/"),
            ("beta", "/a b/index.php", "/a b"),
            ("beta", "OPTIONS *", "OPTIONS *"),
        ];
        for (tenant, sent, counted) in cases {
            let tenant = TenantId::parse(tenant).expect("a tenant");
            let rules = settings.page_rules(&tenant);
            assert_eq!(public_request(&settings, rules, sent), counted, "{tenant}: {sent}");
        }
    }

    #[test]
    fn an_event_is_stored_without_the_addresses_in_its_places() {
        let payload =
            r#"{"title":"a@b.co","url":"https://a.example/u/ann%40example.com?token=abc123xyz"}"#;
        let mut shown = event("/u/ann@example.com", payload);
        of_event(&settings(&[]), PageRules::default(), "", &mut shown);
        assert_eq!(shown.path.as_deref(), Some("/u/[REDACTED]"));
        let stored = shown.payload.expect("a payload");
        assert_eq!(
            stored,
            r#"{"title":"a@b.co","url":"https://a.example/u/[REDACTED]?token=[REDACTED]"}"#
        );
        let mut as_sent = event("/u/ann@example.com", payload);
        let settings = settings(&["--redact-paths", "false"]);
        of_event(&settings, PageRules::default(), "", &mut as_sent);
        assert_eq!(as_sent, event("/u/ann@example.com", payload));
    }

    #[test]
    fn what_tells_pages_apart_ends_the_path_without_personal_data() {
        let page = |path: &str, query: &str| {
            let mut shown = event(path, "{}");
            of_event(&settings(&[]), PageRules::default(), query, &mut shown);
            (shown.path.expect("a path"), shown.truncated)
        };
        assert_eq!(page("/item/", "?id=7/"), ("/item?id=7/".to_owned(), false));
        let (path, _) = page("/item", "?mail=ann@example.com");
        assert_eq!(path, "/item?mail=[REDACTED]");
        let (path, is_cut) = page("/item", &format!("?q={}", "%C3%BC".repeat(300)));
        assert!(is_cut && path.len() <= MAX_PATH_BYTES && path.ends_with("%BC"), "{path}");
    }

    #[test]
    fn every_place_is_found_however_its_name_is_written() {
        let names = PLACES.map(str::to_owned).into_iter().chain(["\\u0075rl".to_owned()]);
        for name in names {
            let mut shown = event("/", &format!(r#"{{"{name}":"/u/ann@example.com"}}"#));
            of_event(&settings(&[]), PageRules::default(), "", &mut shown);
            let payload = shown.payload.expect("a payload");
            assert!(payload.contains("[REDACTED]"), "{payload}");
        }
    }

    #[test]
    fn a_payload_that_holds_nothing_personal_stays_byte_for_byte() {
        let payload = r#"{"url": "/img/logo@2x.png", "b": 1}"#;
        let mut shown = event("/", payload);
        of_event(&settings(&[]), PageRules::default(), "", &mut shown);
        assert_eq!(shown.payload.as_deref(), Some(payload));
    }
}
