//! The calls that a front has seen.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many callers were let through, and how many were not.
#[derive(Debug, Default)]
pub struct Seen {
    passed: AtomicUsize,
    refused: AtomicUsize,
}

impl Seen {
    /// How many calls had a valid token.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    /// How many had none.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    pub(super) fn count(&self, passes: bool) {
        let count = if passes { &self.passed } else { &self.refused };
        count.fetch_add(1, Ordering::SeqCst);
    }
}
