//! Group commit: the units of work of concurrent messages become one atomic commit.
//!
//! A unit is a gate, which is the record's own document, with everything that counts the record.
//! The commit creates the gate, so a duplicate fails as a whole and changes nothing. One commit
//! runs at a time; the units that gather meanwhile form the next one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::metrics::{COMMIT_UNITS, COMMITS};
use common::store::{Document, DocumentStore, StoreError};
use futures::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use self::group::{Line, merge};
pub use self::group::{MAX_BYTES, MAX_DOCUMENTS, MAX_UNITS};
use self::recent::Recent;
use self::rivals::{Answer, Rivals, Waiting};
use self::unit::digest;
pub use self::unit::{CommitError, Unit};
use crate::outcome::CommitOutcome;
use common::store::patience::patiently;

mod group;
mod recent;
mod rivals;
mod unit;

/// Units that can wait for a commit; further senders wait until there is room.
pub const WAITING: usize = 4_096;

/// Hands units to the task that commits them.
#[derive(Clone)]
pub struct Committer {
    units: mpsc::Sender<Waiting>,
    turn: Arc<AtomicU32>,
}

impl Committer {
    /// Starts a committer for `store`. Two commits that write start at least `interval` apart: a
    /// Firestore document takes about one write a second. It ends when the last handle is dropped.
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

    /// The number of groups taken so far; it wraps around.
    pub fn turn(&self) -> u32 {
        self.turn.load(Ordering::Relaxed)
    }

    /// Commits `unit` together with others. Returns when that commit is done.
    pub async fn commit(&self, unit: Unit) -> Answer {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { unit, answer };
        self.units.send(waiting).await.map_err(|_| CommitError::Stopped)?;
        answered.await.map_err(|_| CommitError::Stopped)?
    }
}

/// The task that commits: group after group, one commit at a time.
struct Task {
    store: Arc<dyn DocumentStore>,
    interval: Duration,
    /// When the next commit may start.
    next: Instant,
    recent: Recent,
    turn: Arc<AtomicU32>,
}

impl Task {
    async fn run(mut self, mut line: Line) {
        while line.has_unit().await {
            sleep_until(self.next).await;
            self.recent.forget();
            let (group, remembered) = group::take(&mut line, &self.recent);
            self.turn.fetch_add(1, Ordering::Relaxed);
            line.put_back(self.answer_remembered(remembered).await);
            self.commit(group).await;
        }
    }

    /// Answers the units whose gates the store still has. Returns the others: somebody has removed
    /// their records, so they are new.
    async fn answer_remembered(&mut self, units: Vec<Waiting>) -> VecDeque<Waiting> {
        let gates: Vec<_> = units.iter().map(|waiting| waiting.unit.gate.clone()).collect();
        if gates.is_empty() {
            return VecDeque::new();
        }
        let found = match patiently(|| self.store.get_many(&gates)).await {
            // The commit finds out.
            Err(StoreError::Invalid(_)) => Ok(vec![None; gates.len()]),
            found => found.map_err(CommitError::from),
        };
        let mut removed = VecDeque::new();
        for (at, waiting) in units.into_iter().enumerate() {
            match found.as_ref().map(|found| found[at].as_ref()) {
                Ok(Some(stored)) => waiting.answer_known(digest(&stored.fields)),
                Ok(None) => {
                    self.recent.forget_gate(&waiting.unit.gate);
                    removed.push_back(waiting);
                }
                Err(error) => waiting.answer(Err(error.clone())),
            }
        }
        removed
    }

    /// Commits the group until each unit has its answer; in halves if the store refuses the whole.
    async fn commit(&mut self, group: Vec<Rivals>) {
        let mut groups: Vec<_> = (!group.is_empty()).then_some(group).into_iter().collect();
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

    /// The first of the rivals created the gate.
    fn stored(&mut self, rivals: Rivals) {
        let unit = &rivals.first.unit;
        self.recent.remember_gate(&unit.gate, unit.digest());
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

    /// Sends one commit. If some gate exists already, reads them all.
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

/// The result of one commit.
enum Attempt {
    /// All of it is written.
    Stored,
    /// Nothing is written, since some gate exists already: the documents at the gates, by
    /// position.
    Known(Vec<Option<Document>>),
}

/// Answers the units with the error. An invalid unit says nothing about the others of its gate, so
/// those are returned.
fn fail(group: Vec<Rivals>, error: StoreError) -> Option<Vec<Rivals>> {
    let only_first = matches!(error, StoreError::Invalid(_));
    let error = CommitError::from(error);
    let mut left = Vec::new();
    for rivals in group {
        if only_first {
            left.extend(rivals.first_failed(&error));
        } else {
            rivals.failed(&error);
        }
    }
    (!left.is_empty()).then_some(left)
}

fn observed(result: Result<(), StoreError>) -> Result<(), StoreError> {
    COMMITS.with_label_values(&[CommitOutcome::from(&result).label()]).inc();
    result
}
