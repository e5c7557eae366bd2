//! What a run found wrong.

use serde::Serialize;

/// A record that something is wrong with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Finding {
    /// The tenant where it was found, or where it should have been.
    pub(super) tenant: String,
    /// The record.
    pub(super) log_id: String,
    /// What is wrong.
    pub(super) detail: String,
}

/// Everything that a run found wrong.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Findings {
    /// Sent but never answered 202.
    pub(super) refused: Vec<Finding>,
    /// Answered 202, but neither stored nor in quarantine.
    pub(super) missing: Vec<Finding>,
    /// Found more than once.
    pub(super) doubled: Vec<Finding>,
    /// Found in another tenant.
    pub(super) misplaced: Vec<Finding>,
    /// Stored with other content than was sent.
    pub(super) wrong_content: Vec<Finding>,
    /// Found but never sent.
    pub(super) unexpected: Vec<Finding>,
    /// In quarantine, although every text of a flood is valid.
    pub(super) quarantined: Vec<Finding>,
    /// Tenants and records that could not be read, so nothing is known about them.
    pub(super) unreadable: Vec<Finding>,
}

impl Findings {
    /// Every kind of finding with the name that is printed.
    pub(super) fn kinds(&self) -> [(&'static str, &[Finding]); 8] {
        [
            ("not answered 202", &self.refused),
            ("missing", &self.missing),
            ("doubled", &self.doubled),
            ("wrong place", &self.misplaced),
            ("wrong content", &self.wrong_content),
            ("unexpected", &self.unexpected),
            ("in quarantine", &self.quarantined),
            ("not readable", &self.unreadable),
        ]
    }

    /// Whether nothing is wrong.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.kinds().iter().all(|(_, findings)| findings.is_empty())
    }
}
