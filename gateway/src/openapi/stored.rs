//! The documents that reads give as the store has them: their shapes. `render` writes them field by
//! field, whatever they hold.

#![expect(dead_code, reason = "they describe, and are never built")]

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::forms::{Instant, RecordId, Sha256, TenantId};

/// A text log, its parts joined.
#[derive(ToSchema)]
pub(crate) struct ProcessedLog {
    tenant_id: TenantId,
    /// The text without personal data.
    modified_data: String,
    /// The text as it came; missing where it is not kept.
    #[schema(nullable = false)]
    original_text: Option<String>,
    /// When the store forgets it; missing where nothing is forgotten.
    #[schema(nullable = false)]
    expire_at: Option<Instant>,
    #[serde(flatten)]
    listed: ListedLog,
}

/// A text log without its texts.
#[derive(ToSchema)]
pub(crate) struct ListedLog {
    log_id: RecordId,
    /// Length of the text, as far as its parts are processed.
    #[schema(minimum = 0)]
    characters: i64,
    digest: Sha256,
    /// How many parts the text has; missing where it was not cut.
    #[schema(nullable = false, minimum = 1)]
    parts: Option<i64>,
    /// How many of them are processed.
    #[schema(nullable = false, minimum = 0)]
    parts_done: Option<i64>,
    /// When the last part was processed; missing before the first one is.
    #[schema(nullable = false)]
    processed_at: Option<Instant>,
    received_at: Instant,
    /// Pieces of personal data that were replaced.
    #[schema(minimum = 0)]
    redactions: i64,
    /// The way it came: `json_upload` or `text_upload`.
    source: String,
}

/// A page of text logs.
#[derive(ToSchema)]
pub(crate) struct ProcessedLogs {
    processed_logs: Vec<ListedLog>,
    /// Where the next page begins; missing on the last one.
    #[schema(nullable = false)]
    next_page_token: Option<String>,
}

/// A batch of access-log entries.
#[derive(ToSchema)]
pub(crate) struct LogBatch {
    tenant_id: TenantId,
    batch_id: RecordId,
    digest: Sha256,
    /// Entries, as far as its parts are processed.
    #[schema(minimum = 0)]
    entries: i64,
    /// The time of the first of them.
    #[schema(nullable = false)]
    first: Option<Instant>,
    /// The time of the last of them.
    #[schema(nullable = false)]
    last: Option<Instant>,
    #[schema(minimum = 1)]
    parts: i64,
    /// How many of them are processed.
    #[schema(minimum = 0)]
    parts_done: i64,
    /// When the last part was processed; missing before the first one is.
    #[schema(nullable = false)]
    processed_at: Option<Instant>,
    received_at: Instant,
    /// When the store forgets it; missing where nothing is forgotten.
    #[schema(nullable = false)]
    expire_at: Option<Instant>,
}

/// A message that could not be processed, without its data.
#[derive(ToSchema)]
pub(crate) struct Quarantined {
    id: Sha256,
    /// Deliveries so far.
    #[schema(minimum = 0)]
    attempts: i64,
    attributes: Attributes,
    /// Size of the data.
    #[schema(minimum = 0)]
    data_bytes: i64,
    data_sha256: Sha256,
    /// The reason in words.
    detail: String,
    first_seen: Instant,
    reason: Reason,
}

/// The message's attributes; as JSON text where they are such that the store refuses them.
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
    /// Where the next page begins; missing on the last one.
    #[schema(nullable = false)]
    next_page_token: Option<String>,
}
