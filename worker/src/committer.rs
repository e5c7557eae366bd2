//! Group commit: the units of work of concurrent messages become one atomic commit.
//!
//! A unit is a gate, the record's own document, with everything that counts the record. The gate
//! is created in the same commit, so a duplicate fails as a whole and changes nothing. One commit
//! runs at a time; the units that gather meanwhile are the next one.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use common::metrics::{COMMIT_UNITS, COMMITS};
use common::path::DocumentPath;
use common::store::{DocumentStore, Fields, StoreError, Value, Write};
use futures::FutureExt as _;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::patience::patiently;

/// Units in one commit at most.
const MAX_UNITS: usize = 400;
/// Documents in one commit at most; a unit with more is a commit of its own.
const MAX_DOCUMENTS: usize = 500;
/// Bytes of one commit at most; Firestore's own limit is 10 MiB.
const MAX_BYTES: usize = 4 << 20;
/// Units that wait for their commit before their senders do.
const WAITING: usize = 4_096;

/// What one message changes, all or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The record's own document.
    pub gate: DocumentPath,
    /// The gate's fields, `digest` among them.
    pub fields: Fields,
    /// What counts the record: upserts and increments.
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

/// Hands units to the task that commits them.
#[derive(Clone)]
pub struct Committer {
    units: mpsc::Sender<Waiting>,
}

impl Committer {
    /// Starts a committer for `store`. Two commits begin at least `interval` apart: a document of
    /// Firestore takes about one write a second. It ends when the last handle is dropped.
    pub fn start(store: Arc<dyn DocumentStore>, interval: Duration) -> Self {
        let (units, queue) = mpsc::channel(WAITING);
        tokio::spawn(run(store, interval, queue));
        Self { units }
    }

    /// Returns when the commit that holds `unit` is done.
    pub async fn commit(&self, unit: Unit) -> Answer {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { unit, answer };
        self.units.send(waiting).await.map_err(|_| CommitError::Stopped)?;
        answered.await.map_err(|_| CommitError::Stopped)?
    }
}

async fn run(
    store: Arc<dyn DocumentStore>,
    interval: Duration,
    mut queue: mpsc::Receiver<Waiting>,
) {
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() {
            let Some(first) = queue.recv().await else {
                return;
            };
            waiting.push_back(first);
        }
        while let Ok(more) = queue.try_recv() {
            waiting.push_back(more);
        }
        let began = Instant::now();
        Batch::take(&mut waiting).commit(&*store).await;
        sleep_until(began + interval).await;
    }
}

/// Units that are committed together, and those that wait for the same gates.
#[derive(Default)]
struct Batch {
    units: Vec<Waiting>,
    followers: HashMap<DocumentPath, Vec<Waiting>>,
}

impl Batch {
    /// Takes from the front of `waiting` what fits into one commit.
    fn take(waiting: &mut VecDeque<Waiting>) -> Self {
        let mut batch = Self::default();
        let mut room = Room::default();
        let mut later = VecDeque::new();
        while let Some(next) = waiting.pop_front() {
            match room.admit(&next.unit) {
                Admission::Fits => batch.units.push(next),
                Admission::SameGate => {
                    batch.followers.entry(next.unit.gate.clone()).or_default().push(next);
                }
                Admission::Clashes => later.push_back(next),
                Admission::Full => {
                    waiting.push_front(next);
                    break;
                }
            }
        }
        later.append(waiting);
        *waiting = later;
        batch
    }

    /// Commits the units, in halves where the store refuses the whole, until each has its answer.
    async fn commit(mut self, store: &dyn DocumentStore) {
        let mut groups = vec![std::mem::take(&mut self.units)];
        while let Some(group) = groups.pop() {
            groups.extend(self.attempt(store, group).await);
        }
    }

    /// One commit. Returns what has to be tried again, in groups.
    async fn attempt(
        &mut self,
        store: &dyn DocumentStore,
        mut group: Vec<Waiting>,
    ) -> Vec<Vec<Waiting>> {
        if group.is_empty() {
            return Vec::new();
        }
        COMMIT_UNITS.observe(group.len() as f64);
        let writes = merge(group.iter().map(|waiting| &waiting.unit));
        let result = patiently(|| store.commit(writes.clone()).map(observed)).await;
        match result {
            Ok(()) => self.answer_all(group, &Ok(Outcome::Stored)),
            Err(StoreError::AlreadyExists) => return self.drop_known(store, group).await,
            Err(StoreError::Invalid(_)) if group.len() > 1 => {
                let second = group.split_off(group.len() / 2);
                return vec![second, group];
            }
            Err(error) => self.answer_all(group, &Err(CommitError::Store(Arc::new(error)))),
        }
        Vec::new()
    }

    /// Some gate exists: answers the units whose gates do, and returns the others.
    async fn drop_known(
        &mut self,
        store: &dyn DocumentStore,
        group: Vec<Waiting>,
    ) -> Vec<Vec<Waiting>> {
        let gates: Vec<_> = group.iter().map(|waiting| waiting.unit.gate.clone()).collect();
        let found = match patiently(|| store.get_many(&gates)).await {
            Ok(found) => found,
            Err(error) => {
                self.answer_all(group, &Err(CommitError::Store(Arc::new(error))));
                return Vec::new();
            }
        };
        let mut fresh = Vec::new();
        for (waiting, found) in group.into_iter().zip(found) {
            match found {
                Some(stored) => self.settle(waiting, digest(&stored.fields)),
                None => fresh.push(waiting),
            }
        }
        vec![fresh]
    }

    /// The gate is there, with `digest`: answers the unit and all that waited for the same gate.
    fn settle(&mut self, waiting: Waiting, digest: Option<&str>) {
        let followers = self.followers.remove(&waiting.unit.gate).unwrap_or_default();
        for waiting in std::iter::once(waiting).chain(followers) {
            let same = self::digest(&waiting.unit.fields) == digest;
            let outcome = if same { Outcome::Duplicate } else { Outcome::Conflict };
            drop(waiting.answer.send(Ok(outcome)));
        }
    }

    fn answer_all(&mut self, group: Vec<Waiting>, answer: &Answer) {
        for waiting in group {
            let followers = self.followers.remove(&waiting.unit.gate).unwrap_or_default();
            for follower in followers {
                let same = digest(&follower.unit.fields) == digest(&waiting.unit.fields);
                let seen = if same { Outcome::Duplicate } else { Outcome::Conflict };
                drop(follower.answer.send(answer.clone().map(|_| seen)));
            }
            drop(waiting.answer.send(answer.clone()));
        }
    }
}

/// What a commit holds so far, and whether one more unit may join it.
#[derive(Default)]
struct Room {
    units: usize,
    bytes: usize,
    gates: HashSet<DocumentPath>,
    counted: HashSet<DocumentPath>,
}

enum Admission {
    Fits,
    SameGate,
    Clashes,
    Full,
}

impl Room {
    fn admit(&mut self, unit: &Unit) -> Admission {
        if self.gates.contains(&unit.gate) {
            return Admission::SameGate;
        }
        if self.clashes(unit) {
            return Admission::Clashes;
        }
        let bytes =
            unit.fields.iter().map(|(name, value)| name.len() + value.size()).sum::<usize>()
                + unit.writes.iter().map(Write::size).sum::<usize>();
        let documents = self.documents() + 1 + self.new_documents(unit);
        let full = documents > MAX_DOCUMENTS || self.bytes + bytes > MAX_BYTES;
        if self.units > 0 && (full || self.units == MAX_UNITS) {
            return Admission::Full;
        }
        self.units += 1;
        self.bytes += bytes;
        self.gates.insert(unit.gate.clone());
        self.counted.extend(unit.writes.iter().map(|write| write.path().clone()));
        Admission::Fits
    }

    /// One unit creates what another one counts on: not in one commit.
    fn clashes(&self, unit: &Unit) -> bool {
        self.counted.contains(&unit.gate)
            || unit.writes.iter().any(|write| self.gates.contains(write.path()))
    }

    fn documents(&self) -> usize {
        self.gates.len() + self.counted.len()
    }

    fn new_documents(&self, unit: &Unit) -> usize {
        unit.writes.iter().filter(|write| !self.counted.contains(write.path())).count()
    }
}

/// The writes of all `units`, in which each document stands once: increments are added up, fields
/// that are set are set to the last value.
fn merge<'a>(units: impl Iterator<Item = &'a Unit>) -> Vec<Write> {
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
