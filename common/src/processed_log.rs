//! A text log in the store: one document, and the documents of its parts if there are several. The
//! worker writes through this module, and the gateway reads through it.

use chrono::{DateTime, Utc};

use crate::joined_text::JoinedText;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::record::{Record, RecordId};
use crate::retention::Keep;
use crate::store::{Document, Fields, Write, fields};
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

/// Creates the document of a log in several parts, which reserves its id: the claim. It gets its
/// texts and `processed_at` by [`complete`].
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
        fields: Fields::new().into(),
        by: [
            ("parts_done".into(), 1),
            ("characters".into(), characters(record)),
            ("redactions".into(), processed.redactions.into()),
        ]
        .into(),
    }
}

/// Gives the log its texts, if they fit into one document, and the time when it was done. All parts
/// must be in `joined`; the write is the same whoever makes it, and how often.
pub fn complete(path: &DocumentPath, joined: JoinedText) -> Write {
    let processed_at = joined.processed_at();
    let mut fields = joined.fields();
    fields.extend(processed_at.map(|at| ("processed_at".to_owned(), at.into())));
    Write::Upsert { path: path.clone(), fields: fields.into() }
}

/// Whether the whole log is stored, and its document says so.
pub fn is_complete(log: &Document) -> bool {
    has_all_parts(log) && log.timestamp("processed_at").is_some()
}

/// Whether the last part is stored, but the log's document is not complete yet.
pub fn awaits_completion(log: &Document) -> bool {
    has_all_parts(log) && !is_complete(log)
}

fn has_all_parts(log: &Document) -> bool {
    log.integer("parts").is_none_or(|parts| log.integer("parts_done") == Some(parts))
}

/// Whether the log's texts are only in the documents of its parts.
pub fn is_in_parts(log: &Document) -> bool {
    log.fields.contains_key("parts") && !log.fields.contains_key("modified_data")
}

fn characters(record: &Record) -> i64 {
    record.data.chars().count() as i64
}
