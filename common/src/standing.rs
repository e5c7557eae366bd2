//! What the store's documents say of a record that a message carries: whether it is stored, and
//! whether its name is taken. A record of several parts has a claim, the document that reserves
//! its name for them.

use crate::path::DocumentPath;
use crate::record::{Kind, Record};
use crate::store::Document;
use crate::{event, log_batch, processed_log};

/// How the store stands to a message's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing has its name.
    Unknown,
    /// The record's claim is there, but not the part that the message carries.
    Claimed,
    /// What the message carries is stored.
    Stored,
    /// The name belongs to other content.
    Conflict,
}

/// Where a record's own document lies.
pub fn path(record: &Record) -> DocumentPath {
    match record.kind {
        Kind::AccessLog => log_batch::path(&record.tenant, &record.id),
        Kind::Event => event::path(&record.tenant, &record.id),
        Kind::Text => processed_log::path(&record.tenant, &record.id),
    }
}

/// The documents that [`standing`] is told by: the record's own, and the part's where it has
/// several.
pub fn paths(record: &Record) -> Vec<DocumentPath> {
    let own = path(record);
    let part = (!record.part.is_whole()).then(|| own.part(record.part.number));
    std::iter::once(own).chain(part).collect()
}

/// What the documents that were found at [`paths`] say.
pub fn standing(found: &[Option<Document>], record: &Record) -> Standing {
    let [own, part] = [0, 1].map(|n| found.get(n).and_then(Option::as_ref));
    let Some(own) = own else { return Standing::Unknown };
    if own.text("digest") != Some(&record.digest) {
        return Standing::Conflict;
    }
    match own.integer("parts") {
        None | Some(1) => Standing::Stored,
        Some(parts) if parts != i64::from(record.part.of) => Standing::Conflict,
        Some(_) if part.is_some() => Standing::Stored,
        Some(_) => Standing::Claimed,
    }
}
