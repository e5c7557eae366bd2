//! The writes that a commit is made of.

use std::collections::BTreeMap;

use super::value::{Fields, size};
use crate::path::DocumentPath;

/// One write of a commit. A commit names each document once at most.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Creates the document; the commit fails when it exists.
    Create {
        /// Where it lies.
        path: DocumentPath,
        /// All its fields.
        fields: Fields,
    },
    /// Sets `fields`, leaves others as they are, and makes the document where it is missing.
    Upsert {
        /// Where it lies.
        path: DocumentPath,
        /// The fields to set.
        fields: Fields,
    },
    /// As [`Write::Upsert`], and adds to whole numbers; a missing one counts as zero.
    Increment {
        /// Where it lies.
        path: DocumentPath,
        /// The fields to set.
        fields: Fields,
        /// What to add, by field.
        by: BTreeMap<String, i64>,
    },
    /// Removes the document; no error when it is missing.
    Delete {
        /// Where it lies.
        path: DocumentPath,
    },
}

impl Write {
    /// The document that is written.
    pub fn path(&self) -> &DocumentPath {
        match self {
            Self::Create { path, .. }
            | Self::Upsert { path, .. }
            | Self::Increment { path, .. }
            | Self::Delete { path } => path,
        }
    }

    /// Bytes of the document's path and fields, the measure of a commit's bound.
    pub fn size(&self) -> usize {
        let path = self.path().to_string().len();
        match self {
            Self::Create { fields, .. } | Self::Upsert { fields, .. } => path + size(fields),
            Self::Increment { fields, by, .. } => {
                path + size(fields) + by.keys().map(|name| name.len() + 9).sum::<usize>()
            }
            Self::Delete { .. } => path,
        }
    }
}
