//! Takes personal data and secrets out of paths, and out of events, before they are counted.

use std::borrow::Cow;

use common::event::Event;
use common::text::redact::redact_path;
use serde_json::{Map, Value};

use crate::settings::GatewaySettings;

/// The fields of a payload that hold a URL or a part of one.
const PLACES: [&str; 7] = ["url", "path", "href", "query", "referrer", "referer", "from"];

/// The path to count and to store.
pub(crate) fn public_path(settings: &GatewaySettings, path: String) -> String {
    if !settings.redact_paths {
        return path;
    }
    match redact_path(&path) {
        Cow::Owned(shown) => shown,
        Cow::Borrowed(_) => path,
    }
}

/// Makes the path of an event public, and the places in its payload.
pub(crate) fn of_event(settings: &GatewaySettings, event: &mut Event) {
    if !settings.redact_paths {
        return;
    }
    event.path = event.path.take().map(|path| public_path(settings, path));
    if let Some(payload) = event.payload.as_deref().and_then(public_payload) {
        event.payload = Some(payload);
    }
}

/// The payload with public places; `None` if they are public already.
fn public_payload(payload: &str) -> Option<String> {
    let mut fields: Map<String, Value> = serde_json::from_str(payload).ok()?;
    let mut changed = false;
    for place in PLACES {
        let Some(Value::String(text)) = fields.get_mut(place) else {
            continue;
        };
        if let Cow::Owned(shown) = redact_path(text) {
            *text = shown;
            changed = true;
        }
    }
    changed.then(|| Value::Object(fields).to_string())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        settings: GatewaySettings,
    }

    fn settings(options: &[&str]) -> GatewaySettings {
        Options::parse_from([&["gateway"], options].concat()).settings
    }

    fn event(path: &str, payload: &str) -> Event {
        Event {
            event_type: "view".to_owned(),
            user_id: None,
            path: Some(path.to_owned()),
            payload: Some(payload.to_owned()),
            timestamp: DateTime::UNIX_EPOCH,
            truncated: false,
            excluded: None,
        }
    }

    #[test]
    fn an_event_is_stored_without_the_addresses_in_its_places() {
        let payload =
            r#"{"title":"a@b.co","url":"https://a.example/u/ann%40example.com?token=abc123xyz"}"#;
        let mut shown = event("/u/ann@example.com", payload);
        of_event(&settings(&[]), &mut shown);
        assert_eq!(shown.path.as_deref(), Some("/u/[REDACTED]"));
        let stored = shown.payload.expect("a payload");
        assert_eq!(
            stored,
            r#"{"title":"a@b.co","url":"https://a.example/u/[REDACTED]?token=[REDACTED]"}"#
        );
        let mut as_sent = event("/u/ann@example.com", payload);
        of_event(&settings(&["--redact-paths", "false"]), &mut as_sent);
        assert_eq!(as_sent, event("/u/ann@example.com", payload));
    }

    #[test]
    fn a_payload_that_holds_nothing_personal_stays_byte_for_byte() {
        let payload = r#"{"url": "/img/logo@2x.png", "b": 1}"#;
        let mut shown = event("/", payload);
        of_event(&settings(&[]), &mut shown);
        assert_eq!(shown.payload.as_deref(), Some(payload));
    }
}
