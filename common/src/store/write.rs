//! The writes that a commit is made of.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::Document;
use super::value::{Fields, size};
use crate::path::DocumentPath;

/// The amounts that a write adds to whole numbers, by field.
pub type Amounts = BTreeMap<Cow<'static, str>, i64>;

/// One write of a commit. A commit can write each document only once.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Creates the document; the commit fails if it exists.
    Create {
        /// The document's path.
        path: DocumentPath,
        /// All its fields.
        fields: Fields,
    },
    /// Sets `fields`, keeps all others, and creates the document if it is missing.
    Upsert {
        /// The document's path.
        path: DocumentPath,
        /// The fields to set. Copies share them.
        fields: Arc<Fields>,
    },
    /// Like [`Write::Upsert`], and also adds to whole numbers; a missing one counts as zero.
    Increment {
        /// The document's path.
        path: DocumentPath,
        /// The fields to set. All writes that count in a document may share them.
        fields: Arc<Fields>,
        /// The amounts to add.
        by: Amounts,
    },
    /// Deletes the document; not an error if it is missing.
    Delete {
        /// The document's path.
        path: DocumentPath,
    },
    /// Deletes a document that was read; the commit fails if it is missing or has changed since. A
    /// store without versions compares the fields that were read.
    DeleteFound {
        /// The document's path.
        path: DocumentPath,
        /// The document as it was read.
        found: Document,
    },
}

impl Write {
    /// The path of the written document.
    pub fn path(&self) -> &DocumentPath {
        match self {
            Self::Create { path, .. }
            | Self::Upsert { path, .. }
            | Self::Increment { path, .. }
            | Self::Delete { path }
            | Self::DeleteFound { path, .. } => path,
        }
    }

    /// The size of path and fields in bytes, which counts towards the limit of a commit.
    pub fn size(&self) -> usize {
        let path = self.path().size();
        match self {
            Self::Create { fields, .. } => path + size(fields),
            Self::Upsert { fields, .. } => path + size(fields),
            Self::Increment { fields, by, .. } => {
                path + size(fields) + by.keys().map(|name| name.len() + 9).sum::<usize>()
            }
            Self::Delete { .. } | Self::DeleteFound { .. } => path,
        }
    }
}
