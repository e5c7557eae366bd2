//! A text log in the store: one document, or a claim and the documents of its parts. The worker
//! writes through this module, and the gateway reads through it.

use chrono::{DateTime, Utc};

use crate::keep::Keep;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::record::{Record, RecordId};
use crate::store::{Document, Fields, Value, Write, fields};
use crate::tenant::TenantId;

/// The fields of a log except its texts.
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

/// The collection of a tenant's logs.
pub fn collection(tenant: &TenantId) -> CollectionPath {
    CollectionPath::of(tenant, Collection::ProcessedLogs)
}

/// The path of a log.
pub fn path(tenant: &TenantId, id: &RecordId) -> DocumentPath {
    collection(tenant).record(id)
}

/// The result of the work on one part.
#[derive(Clone, Debug, PartialEq)]
pub struct Processed {
    /// The text without personal data.
    pub modified_data: String,
    /// How many pieces of personal data were replaced.
    pub redactions: u32,
    /// When the work was done.
    pub processed_at: DateTime<Utc>,
}

/// The document of a log in one part.
pub fn whole(record: &Record, processed: &Processed, keep: Keep) -> Fields {
    let mut document = fields([
        ("source", record.source.as_str().into()),
        ("received_at", record.received_at.into()),
        ("characters", characters(record).into()),
    ]);
    document.extend(part(record, processed, keep));
    document
}

/// Creates the document that reserves the id of a log in several parts.
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

/// The document of one part; [`whole`] has the same fields and more.
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

/// Adds a stored part to the claim.
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

/// Whether the log's texts are in documents of parts.
pub fn has_parts(log: &Document) -> bool {
    log.fields.contains_key("parts")
}

/// Appends the texts of the next part to those of the log.
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
