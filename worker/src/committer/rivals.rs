//! Units that wait for their answer, and those among them that want the same gate.

use std::collections::VecDeque;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::unit::{CommitError, Unit};
use crate::outcome::RecordOutcome;

/// What the sender of a unit is told.
pub(super) type Answer = Result<RecordOutcome, CommitError>;

/// A unit whose sender waits.
pub(super) struct Waiting {
    pub(super) unit: Unit,
    pub(super) answer: oneshot::Sender<Answer>,
    /// Its place among the units that wait for a commit; given up when the commit is sent.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Waiting {
    /// Answers the sender, who may be gone: its delivery may have been dropped.
    pub(super) fn answer(self, answer: Answer) {
        drop(self.answer.send(answer));
    }

    /// Answers that the gate exists with `digest`, and that another unit created it.
    pub(super) fn answer_known(self, digest: Option<&str>) {
        let same = self.unit.digest() == digest;
        self.answer(Ok(if same { RecordOutcome::Duplicate } else { RecordOutcome::Conflict }));
    }
}

/// Units of the same gate in order of arrival: the first is committed, the others learn from it.
pub(super) struct Rivals {
    pub(super) first: Waiting,
    pub(super) others: VecDeque<Waiting>,
}

impl Rivals {
    /// Answers all: the first created the gate, with `digest`.
    pub(super) fn stored(self, digest: Option<&str>) {
        self.others.into_iter().for_each(|other| other.answer_known(digest));
        self.first.answer(Ok(RecordOutcome::Stored));
    }

    /// Answers all: the gate existed before, with `digest`.
    pub(super) fn known(self, digest: Option<&str>) {
        std::iter::once(self.first).chain(self.others).for_each(|unit| unit.answer_known(digest));
    }

    /// Answers all: the commit failed.
    pub(super) fn failed(self, error: &CommitError) {
        let all = std::iter::once(self.first).chain(self.others);
        all.for_each(|unit| unit.answer(Err(error.clone())));
    }

    /// Answers only the first that it is invalid, which says nothing about the others. Returns
    /// those, if there are any.
    pub(super) fn first_failed(self, error: &CommitError) -> Option<Self> {
        let Self { first, mut others } = self;
        first.answer(Err(error.clone()));
        others.pop_front().map(|first| Self { first, others })
    }
}
