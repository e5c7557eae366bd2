//! When a document may be written again.
//!
//! Two commits that write the same document start at least an interval apart: a Firestore document
//! takes about one write a second. When the store says that others write the same documents, the
//! interval of those tenants doubles; each successful commit of theirs brings it nearer to where it
//! began.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use common::path::DocumentPath;
use common::path_map::PathMap;
use tokio::time::Instant;

/// The longest that an interval grows to; a longer setting stays as it is.
const LONGEST: Duration = Duration::from_secs(2);
/// The value that an interval of zero starts from when it doubles.
const LEAST: Duration = Duration::from_millis(125);
/// An interval shrinks to this share with each success.
const EASE: f64 = 0.9;

/// When each document may be written again.
pub(super) struct Pace {
    interval: Duration,
    /// When a commit that wrote the document began.
    written: PathMap<Instant>,
    order: VecDeque<(Instant, DocumentPath)>,
    /// The intervals of tenants whose documents others write too.
    slowed: HashMap<String, Duration>,
}

impl Pace {
    /// Keeps this interval as long as nobody else writes.
    pub(super) fn new(interval: Duration) -> Self {
        let (written, order, slowed) = Default::default();
        Self { interval, written, order, slowed }
    }

    /// When the document may be written again; `None` if at any time.
    pub(super) fn due(&self, path: &DocumentPath) -> Option<Instant> {
        let written = *self.written.get(path)?;
        Some(written + self.interval_of(path.tenant()))
    }

    /// The shortest time between two commits that write the same document of a tenant.
    pub(super) fn interval_of(&self, tenant: Option<&str>) -> Duration {
        let slowed = tenant.and_then(|tenant| self.slowed.get(tenant));
        slowed.copied().unwrap_or(self.interval)
    }

    /// Notes that a commit that began then wrote the document.
    pub(super) fn wrote(&mut self, path: &DocumentPath, began: Instant) {
        if !self.interval.is_zero() || !self.slowed.is_empty() {
            self.written.insert(path.clone(), began);
            self.order.push_back((began, path.clone()));
        }
    }

    /// Notes that others write documents of this tenant: its interval doubles.
    pub(super) fn slow_down(&mut self, tenant: &str) {
        let now = self.interval_of(Some(tenant)).max(LEAST);
        let slower = (now * 2).min(LONGEST.max(self.interval));
        self.slowed.insert(tenant.to_owned(), slower);
    }

    /// Notes that a commit of this tenant succeeded.
    pub(super) fn ease(&mut self, tenant: &str) {
        let Some(interval) = self.slowed.get_mut(tenant) else { return };
        *interval = interval.mul_f64(EASE);
        if *interval <= self.interval.max(LEAST / 2) {
            self.slowed.remove(tenant);
        }
    }

    /// Forgets the documents that may be written at any time.
    pub(super) fn forget(&mut self) {
        let longest = LONGEST.max(self.interval);
        while let Some((began, _)) = self.order.front()
            && began.elapsed() > longest
        {
            let Some((began, path)) = self.order.pop_front() else { return };
            if self.written.get(&path) == Some(&began) {
                self.written.remove(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use common::path::{Collection, CollectionPath};
    use common::tenant::TenantId;

    use super::*;

    const INTERVAL: Duration = Duration::from_millis(250);

    fn document(tenant: &str) -> DocumentPath {
        let tenant = TenantId::parse(tenant).expect("a tenant");
        CollectionPath::of(&tenant, Collection::Rollups).hashed(&["views"])
    }

    #[tokio::test(start_paused = true)]
    async fn the_interval_of_a_contended_tenant_doubles_to_two_seconds_and_decays() {
        let mut pace = Pace::new(INTERVAL);
        let mut intervals = Vec::new();
        for _ in 0..5 {
            pace.slow_down("busy");
            intervals.push(pace.interval_of(Some("busy")).as_millis());
        }
        assert_eq!(intervals, [500, 1_000, 2_000, 2_000, 2_000]);
        assert_eq!(pace.interval_of(Some("calm")), INTERVAL);
        let successes = (1..).find(|_| {
            pace.ease("busy");
            pace.interval_of(Some("busy")) == INTERVAL
        });
        assert_eq!(successes, Some(20));
        assert!(pace.slowed.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_document_is_due_an_interval_after_the_commit_began_and_then_forgotten() {
        let mut pace = Pace::new(INTERVAL);
        let (began, written) = (Instant::now(), document("acme"));
        pace.wrote(&written, began);
        assert_eq!(pace.due(&written), Some(began + INTERVAL));
        assert_eq!(pace.due(&document("other")), None);
        pace.slow_down("acme");
        assert_eq!(pace.due(&written), Some(began + 2 * INTERVAL));
        tokio::time::advance(LONGEST + INTERVAL).await;
        pace.forget();
        assert!(pace.written.is_empty() && pace.order.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_longer_interval_stays_and_one_of_zero_grows_too() {
        let mut slow = Pace::new(Duration::from_secs(30));
        slow.slow_down("acme");
        assert_eq!(slow.interval_of(Some("acme")), Duration::from_secs(30));
        let mut fast = Pace::new(Duration::ZERO);
        fast.wrote(&document("acme"), Instant::now());
        assert!(fast.written.is_empty(), "nothing waits");
        fast.slow_down("acme");
        assert_eq!(fast.interval_of(Some("acme")), 2 * LEAST);
        (0..20).for_each(|_| fast.ease("acme"));
        assert_eq!(fast.interval_of(Some("acme")), Duration::ZERO);
    }
}
