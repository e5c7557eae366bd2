//! The settings of sites, read from the store and remembered for a moment, so that an event seldom
//! waits for them.
//!
//! What another gateway has changed holds here after [`MEMORY`]. If the store does not answer, the
//! settings that were known last hold, or else none: an event is taken either way, because a page sends
//! it only once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::budget;
use common::metrics::UNKNOWN_SETTINGS;
use common::path::CollectionPath;
use common::program::chain;
use common::site_settings::SiteSettings;
use common::store::{DocumentStore, StoreError};
use common::tenant::TenantId;
use common::time_zone::TimeZone;
use tokio::time::{Instant, timeout};

/// How long settings are remembered: the store is read at most this often for a site.
const MEMORY: Duration = Duration::from_secs(10);
/// How long the store is left alone after a failure, so that the events of a flood do not wait for it
/// one after the other.
const REST: Duration = Duration::from_secs(5);
/// The most sites that are remembered: 64 MiB if each has all that it may have. Beyond, the site that
/// came first is forgotten.
const MOST: usize = 4_096;

/// The settings of sites.
pub(crate) struct Sites {
    store: Arc<dyn DocumentStore>,
    known: Mutex<Known>,
    /// When the store failed last.
    failed: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Known {
    sites: HashMap<TenantId, Arc<Site>>,
    /// The sites in the order in which they came.
    order: VecDeque<TenantId>,
}

/// What is known of a site.
#[derive(Default)]
struct Site {
    last: Mutex<Last>,
    /// Held by whoever reads or changes the settings: one at a time.
    turn: tokio::sync::Mutex<()>,
}

/// The settings that were known last.
#[derive(Clone, Default)]
struct Last {
    settings: Option<Arc<SiteSettings>>,
    /// When they were read; `None` if they must be read again.
    at: Option<Instant>,
}

impl Sites {
    /// Settings in `store`.
    pub(crate) fn new(store: Arc<dyn DocumentStore>) -> Self {
        Self { store, known: Mutex::default(), failed: Mutex::default() }
    }

    /// The settings of a site for one of its events.
    pub(crate) async fn of(&self, tenant: &TenantId) -> Arc<SiteSettings> {
        let site = self.refreshed(tenant).await;
        site.last().settings.unwrap_or_else(|| {
            UNKNOWN_SETTINGS.inc();
            Arc::default()
        })
    }

    /// The settings of a site before an event needs them, or for a read; the default ones if none are
    /// known.
    pub(crate) async fn prepare(&self, tenant: &TenantId) -> Arc<SiteSettings> {
        self.refreshed(tenant).await.last().settings.unwrap_or_default()
    }

    /// The zone whose days are those of a site.
    pub(crate) async fn zone(&self, tenant: &TenantId) -> TimeZone {
        self.prepare(tenant).await.zone()
    }

    /// The settings of a site as they are in the store.
    pub(crate) async fn read(&self, tenant: &TenantId) -> Result<SiteSettings, StoreError> {
        let path = CollectionPath::site(tenant);
        let found = self.store.get_many(std::slice::from_ref(&path)).await?.pop().flatten();
        Ok(found.as_ref().map(SiteSettings::stored).unwrap_or_default())
    }

    /// Stores the settings of a site. They hold here at once.
    pub(crate) async fn set(
        &self,
        tenant: &TenantId,
        settings: SiteSettings,
    ) -> Result<(), StoreError> {
        let site = self.site(tenant);
        let _turn = site.turn.lock().await;
        // Until the store has answered, nobody knows which settings it has.
        site.doubt();
        self.store.commit(vec![settings.write(tenant)]).await?;
        site.remember(settings);
        Ok(())
    }

    /// The settings of a site are read again for its next event.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.site(tenant).doubt();
    }

    /// What is known of a site once its settings are read, or the store has had its time.
    async fn refreshed(&self, tenant: &TenantId) -> Arc<Site> {
        let site = self.site(tenant);
        if !site.is_fresh() {
            match timeout(budget::SITE_SETTINGS, self.refresh(tenant, &site)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.rest(&chain(&error).to_string()),
                Err(_) => self.rest("no answer in time"),
            }
        }
        site
    }

    /// Reads the settings, unless somebody else has read them meanwhile, or has found that the store
    /// does not answer.
    async fn refresh(&self, tenant: &TenantId, site: &Site) -> Result<(), StoreError> {
        if self.is_resting() {
            return Ok(());
        }
        let _turn = site.turn.lock().await;
        if !site.is_fresh() && !self.is_resting() {
            site.remember(self.read(tenant).await?);
        }
        Ok(())
    }

    fn site(&self, tenant: &TenantId) -> Arc<Site> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(site) = known.sites.get(tenant) {
            return Arc::clone(site);
        }
        if known.sites.len() >= MOST {
            let first = known.order.pop_front();
            first.and_then(|first| known.sites.remove(&first));
        }
        known.order.push_back(tenant.clone());
        Arc::clone(known.sites.entry(tenant.clone()).or_default())
    }

    fn rest(&self, error: &str) {
        tracing::warn!(
            error,
            "cannot read the settings of a site; the last known ones stay in force"
        );
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_resting(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|at| at.elapsed() < REST)
    }
}

impl Site {
    /// Whether the settings need not be read again.
    fn is_fresh(&self) -> bool {
        self.last().at.is_some_and(|at| at.elapsed() < MEMORY)
    }

    fn last(&self) -> Last {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, settings: SiteSettings) {
        let last = Last { settings: Some(Arc::new(settings)), at: Some(Instant::now()) };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// The settings must be read again; if that fails, they hold.
    fn doubt(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).at = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use async_trait::async_trait;
    use common::path::DocumentPath;
    use common::store::embedded::EmbeddedStore;
    use common::store::{Aggregation, CommitLimits, Document, Query, Write};
    use futures::future::join_all;
    use serde_json::{Map, Value, json};
    use tempfile::TempDir;
    use tokio::time::advance;

    use super::*;

    /// A store that counts its reads, and that can go silent.
    struct Watched {
        store: EmbeddedStore,
        reads: AtomicUsize,
        is_silent: AtomicBool,
        _folder: TempDir,
    }

    impl Watched {
        fn new() -> Arc<Self> {
            let folder = tempfile::tempdir().expect("a folder");
            let store = EmbeddedStore::open(folder.path()).expect("a store");
            let (reads, is_silent) = (AtomicUsize::new(0), AtomicBool::new(false));
            Arc::new(Self { store, reads, is_silent, _folder: folder })
        }

        fn reads(&self) -> usize {
            self.reads.load(Ordering::SeqCst)
        }

        fn be_silent(&self, is_silent: bool) {
            self.is_silent.store(is_silent, Ordering::SeqCst);
        }
    }

    #[async_trait]
    impl DocumentStore for Watched {
        async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
            self.store.commit(writes).await
        }

        fn commit_limits(&self) -> CommitLimits {
            self.store.commit_limits()
        }

        async fn get_many(
            &self,
            paths: &[DocumentPath],
        ) -> Result<Vec<Option<Document>>, StoreError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            if self.is_silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            self.store.get_many(paths).await
        }

        async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
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

    fn site(name: &str) -> TenantId {
        TenantId::parse(name).expect("a tenant")
    }

    fn hosts(host: &str) -> SiteSettings {
        let settings =
            Map::from_iter([("hosts".to_owned(), json!([host]))] as [(String, Value); 1]);
        SiteSettings::parse(settings).expect("settings")
    }

    /// Passes time on the clock of the runtime, which then goes on as before: a paused clock would run
    /// ahead while the store's threads work.
    async fn pass(time: Duration) {
        tokio::time::pause();
        advance(time).await;
        tokio::time::resume();
    }

    #[tokio::test]
    async fn the_store_is_read_once_however_many_events_come() {
        let store = Watched::new();
        let sites = Sites::new(store.clone());
        let acme = site("acme");
        let flood = join_all((0..100).map(|_| sites.of(&acme))).await;
        assert!(flood.iter().all(|settings| **settings == SiteSettings::default()));
        assert_eq!(store.reads(), 1);
        sites.of(&site("beta")).await;
        assert_eq!(store.reads(), 2, "another site");
        pass(MEMORY).await;
        join_all((0..100).map(|_| sites.of(&acme))).await;
        assert_eq!(store.reads(), 3);
    }

    #[tokio::test]
    async fn a_change_holds_here_at_once_and_on_other_gateways_soon() {
        let store = Watched::new();
        let (here, elsewhere) = (Sites::new(store.clone()), Sites::new(store.clone()));
        let (acme, beta) = (site("acme"), site("beta"));
        assert_eq!(*elsewhere.of(&acme).await, SiteSettings::default());
        here.set(&acme, hosts("shop.example")).await.expect("stored");
        assert_eq!(*here.of(&acme).await, hosts("shop.example"));
        assert_eq!(*here.of(&beta).await, SiteSettings::default(), "another site has its own");
        pass(MEMORY).await;
        assert_eq!(*elsewhere.of(&acme).await, hosts("shop.example"));
        assert_eq!(here.read(&acme).await.expect("read"), hosts("shop.example"));
    }

    #[tokio::test]
    async fn what_was_known_last_holds_while_the_store_is_silent() {
        let store = Watched::new();
        let sites = Sites::new(store.clone());
        let acme = site("acme");
        sites.set(&acme, hosts("shop.example")).await.expect("stored");
        pass(MEMORY).await;
        store.be_silent(true);
        let before = (store.reads(), UNKNOWN_SETTINGS.get());
        let began = Instant::now();
        let flood = join_all((0..100).map(|_| sites.of(&acme))).await;
        assert!(flood.iter().all(|settings| **settings == hosts("shop.example")));
        assert_eq!(*sites.of(&site("beta")).await, SiteSettings::default());
        assert!(began.elapsed() < budget::SITE_SETTINGS * 2, "{:?}", began.elapsed());
        assert_eq!(store.reads(), before.0 + 1, "it is left alone");
        assert!(UNKNOWN_SETTINGS.get() > before.1);
        store.be_silent(false);
        sites.store.commit(vec![hosts("new.example").write(&acme)]).await.expect("stored");
        pass(REST).await;
        assert_eq!(*sites.of(&acme).await, hosts("new.example"));
    }

    #[tokio::test]
    async fn the_sites_that_are_remembered_are_bounded() {
        let sites = Sites::new(Watched::new());
        (0..MOST + 10).for_each(|n| drop(sites.site(&site(&format!("s{n}")))));
        let known = sites.known.lock().expect("no panic");
        assert_eq!((known.sites.len(), known.order.len()), (MOST, MOST));
        assert!(!known.sites.contains_key(&site("s0")));
    }
}
