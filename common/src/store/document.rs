//! A stored document.

use chrono::{DateTime, Utc};

use super::value::Fields;

/// Largest document, in bytes: Firestore's limit, which every adapter enforces.
pub const MAX_DOCUMENT_BYTES: usize = 1_048_576;

/// A document as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its id in its collection.
    pub id: String,
    /// Its fields.
    pub fields: Fields,
}

impl Document {
    /// The text in `field`; `None` where it is missing or of another type.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_text()
    }

    /// The whole number in `field`; `None` where it is missing or of another type.
    pub fn integer(&self, field: &str) -> Option<i64> {
        self.fields.get(field)?.as_integer()
    }

    /// The time in `field`; `None` where it is missing or of another type.
    pub fn timestamp(&self, field: &str) -> Option<DateTime<Utc>> {
        self.fields.get(field)?.as_timestamp()
    }
}
