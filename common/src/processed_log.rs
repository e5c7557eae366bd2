//! A text log in the store: one document, or for a text of several parts the claim and its parts.
//! The worker writes through this module, the gateway reads through it.

use chrono::{DateTime, Utc};

use crate::keep::Keep;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::record::{Record, RecordId};
use crate::store::{Document, Fields, Value, Write, fields};
use crate::tenant::TenantId;

/// Fields of a log, other than its texts.
pub const LISTED: &[&str] = &[
    "source",
    "processed_at",
    "received_at",
    "characters",
    "redactions",
    "digest",
    "parts",
    "parts_done",
];

/// Where a tenant's logs lie.
pub fn collection(tenant: &TenantId) -> CollectionPath {
    CollectionPath::of(tenant, Collection::ProcessedLogs)
}

/// Where one log lies.
pub fn path(tenant: &TenantId, id: &RecordId) -> DocumentPath {
    collection(tenant).record(id)
}

/// What the worker made of one part.
#[derive(Clone, Debug, PartialEq)]
pub struct Processed {
    /// The text without personal data.
    pub modified_data: String,
    /// Pieces of personal data replaced.
    pub redactions: u32,
    /// When the work ended.
    pub processed_at: DateTime<Utc>,
}

/// The document of a text of one part.
pub fn whole(record: &Record, processed: &Processed, keep: Keep) -> Fields {
    let mut document = fields([
        ("source", record.source.as_str().into()),
        ("received_at", record.received_at.into()),
        ("characters", characters(record).into()),
    ]);
    document.extend(part(record, processed, keep));
    document
}

/// The document that reserves a name for a text of several parts.
pub fn claim(record: &Record, keep: Keep) -> Write {
    let mut fields = fields([
        ("source", record.source.as_str().into()),
        ("received_at", record.received_at.into()),
        ("digest", record.digest.as_str().into()),
        ("parts", record.part.of.into()),
        ("parts_done", 0i64.into()),
        ("characters", 0i64.into()),
        ("redactions", 0i64.into()),
    ]);
    keep.mark(&mut fields, record.received_at);
    Write::Create { path: path(&record.tenant, &record.id), fields }
}

/// The document of one part, also the greater half of [`whole`].
pub fn part(record: &Record, processed: &Processed, keep: Keep) -> Fields {
    let mut document = fields([
        ("modified_data", processed.modified_data.as_str().into()),
        ("processed_at", processed.processed_at.into()),
        ("redactions", processed.redactions.into()),
        ("digest", record.digest.as_str().into()),
    ]);
    if keep.original {
        document.insert("original_text".to_owned(), record.data.as_str().into());
    }
    keep.mark(&mut document, record.received_at);
    document
}

/// What a stored part adds to the claim.
pub fn part_done(record: &Record, processed: &Processed) -> Write {
    Write::Increment {
        path: path(&record.tenant, &record.id),
        fields: fields([("processed_at", processed.processed_at.into())]),
        by: [
            ("parts_done".to_owned(), 1),
            ("characters".to_owned(), characters(record)),
            ("redactions".to_owned(), processed.redactions.into()),
        ]
        .into(),
    }
}

/// Whether all parts of the log are stored.
pub fn is_complete(log: &Document) -> bool {
    log.integer("parts").is_none_or(|parts| log.integer("parts_done") == Some(parts))
}

/// Whether the texts of the log lie in parts of their own.
pub fn has_parts(log: &Document) -> bool {
    log.fields.contains_key("parts")
}

/// Adds the next part's texts to the log's.
pub fn join(log: &mut Document, part: &Document) {
    for name in ["original_text", "modified_data"] {
        if let Some(text) = part.text(name) {
            append(log.fields.entry(name.to_owned()).or_insert_with(|| "".into()), text);
        }
    }
}

fn append(value: &mut Value, text: &str) {
    if let Value::Text(joined) = value {
        joined.push_str(text);
    }
}

fn characters(record: &Record) -> i64 {
    record.data.chars().count() as i64
}
