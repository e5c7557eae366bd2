//! A batch, cut into parts that each fit one commit.

use std::collections::HashSet;

use common::access_log::Entry;
use common::hash;
use common::rollup::{self, Key};

/// The most rollup documents that one part of a batch touches, so that a part is one commit.
const MAX_PART_ROLLUPS: usize = 400;
/// The most bytes of one part, so that quarantine keeps it whole.
const MAX_PART_BYTES: usize = 256 << 10;

/// A batch as it is published: its parts in the order of time, and the digest of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchParts {
    /// Each part as lines of JSON.
    pub parts: Vec<String>,
    /// SHA-256 over all lines.
    pub digest: String,
}

impl BatchParts {
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
