//! Chooses the waiting units that go into one commit, and merges what they write.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use common::path::DocumentPath;
use common::store::{self, Fields, Write};
use tokio::sync::mpsc;

use super::recent::Recent;
use super::rivals::{Rivals, Waiting};
use super::unit::Unit;

/// Most units in one commit.
pub const MAX_UNITS: usize = 400;
/// Most documents in one commit; a larger unit gets a commit of its own.
pub const MAX_DOCUMENTS: usize = 500;
/// Most bytes in one commit; Firestore's own limit is 10 MiB.
pub const MAX_BYTES: usize = 4 << 20;

/// The waiting units, in order of arrival.
pub(super) struct Line {
    passed_over: VecDeque<Waiting>,
    queue: mpsc::Receiver<Waiting>,
}

impl From<mpsc::Receiver<Waiting>> for Line {
    fn from(queue: mpsc::Receiver<Waiting>) -> Self {
        Self { passed_over: VecDeque::new(), queue }
    }
}

impl Line {
    /// Returns when a unit waits; `false` when no more will come.
    pub(super) async fn has_unit(&mut self) -> bool {
        if self.passed_over.is_empty() {
            self.passed_over.extend(self.queue.recv().await);
        }
        !self.passed_over.is_empty()
    }

    fn pop(&mut self) -> Option<Waiting> {
        self.passed_over.pop_front().or_else(|| self.queue.try_recv().ok())
    }

    /// Puts units back at the front.
    pub(super) fn put_back(&mut self, mut units: VecDeque<Waiting>) {
        units.append(&mut self.passed_over);
        self.passed_over = units;
    }
}

/// Takes the units at the front of the line that fit into one commit. Passes over a unit that
/// cannot be in this commit, and every unit behind it that must not overtake it. Units whose gates
/// were seen a moment ago are apart: whether the gates are still there must be read.
pub(super) fn take(line: &mut Line, recent: &Recent) -> (Vec<Rivals>, Vec<Waiting>) {
    let mut group = Group::default();
    let mut remembered = Vec::new();
    let mut passed_over = VecDeque::new();
    let mut ahead = Documents::default();
    while let Some(mut next) = line.pop() {
        next.unit.writes.retain(|write| !recent.makes_redundant(write));
        if recent.digest(&next.unit.gate).is_some() && remembered.len() < MAX_UNITS {
            remembered.push(next);
        } else if let Some(place) = group.places.get(&next.unit.gate) {
            group.rivals[*place].others.push_back(next);
        } else if group.documents.clash_with(&next.unit) || ahead.must_precede(&next.unit) {
            ahead.add(&next.unit);
            passed_over.push_back(next);
        } else if group.has_room_for(&next.unit) {
            group.add(next);
        } else {
            passed_over.push_back(next);
            break;
        }
    }
    line.put_back(passed_over);
    (group.rivals, remembered)
}

/// The units of one commit so far.
#[derive(Default)]
struct Group {
    rivals: Vec<Rivals>,
    /// The position of each gate in `rivals`.
    places: HashMap<DocumentPath, usize>,
    documents: Documents,
    bytes: usize,
}

impl Group {
    /// An empty group has room for any unit, however large.
    fn has_room_for(&self, unit: &Unit) -> bool {
        self.rivals.is_empty()
            || (self.rivals.len() < MAX_UNITS
                && self.documents.count_with(unit) <= MAX_DOCUMENTS
                && self.bytes + size(unit) <= MAX_BYTES)
    }

    fn add(&mut self, first: Waiting) {
        self.places.insert(first.unit.gate.clone(), self.rivals.len());
        self.documents.add(&first.unit);
        self.bytes += size(&first.unit);
        self.rivals.push(Rivals { first, others: VecDeque::new() });
    }
}

/// The documents that some units write.
#[derive(Default)]
struct Documents {
    gates: HashSet<DocumentPath>,
    counted: HashSet<DocumentPath>,
}

impl Documents {
    fn add(&mut self, unit: &Unit) {
        self.gates.insert(unit.gate.clone());
        self.counted.extend(unit.writes.iter().map(|write| write.path().clone()));
    }

    /// Whether one unit creates a document that another one counts on. Two such units are never in
    /// one commit.
    fn clash_with(&self, unit: &Unit) -> bool {
        self.counted.contains(&unit.gate)
            || unit.writes.iter().any(|write| self.gates.contains(write.path()))
    }

    /// Whether `unit` must not overtake these.
    fn must_precede(&self, unit: &Unit) -> bool {
        self.gates.contains(&unit.gate) || self.clash_with(unit)
    }

    fn count_with(&self, unit: &Unit) -> usize {
        let new = unit.writes.iter().filter(|write| !self.counted.contains(write.path()));
        self.gates.len() + self.counted.len() + 1 + new.count()
    }
}

/// Bytes of the unit's documents, paths included.
fn size(unit: &Unit) -> usize {
    let gate = unit.gate.to_string().len() + store::size(&unit.fields);
    gate + unit.writes.iter().map(Write::size).sum::<usize>()
}

/// The writes of all `units` with one write per document: increments are added up, and a field
/// that several units set gets the last value.
pub(super) fn merge<'a>(units: impl Iterator<Item = &'a Unit>) -> Vec<Write> {
    let mut gates = Vec::new();
    let mut merged: BTreeMap<&DocumentPath, (Fields, BTreeMap<String, i64>)> = BTreeMap::new();
    for unit in units {
        gates.push(Write::Create { path: unit.gate.clone(), fields: unit.fields.clone() });
        for write in &unit.writes {
            let (fields, by) = merged.entry(write.path()).or_default();
            add(fields, by, write);
        }
    }
    let write = |(path, (fields, by)): (&DocumentPath, (Fields, BTreeMap<String, i64>))| {
        let path = path.clone();
        if by.is_empty() {
            Write::Upsert { path, fields }
        } else {
            Write::Increment { path, fields, by }
        }
    };
    gates.into_iter().chain(merged.into_iter().map(write)).collect()
}

fn add(fields: &mut Fields, by: &mut BTreeMap<String, i64>, write: &Write) {
    if let Write::Upsert { fields: set, .. } | Write::Increment { fields: set, .. } = write {
        fields.extend(set.clone());
    }
    if let Write::Increment { by: more, .. } = write {
        for (name, amount) in more {
            *by.entry(name.clone()).or_default() += amount;
        }
    }
}
