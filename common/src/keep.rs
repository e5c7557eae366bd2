//! What of a record is kept, and for how long.

use chrono::{DateTime, Duration, Utc};

use crate::store::{Fields, Value};

/// What of a record is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Whether the unredacted text is stored too.
    pub original: bool,
    /// Days until the store may remove it; `None` for ever.
    pub days: Option<u32>,
}

impl Keep {
    /// When what was received at `received_at` may be removed.
    pub fn expire_at(self, received_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.days.map(|days| received_at + Duration::days(days.into()))
    }

    /// Writes down when the document may be removed, where it may ever be.
    pub(crate) fn mark(self, fields: &mut Fields, received_at: DateTime<Utc>) {
        let expire_at = self.expire_at(received_at).map(Value::from);
        fields.extend(expire_at.map(|at| ("expire_at".to_owned(), at)));
    }
}
