//! The shapes of the stored documents that reads return. `render` writes them field by field,
//! whatever they contain.

#![expect(dead_code, reason = "these types are only described, never built")]

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::forms::{Day, Exclusion, Instant, RecordId, Sha256, TenantId};

/// A text log.
#[derive(ToSchema)]
pub(crate) struct ProcessedLog {
    tenant_id: TenantId,
    /// The text without personal data.
    modified_data: String,
    /// The text as it was sent; missing if `STORE_ORIGINAL` is false.
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
    /// When the log was processed; missing while some of its parts are being processed.
    #[schema(nullable = false)]
    processed_at: Option<Instant>,
    received_at: Instant,
    /// The number of matches that were redacted.
    #[schema(minimum = 0)]
    redactions: i64,
    /// How it came in: `json_upload` or `text_upload`.
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
    /// Which details of the entries were counted; missing if the batch has several parts.
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
    /// When the log was processed; missing while some of its parts are being processed.
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
    /// The object that was sent; its longest texts are cut if it was too large.
    #[schema(required)]
    payload: Option<BTreeMap<String, serde_json::Value>>,
    /// When it happened.
    timestamp: Instant,
    received_at: Instant,
    /// True if a text was too long and was cut; otherwise missing.
    #[schema(nullable = false)]
    truncated: Option<bool>,
    /// Why the event is not counted; missing if it is. User, path and payload are then null.
    #[schema(nullable = false)]
    excluded: Option<Exclusion>,
    /// The values that the event is counted by, besides its type and path, by dimension; missing if
    /// it has no such values.
    #[schema(nullable = false)]
    dimensions: Option<BTreeMap<String, String>>,
    /// Which of `event_type` and `path` are counted as `(other)`, separated by commas; missing if none is.
    #[schema(nullable = false)]
    others: Option<String>,
    /// The day by which it is counted; missing if that is the day of `timestamp` in UTC.
    #[schema(nullable = false)]
    day: Option<Day>,
    /// When the document expires; missing without retention.
    #[schema(nullable = false)]
    expire_at: Option<Instant>,
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
    /// Missing if the data was redacted: it would make it possible to guess the original.
    #[schema(nullable = false)]
    data_sha256: Option<Sha256>,
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
    TooOld,
}

/// A page of quarantined messages.
#[derive(ToSchema)]
pub(crate) struct Quarantine {
    quarantine: Vec<Quarantined>,
    /// The token of the next page; missing on the last page.
    #[schema(nullable = false)]
    next_page_token: Option<String>,
}

/// A line of an export: a document, or the token to go on with.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum ExportLine {
    Document(ExportedDocument),
    Next(NextPage),
}

/// A document of a tenant.
#[derive(ToSchema)]
pub(crate) struct ExportedDocument {
    /// The collection below the tenant, such as `events` or `processed_logs/order-7/parts`.
    collection: String,
    /// Its id in that collection.
    id: String,
    /// Its fields.
    document: BTreeMap<String, serde_json::Value>,
}

/// More is left.
#[derive(ToSchema)]
pub(crate) struct NextPage {
    next_page_token: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, NaiveDate};
    use common::event::{Bounded, Event, Exclusion};
    use common::record::{Kind, Part, Record, RecordId};
    use common::retention::Keep;
    use common::site_dimension::SiteDimension;
    use common::tenant::TenantId;
    use serde_json::Value;

    use crate::openapi::document::document;

    /// The names of the fields of an event that has all of them.
    fn fields() -> BTreeSet<String> {
        let record = Record {
            kind: Kind::Event,
            tenant: TenantId::parse("acme").expect("a tenant"),
            id: RecordId::random(),
            digest: String::new(),
            source: "site_event".to_owned(),
            received_at: DateTime::UNIX_EPOCH,
            part: Part::WHOLE,
            traceparent: None,
            data: String::new(),
        };
        let event = Event {
            event_type: "click".to_owned(),
            user_id: None,
            path: None,
            payload: None,
            timestamp: DateTime::UNIX_EPOCH,
            truncated: true,
            excluded: Some(Exclusion::Bot),
            dimensions: [(SiteDimension::Os, "Linux".to_owned())].into(),
            others: vec![Bounded::Path],
            day: Some(NaiveDate::MIN),
        };
        let fields = event.fields(&record, Keep { original: true, days: Some(32) });
        fields.into_keys().collect()
    }

    #[test]
    fn every_field_of_a_stored_event_is_described() {
        let document: Value = serde_json::from_str(&document()).expect("JSON");
        let schema = &document["components"]["schemas"]["ListedEvent"]["properties"];
        let described = schema.as_object().expect("properties").keys().cloned();
        let mut stored = fields();
        stored.insert("event_id".to_owned());
        assert_eq!(described.collect::<BTreeSet<_>>(), stored);
    }
}
