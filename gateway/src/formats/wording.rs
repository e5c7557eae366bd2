//! What is wrong with an entry, in words.

use std::borrow::Cow;

/// A reason, as it follows the name of its field.
pub(crate) type Reason = Cow<'static, str>;

/// The field of an error that concerns the entry as a whole.
const WHOLE: &str = "entry";

/// One error of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The name of the field as it was sent.
    pub(super) field: String,
    pub(super) reason: Reason,
}

impl Wrong {
    /// Concerns one field.
    pub(super) fn with(field: &str, reason: impl Into<Reason>) -> Self {
        Self { field: field.to_owned(), reason: reason.into() }
    }

    /// Concerns the entry as a whole.
    pub(super) fn whole(reason: impl Into<Reason>) -> Self {
        Self::with(WHOLE, reason)
    }
}
