//! An entry of an access log as it travels and is counted: one line of JSON in the message of its
//! batch.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::hash;
use crate::rollup::{self, Key};

/// Most rollup documents that one part of a batch touches, so that a part is one commit.
pub const MAX_PART_ROLLUPS: usize = 400;
/// Most bytes of one part, so that quarantine keeps it whole.
pub const MAX_PART_BYTES: usize = 256 << 10;

/// One request to a customer's site, normalized by the gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// When the site received it.
    pub at: DateTime<Utc>,
    /// Method and path without query, such as `GET /pricing`.
    pub request: String,
    /// The family of the user agent, such as `Chrome`; `Other` where it has none.
    pub user_agent: String,
}

/// A batch as it is published: its parts in the order of time, and the digest of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Each part as lines of JSON.
    pub parts: Vec<String>,
    /// SHA-256 over all lines.
    pub digest: String,
}

impl Batch {
    /// Cuts `entries` into parts. The same entries in any order are the same batch: sorted by
    /// time, neighbours share their windows, and a part holds more of them.
    pub fn of(mut entries: Vec<Entry>) -> Result<Self, serde_json::Error> {
        entries.sort_unstable();
        let mut parts = vec![Part::default()];
        for entry in &entries {
            let line = serde_json::to_string(entry)? + "\n";
            let full = parts.last_mut().is_none_or(|part| !part.take(entry, &line));
            if full {
                let mut part = Part::default();
                part.take(entry, &line);
                parts.push(part);
            }
        }
        let parts: Vec<String> = parts.into_iter().map(|part| part.lines).collect();
        Ok(Self { digest: hash::sha256(parts.concat()), parts })
    }
}

/// The entries of one part.
pub fn entries(data: &str) -> Result<Vec<Entry>, serde_json::Error> {
    data.lines().map(serde_json::from_str).collect()
}

#[derive(Default)]
struct Part {
    lines: String,
    rollups: HashSet<Key>,
}

impl Part {
    /// Adds the entry, unless the part would grow too large; a part takes one in any case.
    fn take(&mut self, entry: &Entry, line: &str) -> bool {
        let touched: Vec<Key> = rollup::touched_by(entry).collect();
        let new = touched.iter().filter(|key| !self.rollups.contains(key)).count();
        let too_large = self.rollups.len() + new > MAX_PART_ROLLUPS
            || self.lines.len() + line.len() > MAX_PART_BYTES;
        if too_large && !self.lines.is_empty() {
            return false;
        }
        self.lines.push_str(line);
        self.rollups.extend(touched);
        true
    }
}
