//! The claim: the document that reserves a record's name for its parts.

use crate::record::Record;
use crate::store::{Document, Value};

/// How a stored document stands to a record of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The record is stored.
    Duplicate,
    /// The claim is the record's own; each part is a matter of its own.
    Claimed,
    /// The name belongs to other content.
    Conflict,
}

/// How the document stored under the record's name stands to it.
pub fn standing(stored: &Document, record: &Record) -> Standing {
    if stored.fields.get("digest").and_then(Value::as_text) != Some(&record.digest) {
        return Standing::Conflict;
    }
    match stored.fields.get("parts").and_then(Value::as_integer) {
        None | Some(1) => Standing::Duplicate,
        Some(parts) if parts == i64::from(record.part.of) => Standing::Claimed,
        Some(_) => Standing::Conflict,
    }
}
