//! What can go wrong with the running totals.

use std::io;

use thiserror::Error;

/// Why the totals could not be brought up to date. All that was counted before stays.
#[derive(Debug, Error)]
pub(in crate::aggregate) enum TotalsError {
    #[error("cannot read the archive")]
    Archive(#[from] io::Error),
    #[error("cannot keep the running totals")]
    Totals(#[from] rusqlite::Error),
}
