//! Units that go into one commit, merged as they arrive. A group can be taken apart again, so that
//! the units of a failed commit can go into others.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use common::path::DocumentPath;
use common::path_map::PathMap;
use common::store::{CommitLimits, Write};

use super::merged::{Merged, Origin, transforms};
use super::recent::Recent;
use super::rivals::{Rivals, Waiting};
use super::unit::Unit;

/// The units of one commit so far.
#[derive(Default)]
pub(super) struct Group {
    rivals: Vec<Rivals>,
    /// The position of each gate in `rivals`.
    places: PathMap<usize>,
    counted: PathMap<Merged>,
    bytes: usize,
}

impl Group {
    /// A group of these units, in this order.
    pub(super) fn of(units: impl IntoIterator<Item = Rivals>) -> Self {
        let mut group = Self::default();
        for rivals in units {
            let size = rivals.first.unit.size();
            group.add(rivals, size);
        }
        group
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rivals.is_empty()
    }

    /// The unit with this gate, and those that want the same gate.
    pub(super) fn rivals_of(&mut self, gate: &DocumentPath) -> Option<&mut Rivals> {
        self.rivals.get_mut(*self.places.get(gate)?)
    }

    /// Whether one unit creates a document that another one counts on.
    pub(super) fn clashes_with(&self, unit: &Unit) -> bool {
        self.counted.contains_key(&unit.gate)
            || unit.writes.iter().any(|write| self.places.contains_key(write.path()))
    }

    /// Whether the unit counts in a document in which another one counts.
    pub(super) fn shares_a_count_with(&self, unit: &Unit) -> bool {
        unit.writes.iter().any(|write| self.counted.contains_key(write.path()))
    }

    /// All documents that the group writes: the gates, and then what counts them.
    pub(super) fn documents(&self) -> impl Iterator<Item = &DocumentPath> {
        self.places.keys().chain(self.counted.keys())
    }

    /// The documents in which the group counts.
    pub(super) fn counted(&self) -> impl Iterator<Item = &DocumentPath> {
        self.counted.keys()
    }

    /// Whether there is room for the unit, which has this size. An empty group has room for any, however
    /// large.
    pub(super) fn has_room_for(&self, unit: &Unit, size: usize, limits: &CommitLimits) -> bool {
        self.is_empty()
            || (self.rivals.len() < limits.units
                && self.bytes + size <= limits.bytes
                && self.has_documents_for(unit, limits))
    }

    fn has_documents_for(&self, unit: &Unit, limits: &CommitLimits) -> bool {
        let mut documents = self.rivals.len() + 1 + self.counted.len();
        let mut is_within = true;
        for write in &unit.writes {
            let transforms = match self.counted.get(write.path()) {
                Some(merged) => merged.transforms_with(write),
                None => {
                    documents += 1;
                    transforms(write)
                }
            };
            is_within &= transforms <= limits.transforms;
        }
        is_within && documents <= limits.documents
    }

    /// Whether both fit into one commit.
    pub(super) fn has_room_for_all_of(&self, other: &Self, limits: &CommitLimits) -> bool {
        let documents = |group: &Self| group.rivals.len() + group.counted.len();
        self.is_empty()
            || (self.rivals.len() + other.rivals.len() <= limits.units
                && self.bytes + other.bytes <= limits.bytes
                && documents(self) + documents(other) <= limits.documents)
    }

    /// Adds a unit of this size that waited alone.
    pub(super) fn add_waiting(&mut self, first: Waiting, size: usize) {
        self.add(Rivals { first, others: VecDeque::new() }, size);
    }

    fn add(&mut self, mut rivals: Rivals, size: usize) {
        let (unit, place) = (&mut rivals.first.unit, self.rivals.len());
        self.bytes += size;
        self.places.insert(unit.gate.clone(), place);
        for write in unit.writes.drain(..) {
            match self.counted.entry(write.path().clone()) {
                Entry::Vacant(entry) => drop(entry.insert(Merged::own(place, write))),
                Entry::Occupied(mut entry) => entry.get_mut().add(place, write),
            }
        }
        self.rivals.push(rivals);
    }

    /// Takes in a group that shares no document with this one.
    pub(super) fn absorb(&mut self, other: Self) {
        let places = self.rivals.len();
        self.bytes += other.bytes;
        self.rivals.extend(other.rivals);
        self.places.extend(other.places.into_iter().map(|(gate, at)| (gate, at + places)));
        self.counted.extend(other.counted.into_iter().map(|(path, mut merged)| {
            merged.shift(places);
            (path, merged)
        }));
    }

    /// The commit: creates each gate, in order, and then writes each other document once. Leaves
    /// out writes that the store already has.
    pub(super) fn prepare(self, recent: &Recent) -> Prepared {
        let mut merged: Vec<_> = self.counted.into_values().map(Merged::into_write).collect();
        merged.retain(|(write, _)| !recent.makes_redundant(write));
        merged.sort_unstable_by(|(a, _), (b, _)| a.path().cmp(b.path()));
        let mut rivals = self.rivals;
        let mut writes: Vec<_> = rivals.iter_mut().map(create).collect();
        let (sums, origins): (Vec<_>, Vec<_>) = merged.into_iter().unzip();
        writes.extend(sums);
        Prepared { rivals, writes: Arc::new(writes), origins }
    }
}

fn create(rivals: &mut Rivals) -> Write {
    rivals.first.room = None;
    let unit = &mut rivals.first.unit;
    Write::Create { path: unit.gate.clone(), fields: std::mem::take(&mut unit.fields) }
}

/// A group whose writes are ready to be sent, repeatedly if need be.
pub(super) struct Prepared {
    /// By position in `writes`, whose first ones create the gates.
    pub(super) rivals: Vec<Rivals>,
    pub(super) writes: Arc<Vec<Write>>,
    origins: Vec<Origin>,
}

impl Prepared {
    /// The writes that create the gates, by position.
    pub(super) fn gates(&self) -> impl Iterator<Item = &DocumentPath> {
        self.writes[..self.rivals.len()].iter().map(Write::path)
    }

    /// Gives each unit its writes back.
    pub(super) fn take_apart(self) -> Vec<Rivals> {
        let Self { mut rivals, writes, origins } = self;
        let mut writes = owned(writes).into_iter();
        for (rivals, create) in rivals.iter_mut().zip(writes.by_ref()) {
            if let Write::Create { fields, .. } = create {
                rivals.first.unit.fields = fields;
            }
        }
        for (origin, sent) in origins.into_iter().zip(writes) {
            for (place, write) in origin.take_apart(sent) {
                rivals[place].first.unit.writes.push(write);
            }
        }
        rivals
    }
}

/// The writes themselves, without a copy unless the store holds on to them.
pub(super) fn owned(writes: Arc<Vec<Write>>) -> Vec<Write> {
    Arc::try_unwrap(writes).unwrap_or_else(|shared| shared.to_vec())
}
