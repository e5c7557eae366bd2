//! Whether a record is stored already, or its id taken by another one. A record in several parts
//! has a claim, the document that reserves its id.

use crate::path::DocumentPath;
use crate::record::{Kind, Record};
use crate::store::Document;
use crate::{event, log_batch, processed_log};

/// What the store holds of a message's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its id is free.
    Unknown,
    /// Its claim is stored, but not the part in the message.
    Claimed,
    /// All parts of its text are stored, but its document is not complete yet.
    Incomplete,
    /// The message's content is stored.
    Stored,
    /// Its id belongs to different content.
    Conflict,
}

/// The path of a record's own document.
pub fn path(record: &Record) -> DocumentPath {
    match record.kind {
        Kind::AccessLog => log_batch::path(&record.tenant, &record.id),
        Kind::Event => event::path(&record.tenant, &record.id),
        Kind::Text => processed_log::path(&record.tenant, &record.id),
    }
}

/// The paths that [`standing`] needs: the record's own, and the part's if there are several.
pub fn paths(record: &Record) -> Vec<DocumentPath> {
    let own = path(record);
    let part = (!record.part.is_whole()).then(|| own.part(record.part.number));
    std::iter::once(own).chain(part).collect()
}

/// The standing that follows from the documents found at [`paths`].
pub fn standing(found: &[Option<Document>], record: &Record) -> Standing {
    let [own, part] = [0, 1].map(|n| found.get(n).and_then(Option::as_ref));
    let Some(own) = own else { return Standing::Unknown };
    if own.text("digest") != Some(&record.digest) {
        return Standing::Conflict;
    }
    match own.integer("parts") {
        None | Some(1) => Standing::Stored,
        Some(parts) if parts != i64::from(record.part.of) => Standing::Conflict,
        Some(_) if is_incomplete(own, record) => Standing::Incomplete,
        Some(_) if part.is_some() => Standing::Stored,
        Some(_) => Standing::Claimed,
    }
}

fn is_incomplete(own: &Document, record: &Record) -> bool {
    record.kind == Kind::Text && processed_log::awaits_completion(own)
}
