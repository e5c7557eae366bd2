//! Removes everything of a tenant from the store.
//!
//! Nothing says how far a removal has come but what is left: it may end anywhere, and another one goes
//! on. It is complete when it has found nothing in any collection, one after the other. A record that
//! is stored meanwhile is written to several collections at once, so it is then either gone as a whole
//! or there as a whole, with all that counts it.

use tokio::time::Instant;

use super::deletion::{Deletion, PAGE, Removed};
use crate::path::{Collection, CollectionPath, PARTS};
use crate::store::{DocumentStore, Query, StoreError};
use crate::tenant::TenantId;

/// Removes what the tenant has, until nothing is left or `until` is past.
pub async fn remove(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    until: Instant,
) -> Result<Removed, StoreError> {
    let mut deletion = Deletion::new(store, until);
    loop {
        let before = deletion.count();
        match empty_all(&mut deletion, tenant).await {
            Ok(true) => {}
            Ok(false) => return Ok(deletion.removed),
            Err(error) => return deletion.ended_by(error),
        }
        if deletion.count() == before {
            return Ok(Removed { is_complete: true, ..deletion.removed });
        }
    }
}

/// Removes the documents of each collection; `false` if there is no time for all.
async fn empty_all(deletion: &mut Deletion<'_>, tenant: &TenantId) -> Result<bool, StoreError> {
    for collection in Collection::ALL {
        if !empty(deletion, &CollectionPath::of(tenant, collection)).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes the documents of a collection with their parts; `false` if there is no time for all.
async fn empty(
    deletion: &mut Deletion<'_>,
    collection: &CollectionPath,
) -> Result<bool, StoreError> {
    let mut after = None;
    loop {
        let query = Query::all(collection.clone()).select(&[PARTS]).limit(PAGE);
        let page = deletion.store.query(&query.after(after)).await?;
        if !deletion.remove_page(collection, &page).await? {
            return Ok(false);
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.id.clone()),
            _ => return Ok(true),
        }
    }
}

#[cfg(all(test, feature = "embedded"))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::record::RecordId;
    use crate::store::embedded::EmbeddedStore;
    use crate::store::{Fields, Write, fields};

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).expect("a tenant")
    }

    fn create(path: crate::path::DocumentPath, fields: Fields) -> Write {
        Write::Create { path, fields }
    }

    /// Stores `each` documents in every collection of the tenant, and one log with two pages of parts.
    async fn fill(store: &EmbeddedStore, tenant: &TenantId, each: usize) {
        for collection in Collection::ALL {
            let collection = CollectionPath::of(tenant, collection);
            let fields = fields([
                ("dimension", "a".into()),
                ("grain", "day".into()),
                ("value", "b".into()),
                ("start", chrono::DateTime::UNIX_EPOCH.into()),
                ("shard", 0_i64.into()),
                ("count", 1_i64.into()),
                ("day", "all".into()),
            ]);
            let paths = (0..each).map(|n| collection.hashed(&[n.to_string()]));
            let creates = paths.map(|path| create(path, fields.clone())).collect();
            store.commit(creates).await.expect("stored");
        }
        let id = RecordId::parse("long").expect("an id");
        let log = CollectionPath::of(tenant, Collection::ProcessedLogs).record(&id);
        let parts = (1..=PAGE + 1).map(|n| create(log.part(n), Fields::new()));
        let claim = create(log.clone(), fields([("parts", i64::from(PAGE + 1).into())]));
        store.commit(parts.chain([claim]).collect()).await.expect("stored");
    }

    /// How many documents the tenant has, and how many parts its long log has.
    async fn left(store: &EmbeddedStore, tenant: &TenantId) -> (usize, usize) {
        let mut all = 0;
        for collection in Collection::ALL {
            let query = Query::all(CollectionPath::of(tenant, collection));
            all += store.query(&query).await.expect("read").len();
        }
        let id = RecordId::parse("long").expect("an id");
        let parts = CollectionPath::of(tenant, Collection::ProcessedLogs).record(&id).parts();
        (all, store.query(&Query::all(parts)).await.expect("read").len())
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test]
    async fn everything_of_the_tenant_is_removed_and_nothing_of_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        let each = PAGE as usize + 1;
        for name in ["acme", "acme2"] {
            fill(&store, &tenant(name), each).await;
        }
        let removed = remove(&store, &tenant("acme"), soon()).await.expect("removed");
        assert!(removed.is_complete);
        let parts = each as u64;
        for (collection, count) in &removed.documents {
            let more = u64::from(collection == "processed_logs");
            assert_eq!(*count, parts + more, "{collection}");
        }
        assert_eq!(removed.documents.len(), Collection::ALL.len() + 1, "the parts too");
        assert_eq!(left(&store, &tenant("acme")).await, (0, 0));
        assert_eq!(left(&store, &tenant("acme2")).await, (9 * each + 1, each));
        let again = remove(&store, &tenant("acme"), soon()).await.expect("removed");
        assert_eq!(again, Removed { is_complete: true, ..Removed::default() });
    }

    #[tokio::test]
    async fn a_removal_without_time_says_so_and_the_next_one_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        fill(&store, &tenant("acme"), 10).await;
        let late = remove(&store, &tenant("acme"), Instant::now()).await.expect("an answer");
        assert_eq!(late, Removed::default());
        assert_eq!(left(&store, &tenant("acme")).await.0, 91);
        assert!(remove(&store, &tenant("acme"), soon()).await.expect("removed").is_complete);
        assert_eq!(left(&store, &tenant("acme")).await, (0, 0));
    }
}
