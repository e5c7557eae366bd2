//! Derives the visits of days, each once however many ask for it, and goes on when nobody waits any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use common::program::chain;
use common::store::DocumentStore;
use common::tenant::TenantId;
use common::time_zone::TimeZone;
use common::visits::{Derived, derive};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many days are derived at once. Others wait; each may take some 8 MB.
const AT_ONCE: usize = 2;
/// How long a day may take. Beyond, it is given up, and begun again by the next one who asks.
const LONGEST: Duration = Duration::from_secs(300);

/// A day of a site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SiteDay {
    pub(crate) tenant: TenantId,
    pub(crate) day: NaiveDate,
    /// The zone of the site.
    pub(crate) zone: TimeZone,
}

/// The visits of a day, once they are derived; `None` if the store failed.
pub(crate) type Running = Shared<BoxFuture<'static, Option<Derived>>>;

/// What is derived at this moment.
pub(crate) struct VisitDays {
    store: Arc<dyn DocumentStore>,
    running: Arc<Mutex<HashMap<SiteDay, Running>>>,
    turns: Arc<Semaphore>,
}

impl VisitDays {
    /// Days in `store`.
    pub(crate) fn new(store: Arc<dyn DocumentStore>) -> Self {
        Self { store, running: Arc::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Derives the visits of a day, or joins whoever does already.
    pub(crate) fn derive(&self, day: SiteDay) -> Running {
        let mut running = lock(&self.running);
        if let Some(running) = running.get(&day) {
            return running.clone();
        }
        let task = tokio::spawn(self.task(day.clone()));
        let joined = task.map(|done| done.ok().flatten()).boxed().shared();
        running.insert(day, joined.clone());
        joined
    }

    fn task(&self, day: SiteDay) -> impl Future<Output = Option<Derived>> + Send + 'static {
        let (store, running) = (Arc::clone(&self.store), Arc::clone(&self.running));
        let turns = Arc::clone(&self.turns);
        async move {
            let _turn = turns.acquire().await;
            let derived = timeout(LONGEST, derived(&*store, &day)).await;
            lock(&running).remove(&day);
            derived.ok().flatten()
        }
    }
}

async fn derived(
    store: &dyn DocumentStore,
    SiteDay { tenant, day, zone }: &SiteDay,
) -> Option<Derived> {
    let derived = derive(store, tenant, *day, *zone).await;
    derived
        .inspect_err(|error| {
            tracing::error!(error = chain(error), %tenant, %day, "visits could not be derived");
        })
        .ok()
}

fn lock<T>(running: &Mutex<T>) -> MutexGuard<'_, T> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use common::path::DocumentPath;
    use common::store::embedded::EmbeddedStore;
    use common::store::{Aggregation, CommitLimits, Document, Query, StoreError, Write};
    use futures::future::join_all;
    use tempfile::TempDir;

    use super::*;

    /// A store that answers queries one by one, when it is let, and counts what is committed.
    struct Slow {
        store: EmbeddedStore,
        answers: Semaphore,
        commits: AtomicUsize,
        _folder: TempDir,
    }

    #[async_trait]
    impl DocumentStore for Slow {
        async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
            self.commits.fetch_add(1, Ordering::SeqCst);
            self.store.commit(writes).await
        }

        fn commit_limits(&self) -> CommitLimits {
            self.store.commit_limits()
        }

        async fn get_many(
            &self,
            paths: &[DocumentPath],
        ) -> Result<Vec<Option<Document>>, StoreError> {
            self.store.get_many(paths).await
        }

        async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
            let _answer = self.answers.acquire().await;
            self.store.query(query).await
        }

        async fn aggregate(
            &self,
            query: &Query,
            aggregations: &[Aggregation],
        ) -> Result<Vec<i64>, StoreError> {
            self.store.aggregate(query, aggregations).await
        }

        async fn tenants(&self, most: usize) -> Result<Vec<TenantId>, StoreError> {
            self.store.tenants(most).await
        }

        async fn probe(&self) -> Result<(), StoreError> {
            self.store.probe().await
        }
    }

    #[tokio::test]
    async fn a_day_is_derived_once_for_all_who_ask_and_also_when_nobody_waits() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        let (answers, commits) = (Semaphore::new(0), AtomicUsize::new(0));
        let store = Arc::new(Slow { store, answers, commits, _folder: folder });
        let days = VisitDays::new(store.clone());
        let day = |tenant: &str| SiteDay {
            tenant: TenantId::parse(tenant).expect("a tenant"),
            day: NaiveDate::from_ymd_opt(2025, 5, 1).expect("a day"),
            zone: TimeZone::default(),
        };
        let many: Vec<_> = (0..10).map(|_| days.derive(day("acme"))).collect();
        drop(days.derive(day("beta")));
        let nobody = timeout(Duration::from_millis(1), many[0].clone()).await;
        assert!(nobody.is_err(), "the store has not answered");
        store.answers.add_permits(1);
        let all = join_all(many).await;
        assert!(all[0].is_some() && all.iter().all(|derived| *derived == all[0]));
        while !lock(&days.running).is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(store.commits.load(Ordering::SeqCst), 2, "one of each site");
        days.derive(day("acme")).await;
        assert_eq!(store.commits.load(Ordering::SeqCst), 3, "it may be derived again");
    }
}
