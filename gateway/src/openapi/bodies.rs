//! The bodies of requests: their shapes. They are read field by field, so that all that is wrong
//! is found before it is said.

#![expect(dead_code, reason = "they describe, and are never built")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

use super::forms::{
    EventName, Instant, LogText, NcsaTime, Place, RecordId, Target, TenantId, UserId,
};

/// A text log.
#[derive(ToSchema)]
pub(crate) struct TextLog {
    /// May be missing where a header or the query names the tenant.
    tenant_id: Option<TenantId>,
    /// A made one where it is missing.
    log_id: Option<RecordId>,
    text: LogText,
}

/// An event of a site. `page_view`, `pageview` and `view` are views.
#[derive(ToSchema)]
pub(crate) struct SiteEvent {
    /// The tenant. May be missing where a header or the query names it.
    site_id: Option<TenantId>,
    event_type: EventName,
    /// A view without it takes it from `payload.url`.
    path: Option<Place>,
    /// A browser that names none is given an id for the day.
    user_id: Option<UserId>,
    /// From the year 2000 to 24 hours ahead; the server's where it is missing.
    timestamp: Option<Instant>,
    /// A made one where it is missing.
    event_id: Option<RecordId>,
    /// Anything, of at most 64 KiB.
    payload: Option<BTreeMap<String, Value>>,
}

/// An interaction of a user.
#[derive(ToSchema)]
#[serde(tag = "event_type", rename_all = "lowercase")]
pub(crate) enum Interaction {
    View(View),
    Click(Click),
    Location(Location),
}

/// A page was seen.
#[derive(ToSchema)]
pub(crate) struct View {
    user_id: UserId,
    payload: ViewPayload,
}

/// Of at most 64 KiB; other members are kept, too.
#[derive(ToSchema)]
pub(crate) struct ViewPayload {
    url: Place,
    #[serde(flatten)]
    texts: Texts,
}

/// An element was clicked.
#[derive(ToSchema)]
pub(crate) struct Click {
    user_id: UserId,
    payload: Option<ClickPayload>,
}

/// Of at most 64 KiB; other members are kept, too.
#[derive(ToSchema)]
pub(crate) struct ClickPayload {
    url: Option<Place>,
    #[serde(flatten)]
    texts: Texts,
}

/// A place was told.
#[derive(ToSchema)]
pub(crate) struct Location {
    user_id: UserId,
    payload: LocationPayload,
}

/// Of at most 64 KiB; other members are kept, too.
#[derive(ToSchema)]
pub(crate) struct LocationPayload {
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
    /// In metres.
    #[schema(minimum = 0)]
    accuracy: Option<f64>,
    url: Option<Place>,
    #[serde(flatten)]
    texts: Texts,
}

/// What a payload may tell of a page or an element.
#[derive(ToSchema)]
pub(crate) struct Texts {
    title: Option<String>,
    element_id: Option<String>,
    text: Option<String>,
    xpath: Option<String>,
}

/// A batch of access-log entries; some may be invalid.
#[derive(ToSchema)]
#[schema(min_items = 1)]
pub(crate) struct Batch(Vec<LogEntry>);

/// An entry of an access log. Aliases: `timestamp`, `time` or `ts` for `receivedAt`, `user_agent`
/// for `userAgent`.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEntry {
    received_at: Time,
    #[schema(pattern = r"^[A-Za-z0-9!#$%&'*+.^_|~-]{1,32}$")]
    method: String,
    path: Target,
    #[schema(pattern = r"^\s*[^\r\n]*\s*$")]
    user_agent: Option<String>,
}

/// From the year 2000 to 24 hours ahead.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum Time {
    /// RFC 3339.
    Rfc3339(Instant),
    /// As Apache and nginx write it.
    Ncsa(NcsaTime),
    Epoch(Epoch),
}

/// Seconds or milliseconds since 1970.
#[derive(ToSchema)]
#[schema(minimum = 946684800)]
pub(crate) struct Epoch(f64);
