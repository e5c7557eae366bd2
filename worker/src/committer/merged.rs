//! The writes of several units to one document, as one write.

use std::sync::Arc;

use common::store::{Fields, Write};

/// One document's write, and the writes that it was made of.
pub(super) struct Merged {
    write: Write,
    parts: Parts,
}

/// The writes that a merged one was made of, each with the place of its unit.
enum Parts {
    /// It is the write of this unit.
    Own(usize),
    /// It is the sum of these.
    Sum(Vec<(usize, Write)>),
}

impl Merged {
    /// The write of the one unit at `place`.
    pub(super) fn own(place: usize, write: Write) -> Self {
        Self { write, parts: Parts::Own(place) }
    }

    /// Adds a write of the unit at `place`: increments are added up, and a field that several units
    /// set gets the last value. Only the second unit of a document costs a copy, of that document's
    /// own fields.
    pub(super) fn add(&mut self, place: usize, write: Write) {
        if let Parts::Own(owner) = self.parts {
            let sum = self.write.clone();
            let own = std::mem::replace(&mut self.write, sum);
            self.parts = Parts::Sum(vec![(owner, own)]);
        }
        merge(&mut self.write, &write);
        if let Parts::Sum(parts) = &mut self.parts {
            parts.push((place, write));
        }
    }

    /// To how many of the document's fields the write would add, with `more`.
    pub(super) fn transforms_with(&self, more: &Write) -> usize {
        let Write::Increment { by: more, .. } = more else { return transforms(&self.write) };
        let Write::Increment { by, .. } = &self.write else { return more.len() };
        by.len() + more.keys().filter(|name| !by.contains_key(*name)).count()
    }

    /// Moves all units on by `places`.
    pub(super) fn shift(&mut self, places: usize) {
        match &mut self.parts {
            Parts::Own(place) => *place += places,
            Parts::Sum(parts) => parts.iter_mut().for_each(|(place, _)| *place += places),
        }
    }

    /// The write to send, and the data needed to take it apart again.
    pub(super) fn into_write(self) -> (Write, Origin) {
        (self.write, Origin(self.parts))
    }
}

/// The writes that a sent one was made of.
pub(super) struct Origin(Parts);

impl Origin {
    /// The writes of the units, each with its place.
    pub(super) fn take_apart(self, sent: Write) -> Vec<(usize, Write)> {
        match self.0 {
            Parts::Own(place) => vec![(place, sent)],
            Parts::Sum(parts) => parts,
        }
    }
}

/// How many fields `write` adds to.
pub(super) fn transforms(write: &Write) -> usize {
    if let Write::Increment { by, .. } = write { by.len() } else { 0 }
}

fn merge(sum: &mut Write, more: &Write) {
    if let Write::Upsert { fields: set, .. } | Write::Increment { fields: set, .. } = more {
        overwrite(sum, set);
    }
    let Write::Increment { path, by: more, .. } = more else { return };
    if let Write::Upsert { fields, .. } = sum {
        let fields = std::mem::take(fields);
        *sum = Write::Increment { path: path.clone(), fields, by: more.clone() };
    } else if let Write::Increment { by, .. } = sum {
        for (name, amount) in more {
            let total = by.entry(name.clone()).or_default();
            *total = total.saturating_add(*amount);
        }
    }
}

/// Units that count in the same document nearly always set the same fields, and often share them.
fn overwrite(sum: &mut Write, set: &Arc<Fields>) {
    let (Write::Upsert { fields, .. } | Write::Increment { fields, .. }) = sum else { return };
    if Arc::ptr_eq(fields, set) {
        return;
    }
    for (name, value) in &**set {
        if fields.get(name) != Some(value) {
            Arc::make_mut(fields).insert(name.clone(), value.clone());
        }
    }
}
