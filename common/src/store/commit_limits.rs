//! The limits of a commit, which each store has of its own.

use std::time::Duration;

/// How large a store's commits should be, and how often they may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitLimits {
    /// Most records in one commit.
    pub units: usize,
    /// Most documents in one commit.
    pub documents: usize,
    /// Most bytes in one commit, as [`Write::size`](super::Write::size) counts them.
    pub bytes: usize,
    /// Most fields of one document that a commit adds to.
    pub transforms: usize,
    /// Most commits under way at once. Two that write the same document never are.
    pub at_once: usize,
    /// Shortest time between the starts of two commits that write the same document.
    pub interval: Duration,
}

impl CommitLimits {
    /// One commit of moderate size at a time, without a pause: for a store that writes to one disk.
    pub const ONE_AT_A_TIME: Self = Self {
        units: 400,
        documents: 500,
        bytes: 4 << 20,
        transforms: usize::MAX,
        at_once: 1,
        interval: Duration::ZERO,
    };
}
