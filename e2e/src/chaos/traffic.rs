//! What the clients see: how often they are refused, and how soon they are served again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::schedule::Side;

/// Counts of the run.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    refused: AtomicUsize,
    unanswered: AtomicUsize,
    absorbed: AtomicUsize,
    killed_at_work: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The kill after which no record has been accepted yet.
    killed: Option<Instant>,
    /// When the last trouble of the broker ends.
    well_again: Option<Instant>,
    recoveries: Vec<Duration>,
    longest_answer: Duration,
}

impl Traffic {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A trouble begins. Those of the store keep nobody from accepting records.
    pub(super) fn is_troubled(&self, side: Side, lasts: Duration) {
        if side == Side::Broker {
            self.state().well_again = Some(Instant::now() + lasts);
        }
    }

    /// What was killed at that time listens again.
    pub(super) fn is_up_again(&self, killed: Instant) {
        self.state().killed.get_or_insert(killed);
    }

    /// A record was accepted, by a request that began at that time. A recovery lasts from the kill,
    /// or from the end of the broker's trouble if that is later.
    pub(super) fn accepted(&self, began: Instant) {
        let mut state = self.state();
        state.longest_answer = state.longest_answer.max(began.elapsed());
        if let Some(killed) = state.killed.take() {
            let now = Instant::now();
            let well_again = state.well_again.filter(|at| *at <= now);
            let since = well_again.map_or(killed, |at| at.max(killed));
            state.recoveries.push(now - since);
        }
    }

    /// A request was answered 503, or not at all.
    pub(super) fn refused(&self, is_answered: bool, began: Instant) {
        let count = if is_answered { &self.refused } else { &self.unanswered };
        count.fetch_add(1, Ordering::Relaxed);
        if is_answered {
            let mut state = self.state();
            state.longest_answer = state.longest_answer.max(began.elapsed());
        }
    }

    pub(super) fn absorb(&self, duplicates: usize) {
        self.absorbed.fetch_add(duplicates, Ordering::Relaxed);
    }

    /// What is killed next has ended the work on messages since it was started, or has not.
    pub(super) fn is_killed_at_work(&self, is_at_work: bool) {
        self.killed_at_work.fetch_add(usize::from(is_at_work), Ordering::Relaxed);
    }

    pub(super) fn killed_at_work(&self) -> usize {
        self.killed_at_work.load(Ordering::Relaxed)
    }

    pub(super) fn absorbed(&self) -> usize {
        self.absorbed.load(Ordering::Relaxed)
    }

    /// How many requests were answered 503, and how many were not answered.
    pub(super) fn sent_again(&self) -> [usize; 2] {
        [&self.refused, &self.unanswered].map(|count| count.load(Ordering::Relaxed))
    }

    /// The median and the longest recovery.
    pub(super) fn recovery(&self) -> [Duration; 2] {
        let mut recoveries = self.state().recoveries.clone();
        recoveries.sort_unstable();
        let median = recoveries.get(recoveries.len() / 2).copied().unwrap_or_default();
        [median, recoveries.last().copied().unwrap_or_default()]
    }

    pub(super) fn longest_answer(&self) -> Duration {
        self.state().longest_answer
    }
}
