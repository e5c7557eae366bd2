//! What a client believes of what it sent.

use std::fmt;

use serde::Deserialize;

/// What a client says when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Belief {
    /// Views of pages that were taken.
    views: u64,
    /// Other events that were taken.
    events: u64,
    /// Texts that were taken.
    texts: u64,
    /// Records, or requests, that were not.
    pub(crate) failed: u64,
}

/// Numbers of records, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Records {
    /// Views of pages.
    pub(crate) views: u64,
    /// Other events.
    pub(crate) events: u64,
    /// Texts.
    pub(crate) texts: u64,
}

impl Belief {
    /// The records that were taken.
    pub(crate) fn taken(self) -> Records {
        Records { views: self.views, events: self.events, texts: self.texts }
    }
}

impl Records {
    /// All of them.
    pub(crate) fn total(self) -> u64 {
        self.views + self.events + self.texts
    }

    /// Whether there are at least as many of each kind.
    pub(crate) fn has_all_of(self, other: Self) -> bool {
        self.views >= other.views && self.events >= other.events && self.texts >= other.texts
    }

    /// Each of them twice.
    pub(crate) fn doubled(self) -> Self {
        Self { views: 2 * self.views, events: 2 * self.events, texts: 2 * self.texts }
    }
}

impl fmt::Display for Records {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} views, {} events, {} texts", self.views, self.events, self.texts)
    }
}
