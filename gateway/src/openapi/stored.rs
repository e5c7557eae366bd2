//! The shapes of the stored documents that reads return. `render` writes them field by field,
//! whatever they contain.

#![expect(dead_code, reason = "these types are only described, never built")]

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::forms::{Instant, RecordId, Sha256, TenantId};

/// A text log.
#[derive(ToSchema)]
pub(crate) struct ProcessedLog {
    tenant_id: TenantId,
    /// The text without personal data.
    modified_data: String,
    /// The text as it came; missing if `STORE_ORIGINAL` is false.
    #[schema(nullable = false)]
    original_text: Option<String>,
    /// When the document expires; missing without retention.
    #[schema(nullable = false)]
    expire_at: Option<Instant>,
    #[serde(flatten)]
    listed: ListedLog,
}

/// A text log without its texts.
#[derive(ToSchema)]
pub(crate) struct ListedLog {
    log_id: RecordId,
    /// The length of the parts that are processed, in characters.
    #[schema(minimum = 0)]
    characters: i64,
    digest: Sha256,
    /// The number of parts; missing if the text has one part.
    #[schema(nullable = false, minimum = 1)]
    parts: Option<i64>,
    /// The number of parts that are processed.
    #[schema(nullable = false, minimum = 0)]
    parts_done: Option<i64>,
    /// When the log was processed; missing while some of its parts are in work.
    #[schema(nullable = false)]
    processed_at: Option<Instant>,
    received_at: Instant,
    /// The number of matches that were redacted.
    #[schema(minimum = 0)]
    redactions: i64,
    /// The way it came: `json_upload` or `text_upload`.
    source: String,
}

/// A page of text logs.
#[derive(ToSchema)]
pub(crate) struct ProcessedLogs {
    processed_logs: Vec<ListedLog>,
    /// The token of the next page; missing on the last page.
    #[schema(nullable = false)]
    next_page_token: Option<String>,
}

/// A batch of access-log entries.
#[derive(ToSchema)]
pub(crate) struct LogBatch {
    tenant_id: TenantId,
    batch_id: RecordId,
    digest: Sha256,
    /// What of the entries was counted; missing if the batch has several parts.
    #[schema(nullable = false)]
    dimensions: Option<String>,
    /// The number of entries in the parts that are processed.
    #[schema(minimum = 0)]
    entries: i64,
    /// The earliest time of an entry.
    #[schema(nullable = false)]
    first: Option<Instant>,
    /// The latest time of an entry.
    #[schema(nullable = false)]
    last: Option<Instant>,
    #[schema(minimum = 1)]
    parts: i64,
    /// The number of parts that are processed.
    #[schema(minimum = 0)]
    parts_done: i64,
    /// When the log was processed; missing while some of its parts are in work.
    #[schema(nullable = false)]
    processed_at: Option<Instant>,
    received_at: Instant,
    /// When the document expires; missing without retention.
    #[schema(nullable = false)]
    expire_at: Option<Instant>,
}

/// An event.
#[derive(ToSchema)]
pub(crate) struct StoredEvent {
    tenant_id: TenantId,
    #[serde(flatten)]
    listed: ListedEvent,
}

/// An event in a listing.
#[derive(ToSchema)]
pub(crate) struct ListedEvent {
    event_id: RecordId,
    digest: Sha256,
    event_type: String,
    /// The user, or the visitor's id for the day; null if neither is known.
    #[schema(required)]
    user_id: Option<String>,
    #[schema(required)]
    path: Option<String>,
    /// What was sent with the event; text if it was cut.
    #[schema(required)]
    payload: Option<Payload>,
    /// When it happened.
    timestamp: Instant,
    received_at: Instant,
    /// When the document expires; missing without retention.
    #[schema(nullable = false)]
    expire_at: Option<Instant>,
}

/// The payload of an event.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum Payload {
    Object(BTreeMap<String, serde_json::Value>),
    Text(String),
}

/// A page of events.
#[derive(ToSchema)]
pub(crate) struct StoredEvents {
    events: Vec<ListedEvent>,
    /// The token of the next page; missing on the last page.
    #[schema(nullable = false)]
    next_page_token: Option<String>,
}

/// A message that cannot be processed, without its data.
#[derive(ToSchema)]
pub(crate) struct Quarantined {
    id: Sha256,
    /// The number of deliveries so far.
    #[schema(minimum = 0)]
    attempts: i64,
    attributes: Attributes,
    /// The size of the data.
    #[schema(minimum = 0)]
    data_bytes: i64,
    data_sha256: Sha256,
    /// The reason in words.
    detail: String,
    first_seen: Instant,
    reason: Reason,
}

/// The message's attributes; as JSON text if the store would refuse them.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum Attributes {
    Named(BTreeMap<String, String>),
    Text(String),
}

/// Why a message is in quarantine.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    Conflict,
    BadMessage,
    Invalid,
    DeadLetter,
}

/// A page of quarantined messages.
#[derive(ToSchema)]
pub(crate) struct Quarantine {
    quarantine: Vec<Quarantined>,
    /// The token of the next page; missing on the last page.
    #[schema(nullable = false)]
    next_page_token: Option<String>,
}
