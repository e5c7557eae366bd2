//! An event on a site, in its message and in the store: what a visitor did, where and when.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::hash;
use crate::keep::Keep;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::record::{Record, RecordId};
use crate::store::{Fields, Value, fields};
use crate::tenant::TenantId;

/// The event types that count as page views.
pub const VIEWS: [&str; 3] = ["page_view", "pageview", "view"];
/// Longest event type, in bytes.
pub const MAX_TYPE_BYTES: usize = 64;
/// Longest path, in bytes.
pub const MAX_PATH_BYTES: usize = 1_024;
/// Longest user id, in bytes.
pub const MAX_USER_ID_BYTES: usize = 256;
/// Largest payload, in bytes of its JSON text.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 10;

/// An event as the gateway normalized it; in the message, one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened, such as `click`.
    pub event_type: String,
    /// Who did it, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// On which page, without query and fragment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Anything else about it, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// When it happened according to the client, or else when it was received.
    pub timestamp: DateTime<Utc>,
}

impl Event {
    /// The SHA-256 of what the client sent. Pass `timestamp` only if the client gave it, so that
    /// the same event sent again has the same digest.
    pub fn digest(&self, timestamp: Option<DateTime<Utc>>) -> String {
        let time = timestamp.map(|time| time.to_rfc3339());
        let optional = [&self.user_id, &self.path, &self.payload, &time];
        let present = optional.map(|field| if field.is_some() { "1" } else { "0" });
        let text = optional.map(|field| field.as_deref().unwrap_or(""));
        hash::of_fields(&[&[self.event_type.as_str()], &present[..], &text[..]].concat())
    }

    /// Whether it is a page view.
    pub fn is_view(&self) -> bool {
        VIEWS.contains(&self.event_type.as_str())
    }

    /// The document.
    pub fn fields(&self, record: &Record, keep: Keep) -> Fields {
        let optional = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        let mut document = fields([
            ("event_type", self.event_type.as_str().into()),
            ("user_id", optional(&self.user_id)),
            ("path", optional(&self.path)),
            ("payload", optional(&self.payload)),
            ("timestamp", self.timestamp.into()),
            ("received_at", record.received_at.into()),
            ("digest", record.digest.as_str().into()),
        ]);
        keep.mark(&mut document, record.received_at);
        document
    }
}

/// The path of an event.
pub fn path(tenant: &TenantId, id: &RecordId) -> DocumentPath {
    CollectionPath::of(tenant, Collection::Events).record(id)
}

/// The path that is counted: that of a URL, or else everything before query and fragment.
pub fn counted_path(place: &str) -> String {
    let place = place.trim();
    let after_host =
        place.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).map(|(_, rest)| {
            let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            &rest[host_end..]
        });
    let path = after_host.unwrap_or(place);
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
}

/// The path of the `url` in a payload.
pub fn path_in(payload: &Json) -> Option<String> {
    payload.get("url").and_then(Json::as_str).map(counted_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_path_has_neither_host_nor_query_nor_fragment() {
        let cases = [
            ("/pricing", "/pricing"),
            ("/pricing?plan=pro#top", "/pricing"),
            ("/docs#install", "/docs"),
            ("https://example.com/a/b?c=/d", "/a/b"),
            ("https://example.com", "/"),
            ("https://example.com?x=https://y/z", "/"),
            ("/redirect?to=https://example.com/x", "/redirect"),
            ("?utm=1", "/"),
            ("", "/"),
        ];
        for (place, path) in cases {
            assert_eq!(counted_path(place), path, "{place:?}");
        }
    }

    #[test]
    fn the_digest_tells_a_missing_field_from_an_empty_one() {
        let event = |path: Option<&str>| Event {
            event_type: "click".to_owned(),
            user_id: None,
            path: path.map(str::to_owned),
            payload: None,
            timestamp: DateTime::UNIX_EPOCH,
        };
        assert_ne!(event(None).digest(None), event(Some("")).digest(None));
        assert_eq!(event(None).digest(None), event(None).digest(None));
        assert_ne!(event(None).digest(None), event(None).digest(Some(DateTime::UNIX_EPOCH)));
    }
}
