//! Reads the gates of units that were seen in the store a moment ago. An operator may have removed a
//! record since, and its sender may send it again.

use std::sync::Arc;

use common::path::DocumentPath;
use common::store::patience::patiently;
use common::store::{Document, DocumentStore, StoreError};

use super::rivals::Waiting;
use super::unit::{CommitError, digest};

/// Units with what the store has at their gates, by position.
pub(super) struct Checked {
    units: Vec<Waiting>,
    found: Result<Vec<Option<Document>>, StoreError>,
}

/// Reads the gates of the units.
pub(super) async fn check(store: Arc<dyn DocumentStore>, units: Vec<Waiting>) -> Checked {
    let gates: Vec<DocumentPath> = units.iter().map(|waiting| waiting.unit.gate.clone()).collect();
    let found = patiently(|| store.get_many(&gates)).await;
    Checked { units, found }
}

impl Checked {
    /// Answers the units whose gates are there, and all of them if the store fails. Returns the others.
    pub(super) fn answer(self) -> Vec<Waiting> {
        let found = match self.found {
            Ok(found) => found,
            // One of the units may be at fault. Each commit reads again what it needs.
            Err(StoreError::Invalid(_)) => return self.units,
            Err(error) => {
                let error = CommitError::from(error);
                self.units.into_iter().for_each(|unit| unit.answer(Err(error.clone())));
                return Vec::new();
            }
        };
        let mut removed = Vec::new();
        for (unit, found) in self.units.into_iter().zip(found) {
            match found {
                Some(stored) => unit.answer_known(digest(&stored.fields)),
                None => removed.push(unit),
            }
        }
        removed
    }
}
