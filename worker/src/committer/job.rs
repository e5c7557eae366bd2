//! A commit on its way: it is tried until each of its units has an answer.

use std::collections::BTreeMap;
use std::time::Duration;

use common::backoff::Backoff;
use common::path::DocumentPath;
use common::store::patience::{BACKOFF, PATIENCE};
use tokio::time::Instant;

use super::group::Prepared;
use super::rivals::Rivals;

/// The waits after other writers wrote the same documents. A document with many writers should rest
/// longer than a busy store.
const CONTENTION: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(2));
/// After so many contended tries, each tenant goes on alone.
const CONTENDED_TOGETHER: u32 = 2;

/// A commit on its way.
pub(super) struct Job {
    /// The commits that are left, the next one last. They may write the same documents, so they go
    /// one after the other.
    pub(super) left: Vec<Prepared>,
    /// All documents that it may write. No other commit writes them meanwhile.
    pub(super) documents: Vec<DocumentPath>,
    /// When the next try is due.
    pub(super) at: Instant,
    tries: Tries,
}

/// The tries of one commit that failed so far.
#[derive(Clone, Copy)]
pub(super) struct Tries {
    until: Instant,
    failures: u32,
    contended: u32,
}

impl Tries {
    fn none() -> Self {
        Self { until: Instant::now() + PATIENCE, failures: 0, contended: 0 }
    }
}

impl Job {
    /// A commit that has not been tried.
    pub(super) fn new(prepared: Prepared, documents: Vec<DocumentPath>) -> Self {
        Self { left: vec![prepared], documents, at: Instant::now(), tries: Tries::none() }
    }

    /// Goes on with another commit, which starts with its first try.
    pub(super) fn begin_anew(&mut self) {
        self.tries = Tries::none();
    }

    /// Waits after a passing fault. `false` if the fault has lasted too long.
    pub(super) fn wait(&mut self, is_contended: bool) -> bool {
        let tries = &mut self.tries;
        let wait = if is_contended {
            tries.contended += 1;
            CONTENTION.wait_after(tries.contended)
        } else {
            tries.failures += 1;
            BACKOFF.wait_after(tries.failures)
        };
        self.at = Instant::now() + wait;
        self.at < tries.until
    }

    /// Whether other writers got in the way so often that each tenant should go on alone.
    pub(super) fn should_split(&self) -> bool {
        self.tries.contended == CONTENDED_TOGETHER
    }

    /// One tenant's part of this commit, with the tries so far.
    pub(super) fn part(&self, prepared: Prepared, documents: Vec<DocumentPath>) -> Self {
        Self { left: vec![prepared], documents, at: self.at, tries: self.tries }
    }
}

/// The units of each tenant.
pub(super) fn by_tenant(units: Vec<Rivals>) -> Vec<Vec<Rivals>> {
    let mut tenants: BTreeMap<String, Vec<Rivals>> = BTreeMap::new();
    for rivals in units {
        let tenant = rivals.first.unit.tenant().to_owned();
        tenants.entry(tenant).or_default().push(rivals);
    }
    tenants.into_values().collect()
}
