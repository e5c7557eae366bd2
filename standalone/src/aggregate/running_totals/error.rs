//! What can go wrong with the running totals.

use std::io;

use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
use thiserror::Error;

/// Why the totals could not be brought up to date. Everything that was counted before stays.
#[derive(Debug, Error)]
pub(in crate::aggregate) enum TotalsError {
    #[error("cannot read the archive")]
    Archive(#[from] io::Error),
    #[error("cannot keep the running totals")]
    Totals(#[from] rusqlite::Error),
}

impl TotalsError {
    /// Whether the file of the totals is damaged and no longer usable.
    pub(in crate::aggregate) fn is_damage(&self) -> bool {
        let Self::Totals(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
    }
}
