//! What Firestore would not take is not taken by the embedded store either.

use std::collections::HashSet;

use thiserror::Error;

use super::{Fields, MAX_DOCUMENT_BYTES, StoreError, Write, size};
use crate::path::DocumentPath;

/// A commit that no store takes, because of the writes themselves.
#[derive(Debug, Error)]
enum WriteError {
    #[error("{0} is written twice in one commit")]
    Twice(DocumentPath),
    #[error("{path} has {bytes} bytes; a document has at most {MAX_DOCUMENT_BYTES}")]
    TooLarge { path: DocumentPath, bytes: usize },
}

/// Refuses what Firestore would refuse, before anything is written.
pub(super) fn commit(writes: &[Write]) -> Result<(), StoreError> {
    let mut seen = HashSet::new();
    for write in writes {
        if !seen.insert(write.path()) {
            return Err(StoreError::Invalid(WriteError::Twice(write.path().clone()).into()));
        }
        match write {
            Write::Create { path, fields }
            | Write::Upsert { path, fields }
            | Write::Increment { path, fields, .. } => document(path, fields)?,
            Write::Delete { .. } => {}
        }
    }
    Ok(())
}

pub(super) fn document(path: &DocumentPath, fields: &Fields) -> Result<(), StoreError> {
    let bytes = path.to_string().len() + size(fields);
    if bytes <= MAX_DOCUMENT_BYTES {
        return Ok(());
    }
    Err(StoreError::Invalid(WriteError::TooLarge { path: path.clone(), bytes }.into()))
}
