//! What is kept of a record, and for how long.

use chrono::{DateTime, Duration, Utc};

use crate::store::{Fields, Value};

/// What is kept of a record, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Whether the unredacted text is stored too.
    pub original: bool,
    /// Days after which the store may delete it; `None` means never.
    pub days: Option<u32>,
}

impl Keep {
    /// When a record received at `received_at` may be deleted.
    pub fn expire_at(self, received_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.days.map(|days| received_at + Duration::days(days.into()))
    }

    /// Adds `expire_at`, unless the document never expires.
    pub(crate) fn mark(self, fields: &mut Fields, received_at: DateTime<Utc>) {
        let expire_at = self.expire_at(received_at).map(Value::from);
        fields.extend(expire_at.map(|at| ("expire_at".to_owned(), at)));
    }
}
