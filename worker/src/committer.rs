//! Group commit: the units of work of concurrent messages become one atomic commit.
//!
//! A unit is a gate, the record's own document, with everything that counts the record. The gate
//! is created in the same commit, so a duplicate fails as a whole and changes nothing. One commit
//! runs at a time; the units that gather meanwhile are the next one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::metrics::{COMMIT_UNITS, COMMITS};
use common::path::DocumentPath;
use common::store::{Document, DocumentStore, Fields, StoreError, Value, Write};
use futures::FutureExt as _;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use self::batch::{Line, merge};
pub use self::batch::{MAX_BYTES, MAX_DOCUMENTS, MAX_UNITS};
use self::recent::Recent;
use common::store::patience::patiently;

mod batch;
mod recent;

/// Units that wait for their commit before their senders do.
pub const WAITING: usize = 4_096;

/// What one message changes, all or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The record's own document.
    pub gate: DocumentPath,
    /// The gate's fields, `digest` among them.
    pub fields: Fields,
    /// What counts the record: increments, and upserts of documents that all who write them leave
    /// the same.
    pub writes: Vec<Write>,
}

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored.
    Stored,
    /// It was stored before; nothing was changed.
    Duplicate,
    /// Other content was stored before under the same name; nothing was changed.
    Conflict,
    /// It is so old that what it stored before may have been removed; nothing was changed.
    Expired,
}

/// Why a unit is not stored. Shared, since a failed commit fails every unit in it.
#[derive(Clone, Debug, Error)]
pub enum CommitError {
    /// The store, as it says.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The committer has ended, at shutdown; the unit may be stored.
    #[error("the committer has stopped")]
    Stopped,
}

type Answer = Result<Outcome, CommitError>;

struct Waiting {
    unit: Unit,
    answer: oneshot::Sender<Answer>,
}

impl Waiting {
    /// Nobody listens any more where the delivery was dropped.
    fn answer(self, answer: Answer) {
        drop(self.answer.send(answer));
    }

    /// The gate is there, with `digest`, and it is not this unit that made it.
    fn answer_known(self, digest: Option<&str>) {
        let same = self::digest(&self.unit.fields) == digest;
        self.answer(Ok(if same { Outcome::Duplicate } else { Outcome::Conflict }));
    }
}

/// Hands units to the task that commits them.
#[derive(Clone)]
pub struct Committer {
    units: mpsc::Sender<Waiting>,
    turn: Arc<AtomicU32>,
}

impl Committer {
    /// Starts a committer for `store`. Two commits that write begin at least `interval` apart: a
    /// document of Firestore takes about one write a second. It ends when the last handle is
    /// dropped.
    pub fn start(store: Arc<dyn DocumentStore>, interval: Duration) -> Self {
        let (units, queue) = mpsc::channel(WAITING);
        let turn = Arc::<AtomicU32>::default();
        let task = Task {
            store,
            interval,
            next: Instant::now(),
            recent: Recent::default(),
            turn: Arc::clone(&turn),
        };
        tokio::spawn(task.run(Line::from(queue)));
        Self { units, turn }
    }

    /// How many batches were taken so far; it goes round.
    pub fn turn(&self) -> u32 {
        self.turn.load(Ordering::Relaxed)
    }

    /// Returns when the commit that holds `unit` is done.
    pub async fn commit(&self, unit: Unit) -> Answer {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { unit, answer };
        self.units.send(waiting).await.map_err(|_| CommitError::Stopped)?;
        answered.await.map_err(|_| CommitError::Stopped)?
    }
}

/// The task that commits: batch after batch, one commit at a time.
struct Task {
    store: Arc<dyn DocumentStore>,
    interval: Duration,
    /// When the next commit may begin.
    next: Instant,
    recent: Recent,
    turn: Arc<AtomicU32>,
}

impl Task {
    async fn run(mut self, mut line: Line) {
        while line.forms().await {
            sleep_until(self.next).await;
            self.recent.forget();
            let batch = batch::take(&mut line, &self.recent);
            self.turn.fetch_add(1, Ordering::Relaxed);
            self.commit(batch).await;
        }
    }

    /// Commits the batch, in halves where the store refuses the whole, until each unit has its
    /// answer.
    async fn commit(&mut self, batch: Vec<Rivals>) {
        let mut groups: Vec<_> = (!batch.is_empty()).then_some(batch).into_iter().collect();
        while let Some(mut group) = groups.pop() {
            match self.attempt(&group).await {
                Ok(Attempt::Stored) => group.into_iter().for_each(|rivals| self.stored(rivals)),
                Ok(Attempt::Known(found)) => groups.extend(self.drop_known(group, found)),
                Err(StoreError::Invalid(_)) if group.len() > 1 => {
                    let second = group.split_off(group.len() / 2);
                    groups.extend([second, group]);
                }
                Err(error) => groups.extend(fail(group, error)),
            }
        }
    }

    /// The first of the rivals made the gate.
    fn stored(&mut self, rivals: Rivals) {
        let unit = &rivals.first.unit;
        self.recent.remember_gate(&unit.gate, digest(&unit.fields));
        rivals.stored();
    }

    /// Answers the units whose gates were `found`, and returns the others.
    fn drop_known(
        &mut self,
        group: Vec<Rivals>,
        found: Vec<Option<Document>>,
    ) -> Option<Vec<Rivals>> {
        let mut fresh = Vec::new();
        for (rivals, found) in group.into_iter().zip(found) {
            let Some(stored) = found else {
                fresh.push(rivals);
                continue;
            };
            self.recent.remember_gate(&rivals.first.unit.gate, digest(&stored.fields));
            rivals.known(digest(&stored.fields));
        }
        (!fresh.is_empty()).then_some(fresh)
    }

    /// One commit. Where some gate is there already, reads them all.
    async fn attempt(&mut self, group: &[Rivals]) -> Result<Attempt, StoreError> {
        sleep_until(self.next).await;
        COMMIT_UNITS.observe(group.len() as f64);
        let writes = merge(group.iter().map(|rivals| &rivals.first.unit));
        let mut began = Instant::now();
        let commit = || {
            began = Instant::now();
            self.store.commit(writes.clone()).map(observed)
        };
        match patiently(commit).await {
            Err(StoreError::AlreadyExists) => {
                let gate = |rivals: &Rivals| rivals.first.unit.gate.clone();
                let gates: Vec<_> = group.iter().map(gate).collect();
                patiently(|| self.store.get_many(&gates)).await.map(Attempt::Known)
            }
            Err(error @ StoreError::Invalid(_)) => Err(error),
            written => {
                self.next = began + self.interval;
                written?;
                self.recent.remember_upserts(writes);
                Ok(Attempt::Stored)
            }
        }
    }
}

/// What came of one commit.
enum Attempt {
    /// All is written.
    Stored,
    /// Nothing is written, since some gate is there already: what is at the gates, by position.
    Known(Vec<Option<Document>>),
}

/// Answers the units with the error. An invalid one says nothing of others with its gate: returns
/// those.
fn fail(group: Vec<Rivals>, error: StoreError) -> Option<Vec<Rivals>> {
    let only_first = matches!(error, StoreError::Invalid(_));
    let error = CommitError::Store(Arc::new(error));
    let mut left = Vec::new();
    for Rivals { first, mut others } in group {
        first.answer(Err(error.clone()));
        if only_first {
            left.extend(others.pop_front().map(|first| Rivals { first, others }));
        } else {
            others.into_iter().for_each(|other| other.answer(Err(error.clone())));
        }
    }
    (!left.is_empty()).then_some(left)
}

/// Units of the same gate in their order: the first is committed, the others learn from it.
struct Rivals {
    first: Waiting,
    others: VecDeque<Waiting>,
}

impl Rivals {
    /// The first made the gate.
    fn stored(self) {
        let digest = digest(&self.first.unit.fields);
        self.others.into_iter().for_each(|other| other.answer_known(digest));
        self.first.answer(Ok(Outcome::Stored));
    }

    /// The gate was there before, with `digest`.
    fn known(self, digest: Option<&str>) {
        std::iter::once(self.first).chain(self.others).for_each(|unit| unit.answer_known(digest));
    }
}

fn digest(fields: &Fields) -> Option<&str> {
    fields.get("digest").and_then(Value::as_text)
}

fn observed(result: Result<(), StoreError>) -> Result<(), StoreError> {
    let outcome = match &result {
        Ok(()) => "committed",
        Err(StoreError::AlreadyExists) => "already-exists",
        Err(StoreError::Passing(_)) => "passing-fault",
        Err(StoreError::Invalid(_)) => "invalid",
        Err(StoreError::Deployment(_)) => "deployment-fault",
    };
    COMMITS.with_label_values(&[outcome]).inc();
    result
}
