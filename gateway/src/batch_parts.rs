//! Cuts a batch of access-log entries into parts. The worker stores each part in one commit.

use common::access_log::{Entry, FirstEntry};
use common::rollup::{Touch, Touched};

use crate::formats::Rejects;

/// Most rollup documents that one part touches, so that it is stored in one commit.
const MAX_PART_ROLLUPS: usize = 400;
/// Most bytes of one part, so that quarantine keeps all of it.
const MAX_PART_BYTES: usize = 256 << 10;
/// Most bytes of rejected entries in a batch, as JSON.
const MAX_REJECTED_BYTES: usize = 128 << 10;

/// Cuts the entries of a batch into parts, in order of time, each as lines of JSON. The same
/// entries in another order give the same parts, since they are sorted: neighbours in time share
/// their windows, so more of them fit a part. The first entry carries those that were rejected.
///
/// `mark` says what of an entry is counted as `(other)`. The borders of the parts do not depend on it:
/// when a batch is sent again, another gateway may know other values, but must cut the same parts.
pub(crate) fn parts(
    mut entries: Vec<Entry>,
    rejects: &Rejects,
    mark: impl Fn(&mut Entry),
) -> Result<Vec<String>, serde_json::Error> {
    entries.sort_unstable();
    let mut parts = vec![Part::default()];
    for (at, mut entry) in entries.into_iter().enumerate() {
        let rejects = (at == 0).then_some(rejects);
        let unmarked = line(&entry, rejects)?;
        let touch = Touch::of(&entry);
        if parts.last().is_none_or(|part| !part.has_room_for(&touch, unmarked.len())) {
            parts.push(Part::default());
        }
        if let Some(part) = parts.last_mut() {
            part.count(touch, unmarked.len());
            mark(&mut entry);
            let is_marked = !entry.others.is_empty();
            part.lines += &if is_marked { line(&entry, rejects)? } else { unmarked };
        }
    }
    Ok(parts.into_iter().map(|part| part.lines).collect())
}

/// The line of an entry; the first one of a batch carries what was rejected.
fn line(entry: &Entry, rejects: Option<&Rejects>) -> Result<String, serde_json::Error> {
    Ok(match rejects {
        Some(rejects) => first_line(entry, rejects)?,
        None => serde_json::to_string(entry)?,
    } + "\n")
}

/// An entry, with as many of the rejected ones as there is room for.
fn first_line(entry: &Entry, rejects: &Rejects) -> Result<String, serde_json::Error> {
    let kept = &rejects.kept;
    if kept.is_empty() {
        return serde_json::to_string(entry);
    }
    let (mut fits, mut bytes) = (0, 0);
    for rejected in kept {
        bytes += serde_json::to_string(rejected)?.len() + 1;
        if bytes > MAX_REJECTED_BYTES {
            break;
        }
        fits += 1;
    }
    let rejected_left_out = kept.len() - fits + rejects.left_out;
    serde_json::to_string(&FirstEntry { entry, rejected: &kept[..fits], rejected_left_out })
}

#[derive(Default)]
struct Part {
    lines: String,
    /// The length of the lines without marks.
    bytes: usize,
    rollups: Touched,
}

impl Part {
    /// Whether the part may grow by a line that touches these rollups. An empty part takes any.
    fn has_room_for(&self, touch: &Touch<'_>, bytes: usize) -> bool {
        let fits = self.rollups.with(touch) <= MAX_PART_ROLLUPS;
        self.lines.is_empty() || (fits && self.bytes + bytes <= MAX_PART_BYTES)
    }

    fn count(&mut self, touch: Touch<'_>, bytes: usize) {
        self.bytes += bytes;
        self.rollups.add(touch);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use common::access_log::{Chosen, Rejected, entries};
    use common::rollup;
    use serde_json::Value;

    use super::*;

    fn entry(second: i64, request: &str) -> Entry {
        Entry {
            at: chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(second),
            request: request.to_owned(),
            user_agent: "Chrome".to_owned(),
            ..Entry::default()
        }
    }

    fn cut(entries: Vec<Entry>) -> Vec<String> {
        parts(entries, &Rejects::default(), |_| ()).expect("a batch")
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
    fn what_is_counted_as_others_does_not_move_the_borders_of_parts() {
        let entries: Vec<_> = (0..2_000).map(|n| entry(n % 60, &format!("GET /{n}"))).collect();
        let mark = |entry: &mut Entry| entry.others = vec![Chosen::Path];
        let marked = parts(entries.clone(), &Rejects::default(), mark).expect("a batch");
        let unmarked = |part: &String| {
            let read = read(part).into_iter();
            read.map(|entry| Entry { others: Vec::new(), ..entry }).collect::<Vec<_>>()
        };
        let plain = cut(entries);
        assert!(plain.len() > 1);
        assert_eq!(
            marked.iter().map(unmarked).collect::<Vec<_>>(),
            plain.iter().map(|part| read(part)).collect::<Vec<_>>()
        );
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

    #[test]
    fn what_each_entry_says_counts_towards_the_size_of_a_part() {
        let full = |n: i64| Entry {
            agent: Some("a".repeat(1_000)),
            referer: Some(format!("https://{}.example/", n % 300)),
            host: Some(format!("{}.example", n % 200)),
            status: Some(200),
            ..entry(n % 7, "GET /")
        };
        let batch = cut((0..2_000).map(full).collect());
        for part in &batch {
            let touched: HashSet<_> = read(part).iter().flat_map(rollup::touched_by).collect();
            assert!(touched.len() <= MAX_PART_ROLLUPS, "{}", touched.len());
            assert!(part.len() <= MAX_PART_BYTES, "{}", part.len());
        }
        assert_eq!(batch.iter().map(|part| read(part).len()).sum::<usize>(), 2_000);
    }

    #[test]
    fn the_first_entry_carries_as_many_rejected_ones_as_there_is_room_for() {
        let rejected = |index| Rejected {
            index,
            reason: "entry is no line".to_owned(),
            text: "\u{1}".repeat(1_000),
        };
        for count in [1, 10, 100] {
            let kept: Vec<_> = (0..count).map(rejected).collect();
            let rejects = Rejects { kept, left_out: 7, ..Rejects::default() };
            let batch = parts(vec![entry(0, "GET /"), entry(1, "GET /")], &rejects, |_| ());
            let batch = batch.expect("a batch");
            assert_eq!((batch.len(), read(&batch[0]).len()), (1, 2));
            let line = batch[0].lines().next().expect("a line");
            let line: Value = serde_json::from_str(line).expect("JSON");
            let carried = line["rejected"].as_array().expect("a list").len();
            assert_eq!(carried, count.min(21));
            assert_eq!(line["rejected_left_out"], count - carried + 7);
            assert_eq!(line["rejected"][0]["reason"], "entry is no line");
        }
    }
}
