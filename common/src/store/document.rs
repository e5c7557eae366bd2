//! A stored document.

use chrono::{DateTime, Utc};

use super::value::Fields;

/// Largest document, in bytes: Firestore's limit, which every adapter enforces.
pub const MAX_DOCUMENT_BYTES: usize = 1_048_576;

/// A document as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Its id in its collection.
    pub id: String,
    /// Its fields.
    pub fields: Fields,
    /// Which of its states was read, if the store tells them apart.
    pub version: Option<Version>,
}

/// A state of a document: when it was last changed, by the store's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Whole seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds of that second.
    pub nanos: i32,
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
