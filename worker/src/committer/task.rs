//! The task that commits: it arranges the waiting units, and keeps as many commits in flight as the
//! store accepts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::metrics::COMMIT_UNITS;
use common::store::{CommitLimits, Document, DocumentStore, StoreError, Write};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::attempt::{Attempted, Outcome, attempt};
use super::check::{Checked, check};
use super::group::{Group, Prepared, owned};
use super::job::{Job, by_tenant};
use super::lane::Surroundings;
use super::lanes::Lanes;
use super::rivals::{Rivals, Waiting};
use super::unit::{CommitError, digest, take_digest};

/// All units that have arrived: senders wait while there is no room for theirs.
const ALL: usize = usize::MAX;

/// A commit that failed after this time may be too large for a store that is slow: half of the time after
/// which Firestore's adapter gives up.
const TOO_LONG: Duration = Duration::from_secs(5);

/// The task that commits.
pub(super) struct Task {
    store: Arc<dyn DocumentStore>,
    lanes: Lanes,
    around: Surroundings,
    running: JoinSet<Attempted>,
    /// Reads of gates that were seen a moment ago.
    checks: JoinSet<Checked>,
    /// Commits on their way that wait for their next try.
    held: Vec<Job>,
    turn: Arc<AtomicU32>,
    turned: Option<Instant>,
}

impl Task {
    pub(super) fn new(
        store: Arc<dyn DocumentStore>,
        limits: CommitLimits,
        turn: Arc<AtomicU32>,
    ) -> Self {
        let (lanes, running, checks, held, turned) = Default::default();
        let around = Surroundings::within(limits);
        Self { store, lanes, around, running, checks, held, turn, turned }
    }

    /// Commits until the queue has ended and each unit has its answer.
    pub(super) async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Waiting>) {
        let (mut arrived, mut is_open) = (Vec::new(), true);
        while is_open || !self.is_idle() {
            let wake = self.wake();
            tokio::select! {
                count = queue.recv_many(&mut arrived, ALL), if is_open => {
                    is_open = count > 0;
                    self.take_in(&mut arrived);
                }
                Some(ended) = self.running.join_next() => {
                    ended.map_or_else(go_on_with_panic, |attempted| self.conclude(attempted));
                }
                Some(ended) = self.checks.join_next() => {
                    ended.map_or_else(go_on_with_panic, |checked| self.checked(checked));
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
            self.send();
        }
    }

    fn is_idle(&self) -> bool {
        self.lanes.is_empty()
            && self.running.is_empty()
            && self.checks.is_empty()
            && self.held.is_empty()
    }

    fn has_slot(&self) -> bool {
        self.running.len() < self.around.limits.at_once
    }

    /// When something can be sent, if nothing happens before.
    fn wake(&self) -> Option<Instant> {
        if !self.has_slot() {
            return None;
        }
        let held = self.held.iter().map(|job| job.at);
        held.chain(self.lanes.next_due(Instant::now())).min()
    }

    fn take_in(&mut self, arrived: &mut Vec<Waiting>) {
        self.around.recent.forget();
        let seen = |one: &Waiting| self.around.recent.digest(&one.unit.gate).is_some();
        let (seen, new): (Vec<_>, Vec<_>) = arrived.drain(..).partition(seen);
        new.into_iter().for_each(|unit| self.lanes.place(unit, &self.around));
        if !seen.is_empty() {
            self.checks.spawn(check(Arc::clone(&self.store), seen));
        }
    }

    /// Places the units whose records somebody has removed from the store: these count as new.
    fn checked(&mut self, checked: Checked) {
        for removed in checked.answer() {
            self.around.recent.forget_gate(&removed.unit.gate);
            self.lanes.place(removed, &self.around);
        }
    }

    /// Sends as many commits as the store accepts at once: first those that were tried before.
    fn send(&mut self) {
        let now = Instant::now();
        while self.has_slot()
            && let Some(place) = self.held.iter().position(|job| job.at <= now)
        {
            let job = self.held.swap_remove(place);
            self.start(job);
        }
        while self.has_slot() {
            let group = self.lanes.take(&self.around);
            if group.is_empty() {
                return;
            }
            self.begin(group);
        }
    }

    fn begin(&mut self, group: Group) {
        self.around.pace.forget();
        let job = self.job_of(group);
        self.reserve(&job);
        self.count_turn();
        self.start(job);
        self.lanes.refill(&self.around);
    }

    fn job_of(&self, group: Group) -> Job {
        let documents = group.documents().cloned().collect();
        Job::new(group.prepare(&self.around.recent), documents)
    }

    fn reserve(&mut self, job: &Job) {
        let now = Instant::now();
        self.around.reserved.extend(job.documents.iter().map(|path| (path.clone(), now)));
    }

    fn release(&mut self, job: &Job) {
        for path in &job.documents {
            self.around.reserved.remove(path);
        }
    }

    fn count_turn(&mut self) {
        if self.turned.is_none_or(|turned| turned.elapsed() >= self.around.limits.interval) {
            self.turned = Some(Instant::now());
            self.turn.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends what the job has to commit next.
    fn start(&mut self, mut job: Job) {
        let Some(next) = job.left.pop() else { return self.end(job) };
        COMMIT_UNITS.observe(next.rivals.len() as f64);
        self.running.spawn(attempt(Arc::clone(&self.store), job, next, Instant::now()));
    }

    /// Lets go of the documents. Units that waited for them may now be placed.
    fn end(&mut self, job: Job) {
        self.release(&job);
        self.lanes.refill(&self.around);
    }

    fn conclude(&mut self, Attempted { job, tried, began, outcome }: Attempted) {
        match outcome {
            Outcome::Stored => self.stored(job, tried, began),
            Outcome::Known(found) => self.drop_known(job, tried, found),
            Outcome::Failed(error) if error.is_passing() => {
                self.try_again(job, tried, began, error);
            }
            Outcome::Failed(StoreError::Invalid(cause)) => {
                self.divide(job, tried, StoreError::Invalid(cause));
            }
            Outcome::Failed(error) => self.fail(job, tried, error),
        }
    }

    /// Goes on with what the job has left, as soon as its documents may be written.
    fn go_on(&mut self, mut job: Job) {
        let Some(next) = job.left.last() else { return self.end(job) };
        let due = next.writes.iter().filter_map(|write| self.around.pace.due(write.path())).max();
        job.at = due.unwrap_or_else(Instant::now);
        job.begin_anew();
        self.held.push(job);
    }

    /// The first of each group of rivals created its gate.
    fn stored(&mut self, job: Job, tried: Prepared, began: Instant) {
        let mut writes = owned(tried.writes).into_iter();
        for (rivals, create) in tried.rivals.into_iter().zip(writes.by_ref()) {
            self.around.pace.ease(rivals.first.unit.tenant());
            let Write::Create { path, mut fields } = create else { continue };
            let digest = take_digest(&mut fields);
            rivals.stored(digest.as_deref());
            self.around.recent.remember_gate(path, digest);
        }
        for write in writes {
            self.around.pace.wrote(write.path(), began);
            self.around.recent.remember_upsert(write);
        }
        self.go_on(job);
    }

    /// Answers the units whose gates were `found`, and goes on with the others.
    fn drop_known(&mut self, mut job: Job, tried: Prepared, found: Vec<Option<Document>>) {
        let mut fresh = Vec::new();
        for (rivals, found) in tried.take_apart().into_iter().zip(found) {
            let Some(mut stored) = found else {
                fresh.push(rivals);
                continue;
            };
            let gate = rivals.first.unit.gate.clone();
            rivals.known(digest(&stored.fields));
            self.around.recent.remember_gate(gate, take_digest(&mut stored.fields));
        }
        job.left.extend(self.prepared(fresh));
        self.go_on(job);
    }

    fn prepared(&self, units: Vec<Rivals>) -> Option<Prepared> {
        (!units.is_empty()).then(|| Group::of(units).prepare(&self.around.recent))
    }

    /// Tries again after a while. If others wrote the same documents, slows the tenants down, and
    /// in the end splits the commit by tenant, so that none waits for another's documents. What took long
    /// to fail may be too much for the store, and is tried in halves.
    fn try_again(&mut self, mut job: Job, tried: Prepared, began: Instant, error: StoreError) {
        let is_contended = matches!(error, StoreError::Contention(_));
        if !job.wait(is_contended) {
            return self.fail(job, tried, error);
        }
        tracing::debug!(error = common::program::chain(&error), "trying a commit again");
        if is_contended {
            self.slow_down(&tried);
            if job.should_split() {
                return self.split(job, tried);
            }
        }
        let is_too_much = !is_contended && began.elapsed() >= TOO_LONG && tried.rivals.len() > 1;
        match is_too_much {
            true => job.left.extend(self.halves(tried.take_apart())),
            false => job.left.push(tried),
        }
        self.held.push(job);
    }

    /// A commit of each half of the units, the first half last.
    fn halves(&self, mut units: Vec<Rivals>) -> [Prepared; 2] {
        let second = units.split_off(units.len() / 2);
        [second, units].map(|half| Group::of(half).prepare(&self.around.recent))
    }

    fn slow_down(&mut self, tried: &Prepared) {
        let mut tenants: Vec<_> = tried.rivals.iter().map(|one| one.first.unit.tenant()).collect();
        tenants.sort_unstable();
        tenants.dedup();
        tenants.into_iter().for_each(|tenant| self.around.pace.slow_down(tenant));
    }

    /// Makes a separate commit of each tenant's units.
    fn split(&mut self, mut job: Job, tried: Prepared) {
        let waiting = std::mem::take(&mut job.left);
        self.release(&job);
        let units = waiting.into_iter().chain([tried]).flat_map(Prepared::take_apart).collect();
        for units in by_tenant(units) {
            let group = Group::of(units);
            let documents = group.documents().cloned().collect();
            let part = job.part(group.prepare(&self.around.recent), documents);
            self.reserve(&part);
            self.held.push(part);
        }
    }

    /// Halves a commit that the store calls invalid until the one bad unit is found.
    fn divide(&mut self, mut job: Job, tried: Prepared, error: StoreError) {
        let units = tried.take_apart();
        if units.len() > 1 {
            job.left.extend(self.halves(units));
        } else {
            let error = CommitError::from(error);
            let others = units.into_iter().filter_map(|rivals| rivals.first_failed(&error));
            job.left.extend(self.prepared(others.collect()));
        }
        self.go_on(job);
    }

    /// Answers the units with the error.
    fn fail(&mut self, job: Job, tried: Prepared, error: StoreError) {
        let error = CommitError::from(error);
        tried.rivals.into_iter().for_each(|rivals| rivals.failed(&error));
        self.go_on(job);
    }
}

/// Nobody cancels the tasks, so a task that did not end has panicked.
fn go_on_with_panic(error: JoinError) {
    if error.is_panic() {
        std::panic::resume_unwind(error.into_panic());
    }
}
