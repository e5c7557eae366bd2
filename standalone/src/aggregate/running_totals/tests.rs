//! Whatever happens to the archive between two readings, the totals are those of one reading of it all.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use common::record::{Kind, Part, Record};
use proptest::prelude::*;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::RunningTotals;
use crate::aggregate::report::Report;
use crate::aggregate::tests::{batch, click, line, record, report, view};
use crate::archive::pack;

/// An archive and the totals of it, in one folder.
struct Kept(TempDir);

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("archive")).expect("a folder");
        Self(folder)
    }

    fn archive(&self) -> PathBuf {
        self.0.path().join("archive")
    }

    fn totals(&self) -> PathBuf {
        self.0.path().join("analytics").join("totals.db")
    }

    fn append(&self, name: &str, bytes: &[u8]) {
        let path = self.archive().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.expect("a file").write_all(bytes).expect("written");
    }

    /// What a process that has just started finds: the bytes that it reads.
    fn catch_up(&self) -> u64 {
        let totals = RunningTotals::open(&self.totals(), &self.archive());
        totals.expect("totals").catch_up().expect("counted")
    }

    fn report(&self) -> Json {
        let totals = RunningTotals::open(&self.totals(), &self.archive()).expect("totals");
        let (inputs, by_tenant) =
            (totals.inputs().expect("read"), totals.by_tenant().expect("read"));
        serde_json::to_value(Report::of(inputs, &by_tenant, None)).expect("JSON")
    }

    fn assert_right(&self) {
        assert_eq!(self.report(), report(&self.archive(), 1));
    }
}

fn lines(count: i64) -> Vec<u8> {
    (0..count).map(|n| line(&click(&format!("c{n}"), "d", n), n)).collect::<String>().into_bytes()
}

#[test]
fn what_was_read_is_not_read_again() {
    let kept = Kept::new();
    let all = lines(10);
    kept.append("acme/2026-03-01/1.ndjson", &all[..500]);
    assert!((1..=500).contains(&kept.catch_up()));
    kept.append("acme/2026-03-01/1.ndjson", &all[500..]);
    assert!((1..all.len() as u64).contains(&kept.catch_up()));
    assert_eq!(kept.catch_up(), 0);
    kept.assert_right();
}

#[test]
fn a_file_that_is_packed_is_read_on_where_the_reading_was() {
    let kept = Kept::new();
    let all = lines(10);
    let path = kept.archive().join("acme/2026-03-01/1.ndjson");
    kept.append("acme/2026-03-01/1.ndjson", &all[..500]);
    kept.catch_up();
    kept.append("acme/2026-03-01/1.ndjson", &all[500..]);
    pack(&path).expect("packed");
    assert!((1..all.len() as u64).contains(&kept.catch_up()));
    assert_eq!(kept.catch_up(), 0);
    kept.assert_right();

    kept.append("acme/2026-03-01/2.ndjson", &lines(12)[all.len()..]);
    kept.catch_up();
    pack(&path.with_file_name("2.ndjson")).expect("packed");
    assert_eq!(kept.catch_up(), 0, "all of it was read before");
    assert_eq!(kept.report()["inputs"]["counted"], 12);
    kept.assert_right();
}

#[test]
fn what_is_removed_counts_no_more() {
    let kept = Kept::new();
    for folder in ["a", "b"] {
        let event = line(&view(folder, 1), 1);
        kept.append(&format!("{folder}/1.ndjson"), event.as_bytes());
    }
    kept.catch_up();
    fs::remove_dir_all(kept.archive().join("a")).expect("removed");
    assert!(kept.catch_up() > 0);
    assert_eq!(kept.report()["inputs"]["counted"], 1);
    kept.assert_right();
}

#[test]
fn a_file_that_lost_its_end_and_grew_again_is_read_again() {
    let kept = Kept::new();
    kept.append("1.ndjson", &lines(10));
    kept.catch_up();
    fs::write(kept.archive().join("1.ndjson"), lines(9)).expect("written");
    let other: String = (20..25).map(|n| line(&view(&format!("v{n}"), n), n)).collect();
    kept.append("1.ndjson", other.as_bytes());
    kept.catch_up();
    assert_eq!(kept.report()["inputs"]["counted"], 14);
    kept.assert_right();
}

#[test]
fn totals_that_are_damaged_or_of_another_version_begin_anew() {
    let kept = Kept::new();
    kept.append("1.ndjson", &lines(3));
    kept.catch_up();
    let db = rusqlite::Connection::open(kept.totals()).expect("a database");
    db.pragma_update(None, "user_version", 7).expect("written");
    drop(db);
    assert!(kept.catch_up() > 0, "another version");
    fs::write(kept.totals(), [b'x'; 8_192]).expect("written");
    assert!(kept.catch_up() > 0, "damaged");
    kept.assert_right();
}

/// A message, or `None` for a damaged line. There are few records, so duplicates and conflicts are frequent.
fn item() -> impl Strategy<Value = Option<Record>> {
    let part = (1_u32..=3).prop_map(|number| Part { number, of: 3 });
    prop_oneof![
        4 => (0..6_u8, 0..2_u8).prop_map(|(id, digest)| Some(click(&id.to_string(), &digest.to_string(), 0))),
        2 => (0..6_u8).prop_map(|id| Some(view(&format!("v{id}"), 0))),
        2 => (0..4_u8).prop_map(|id| Some(batch(&id.to_string(), 0))),
        3 => (0..4_u8, part).prop_map(|(id, part)| {
            Some(Record { part, ..record(Kind::Text, &id.to_string(), "d", 0, "three words here") })
        }),
        1 => Just(None),
    ]
}

fn written(items: Vec<Option<Record>>) -> Vec<u8> {
    let later = |(n, record): (i64, Option<Record>)| match record {
        Some(record) => {
            let received_at = record.received_at + chrono::TimeDelta::seconds(n);
            line(&Record { received_at, ..record }, n)
        }
        None => "no message\n".to_owned(),
    };
    (0..).zip(items).map(later).collect::<String>().into_bytes()
}

/// Appends `bytes` to two files, one after the other, in pieces of these lengths; counts after each.
fn append_in_pieces(kept: &Kept, bytes: &[u8], pieces: &[usize]) {
    let middle = bytes.len() / 2;
    let middle =
        middle + bytes[middle..].iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (first, second) = bytes.split_at(middle);
    for (name, mut rest) in [("acme/1.ndjson", first), ("acme/2.ndjson", second)] {
        for piece in pieces.iter().copied().chain([usize::MAX]) {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            if !now.is_empty() {
                kept.append(name, now);
            }
            kept.catch_up();
            rest = later;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn counting_in_pieces_is_counting_at_once(
        items in prop::collection::vec(item(), 1..40),
        pieces in prop::collection::vec(1_usize..3_000, 0..4),
    ) {
        let kept = Kept::new();
        append_in_pieces(&kept, &written(items), &pieces);
        kept.assert_right();
    }
}
