//! The unit of work: what one message changes in the store.

use std::sync::Arc;

use common::path::DocumentPath;
use common::store::{self, Fields, StoreError, Value, Write};
use thiserror::Error;

/// What one message changes, all or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The record's own document.
    pub gate: DocumentPath,
    /// The gate's fields, `digest` among them.
    pub fields: Fields,
    /// The writes that count the record: increments, and upserts that give the same document
    /// whoever writes them.
    pub writes: Vec<Write>,
}

impl Unit {
    /// The digest of the record's content.
    pub(super) fn digest(&self) -> Option<&str> {
        digest(&self.fields)
    }

    /// Bytes of its documents, paths included.
    pub(super) fn size(&self) -> usize {
        let gate = self.gate.size() + store::size(&self.fields);
        gate + self.writes.iter().map(Write::size).sum::<usize>()
    }

    /// The tenant that all its documents belong to.
    pub(super) fn tenant(&self) -> &str {
        self.gate.tenant().unwrap_or_default()
    }
}

/// Takes the digest out of a gate's fields.
pub(super) fn take_digest(fields: &mut Fields) -> Option<String> {
    match fields.remove("digest")? {
        Value::Text(digest) => Some(digest),
        _ => None,
    }
}

/// The digest that a gate with these fields holds.
pub(super) fn digest(fields: &Fields) -> Option<&str> {
    fields.get("digest").and_then(Value::as_text)
}

/// Why a unit is not stored. Shared, since a failed commit fails every unit in it.
#[derive(Clone, Debug, Error)]
pub enum CommitError {
    /// The store's own error.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The committer ended at shutdown; the unit may be stored.
    #[error("the committer has stopped")]
    Stopped,
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}
