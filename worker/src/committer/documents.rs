//! The documents that some units write.

use common::path_map::PathSet;

use super::unit::Unit;

/// The documents that some units write.
#[derive(Default)]
pub(super) struct Documents {
    gates: PathSet,
    counted: PathSet,
}

impl Documents {
    pub(super) fn add(&mut self, unit: &Unit) {
        self.gates.insert(unit.gate.clone());
        self.counted.extend(unit.writes.iter().map(|write| write.path().clone()));
    }

    /// Whether one unit creates a document on which another one counts. Two such units are never in
    /// one commit.
    pub(super) fn clash_with(&self, unit: &Unit) -> bool {
        self.counted.contains(&unit.gate)
            || unit.writes.iter().any(|write| self.gates.contains(write.path()))
    }

    /// Whether `unit` must not overtake these.
    pub(super) fn must_precede(&self, unit: &Unit) -> bool {
        self.gates.contains(&unit.gate) || self.clash_with(unit)
    }
}
