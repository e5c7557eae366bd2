//! Cuts a batch of access-log entries into parts. The worker stores each part in one commit.

use std::collections::HashSet;

use common::access_log::Entry;
use common::rollup::{self, Key};

/// Most rollup documents that one part touches, so that it is stored in one commit.
const MAX_PART_ROLLUPS: usize = 400;
/// Most bytes of one part, so that quarantine keeps all of it.
const MAX_PART_BYTES: usize = 256 << 10;

/// Cuts the entries of a batch into parts, in order of time, each as lines of JSON. The same
/// entries in another order give the same parts, since they are sorted: neighbours in time share
/// their windows, so more of them fit a part.
pub(crate) fn parts(mut entries: Vec<Entry>) -> Result<Vec<String>, serde_json::Error> {
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
    Ok(parts.into_iter().map(|part| part.lines).collect())
}

#[derive(Default)]
struct Part {
    lines: String,
    rollups: HashSet<Key>,
}

impl Part {
    /// Adds the entry, unless the part would grow too large. An empty part takes any entry.
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

#[cfg(test)]
mod tests {
    use common::access_log::entries;

    use super::*;

    fn entry(second: i64, request: &str) -> Entry {
        Entry {
            at: chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(second),
            request: request.to_owned(),
            user_agent: "Chrome".to_owned(),
        }
    }

    fn cut(entries: Vec<Entry>) -> Vec<String> {
        parts(entries).expect("a batch")
    }

    fn read(part: &str) -> Vec<Entry> {
        entries(part).expect("entries")
    }

    #[test]
    fn the_same_entries_in_another_order_are_the_same_parts() {
        let sorted: Vec<_> = (0..2_000).map(|n| entry(n, &format!("GET /{n}"))).collect();
        let reversed = sorted.iter().rev().cloned().collect();
        let batch = cut(sorted.clone());
        assert_eq!(cut(reversed), batch);
        assert!(batch.len() > 1);
        assert_eq!(batch.iter().flat_map(|part| read(part)).collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn a_part_touches_few_enough_rollups_for_one_commit() {
        let batch = cut((0..2_000).map(|n| entry(n, &format!("GET /{n}"))).collect());
        for part in &batch {
            let touched: HashSet<_> = read(part).iter().flat_map(rollup::touched_by).collect();
            assert!(touched.len() <= MAX_PART_ROLLUPS, "{}", touched.len());
        }
    }

    #[test]
    fn a_part_is_small_enough_for_quarantine_to_keep_whole() {
        let batch = cut((0..6_000).map(|_| entry(0, &"x".repeat(100))).collect());
        assert!(batch.len() > 1);
        assert!(batch.iter().all(|part| part.len() <= MAX_PART_BYTES));
    }

    #[test]
    fn an_entry_larger_than_a_part_is_a_part_of_its_own() {
        let large = entry(1, &"x".repeat(MAX_PART_BYTES));
        let batch = cut(vec![entry(0, "GET /"), large.clone(), entry(2, "GET /")]);
        assert_eq!(batch.len(), 3);
        assert_eq!(read(&batch[1]), [large]);
    }
}
