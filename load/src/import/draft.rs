//! An event as an export tells it.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// A row is not what its product writes.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{column} is {value:?}")]
pub(super) struct Unreadable {
    pub(super) column: &'static str,
    pub(super) value: String,
}

/// An event before it has a site.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) event_type: String,
    /// The page with its query. Empty if the row names no page.
    pub(super) path: String,
    /// Empty if nobody is known.
    pub(super) user_id: String,
    pub(super) timestamp: String,
    pub(super) payload: Map<String, Value>,
    /// What the visitor used, and where.
    pub(super) dimensions: Map<String, Value>,
    /// Why it does not count, if it does not.
    pub(super) excluded: Option<&'static str>,
}

impl Draft {
    /// The body of `POST /event`.
    pub(super) fn event(self, site: &str) -> Value {
        let Self { id, event_type, path, user_id, timestamp, payload, dimensions, excluded } = self;
        let mut event = json!({
            "site_id": site, "event_id": id, "event_type": event_type, "timestamp": timestamp,
            "payload": payload,
        });
        let known = |text: String| (!text.is_empty()).then_some(text);
        let more = [
            ("path", known(path)),
            ("user_id", known(user_id)),
            ("excluded", excluded.map(str::to_owned)),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                event[name] = value.into();
            }
        }
        if !dimensions.is_empty() {
            event["dimensions"] = dimensions.into();
        }
        event
    }
}

/// A time with its zone, or else in UTC, as RFC 3339.
pub(super) fn instant(column: &'static str, text: &str) -> Result<String, Unreadable> {
    let with_zone = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let plain = || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
    let at: Result<DateTime<Utc>, _> = with_zone.or_else(|_| plain().map(|at| at.and_utc()));
    let at = at.map_err(|_| Unreadable { column, value: text.to_owned() })?;
    Ok(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// The members that are not empty.
pub(super) fn known<T: AsRef<str>>(
    members: impl IntoIterator<Item = (&'static str, T)>,
) -> Map<String, Value> {
    let members = members.into_iter().filter(|(_, value)| !value.as_ref().is_empty());
    members.map(|(name, value)| (name.to_owned(), value.as_ref().into())).collect()
}
