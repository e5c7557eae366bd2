//! A part of a tenant is removed from the real embedded store: what is left is what a store holds that
//! never got the part.

mod drawn;
mod periods;
mod site;
mod stopping;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::removal::{Part, Removed, remove_part};
use common::store::embedded::EmbeddedStore;
use common::store::{DocumentStore, StoreError};
use common::tenant::TenantId;
use proptest::prelude::*;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use self::drawn::{Drawn, drawn, part};
use self::site::Site;
use self::stopping::Stopping;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// Removes until nothing is left.
async fn removed(store: &dyn DocumentStore, tenant: &TenantId, part: &Part) -> Removed {
    let removed = remove_part(store, tenant, part, soon()).await.expect("the store answers");
    assert!(removed.is_complete);
    removed
}

/// Removes, and dies after so many commits, then after one more each time: a removal looks after the visitors
/// of a whole page of events before it removes the first of them, so a few commits may get it nowhere.
async fn removed_by_many(store: &EmbeddedStore, tenant: &TenantId, part: &Part, commits: usize) {
    for commits in commits.. {
        let stopping = Stopping::after(store, commits);
        match remove_part(&stopping, tenant, part, soon()).await {
            Ok(removed) => return assert!(removed.is_complete),
            Err(StoreError::Deployment(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Random events of few users, pages and days, so that they share counts; random parts of them are
    /// removed, some by removals that are killed all the time.
    #[test]
    fn what_is_left_is_what_never_had_the_part(
        events in prop::collection::vec(drawn(), 1..60),
        parts in prop::collection::vec((part(), 0_usize..6), 1..4),
        shards in 1_u32..4,
    ) {
        Runtime::new().expect("a runtime").block_on(check(events, parts, shards));
    }
}

async fn check(events: Vec<Drawn>, parts: Vec<(Part, usize)>, shards: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let site = Site::of(&store, "acme");
    let other = Site::of(&store, "other");
    let mut events: Vec<_> = events.into_iter().enumerate().collect();
    for (number, event) in &events {
        site.store(*number, event, *number as u32 % shards).await;
        other.store(*number, event, 0).await;
    }
    let before = other.counts().await;
    for (step, (part, stop)) in parts.iter().enumerate() {
        match stop {
            0 => drop(removed(&store, &site.tenant, part).await),
            commits => removed_by_many(&store, &site.tenant, part, *commits).await,
        }
        events.retain(|(_, event)| !event.is_of(part));
        let fresh = Site::of(&store, &format!("fresh-{step}"));
        for (number, event) in &events {
            fresh.store(*number, event, 0).await;
        }
        assert_eq!(site.counts().await, fresh.counts().await, "{part:?}");
        let again = removed(&store, &site.tenant, part).await;
        assert_eq!(again.documents.len(), 0, "{again:?}");
    }
    assert_eq!(other.counts().await, before, "of another tenant");
}

/// What was removed before the store was busy stays removed, and the answer says so.
#[tokio::test]
async fn a_busy_store_ends_a_removal_early_and_the_next_one_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let site = Site::of(&store, "acme");
    for number in 0..20 {
        site.store(number, &Drawn::numbered(number), 0).await;
    }
    let part = drawn::page("/a");
    let busy = async |commits| {
        remove_part(&Stopping::busy_after(&store, commits), &site.tenant, &part, Instant::now())
            .await
    };
    assert!(matches!(busy(0).await, Err(StoreError::Passing(_))), "nothing is removed");
    let mut commits = 1;
    let first = loop {
        match busy(commits).await {
            Ok(removed) => break removed,
            Err(StoreError::Passing(_)) => commits += 1,
            Err(other) => panic!("{other:?}"),
        }
    };
    assert!(!first.is_complete, "after {commits} commits");
    let rest = removed(&store, &site.tenant, &part).await;
    let documents = |removed: &Removed| removed.documents.values().sum::<u64>();
    assert!(documents(&first) > 0 && documents(&rest) > 0, "{first:?}, {rest:?}");
}

/// Whatever order the commits of both get, the counts are those of the events that are there.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_meanwhile_is_counted_as_far_as_it_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let site = Site::of(&store, "acme");
    let part = drawn::page("/a");
    let rounds = AtomicUsize::new(0);
    let send = async {
        let mut sent = 0;
        while sent < 1_500 || rounds.load(Ordering::Relaxed) < 2 {
            site.store(sent, &Drawn::numbered(sent), 0).await;
            sent += 1;
        }
        sent
    };
    let mut sending = std::pin::pin!(send);
    let sent = loop {
        tokio::select! {
            sent = &mut sending => break sent,
            // Without time for more, each removes what it finds first.
            removed = remove_part(&store, &site.tenant, &part, Instant::now()) => {
                removed.expect("the store answers");
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    removed(&store, &site.tenant, &part).await;
    let fresh = Site::of(&store, "fresh");
    for number in 0..sent {
        let event = Drawn::numbered(number);
        if !event.is_of(&part) {
            fresh.store(number, &event, 0).await;
        }
    }
    assert_eq!(site.counts().await, fresh.counts().await);
}
