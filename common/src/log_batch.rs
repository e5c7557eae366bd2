//! A batch of access-log entries in the store: one document, or a claim and the documents of its
//! parts. The worker writes through this module, and the gateway reads through it.

use chrono::{DateTime, Utc};

use crate::access_log::Entry;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::record::{Record, RecordId};
use crate::retention::Keep;
use crate::rollup::LogDimensions;
use crate::store::{Document, Fields, Value, Write, fields};
use crate::tenant::TenantId;

/// The field that says in which dimensions a message was counted; messages from before there was a
/// choice lack it.
pub const DIMENSIONS: &str = "dimensions";

/// The entries of a message, as they are counted.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// The entries.
    pub entries: &'a [Entry],
    /// Which of their details are counted.
    pub dimensions: LogDimensions,
}

/// The path of a batch.
pub fn path(tenant: &TenantId, id: &RecordId) -> DocumentPath {
    CollectionPath::of(tenant, Collection::LogBatches).record(id)
}

/// The document of a batch in one part.
pub fn whole(
    record: &Record,
    counted: Counted<'_>,
    processed_at: DateTime<Utc>,
    keep: Keep,
) -> Fields {
    let mut document = fields([
        ("received_at", record.received_at.into()),
        ("parts", 1i64.into()),
        ("parts_done", 1i64.into()),
    ]);
    document.extend(part(record, counted, processed_at, keep));
    document
}

/// Creates the document that reserves the id of a batch in several parts.
pub fn claim(record: &Record, keep: Keep) -> Write {
    let mut fields = fields([
        ("received_at", record.received_at.into()),
        ("digest", record.digest.as_str().into()),
        ("parts", record.part.of.into()),
        ("parts_done", 0i64.into()),
        ("entries", 0i64.into()),
    ]);
    keep.mark(&mut fields, record.received_at);
    Write::Create { path: path(&record.tenant, &record.id), fields }
}

/// The document of one part; [`whole`] has the same fields and more.
pub fn part(
    record: &Record,
    Counted { entries, dimensions }: Counted<'_>,
    processed_at: DateTime<Utc>,
    keep: Keep,
) -> Fields {
    let time = |at: Option<&Entry>| at.map_or(Value::Null, |entry| entry.at.into());
    let mut document = fields([
        ("entries", (entries.len() as i64).into()),
        ("first", time(entries.iter().min())),
        ("last", time(entries.iter().max())),
        ("processed_at", processed_at.into()),
        ("digest", record.digest.as_str().into()),
        (DIMENSIONS, dimensions.to_string().into()),
    ]);
    keep.mark(&mut document, record.received_at);
    document
}

/// Adds a stored part to the claim.
pub fn part_done(record: &Record, entries: &[Entry], processed_at: DateTime<Utc>) -> Write {
    Write::Increment {
        path: path(&record.tenant, &record.id),
        fields: fields([("processed_at", processed_at.into())]).into(),
        by: [("parts_done".into(), 1), ("entries".into(), entries.len() as i64)].into(),
    }
}

/// Widens the time span of the batch by that of a part.
pub fn join(batch: &mut Document, part: &Document) {
    let first = batch.timestamp("first").into_iter().chain(part.timestamp("first")).min();
    let last = batch.timestamp("last").max(part.timestamp("last"));
    for (name, at) in [("first", first), ("last", last)] {
        batch.fields.extend(at.map(|at| (name.to_owned(), at.into())));
    }
}
