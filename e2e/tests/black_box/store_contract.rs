//! Firestore keeps the contract of its port, and says when it is down.

use std::any::Any;
use std::time::{Duration, Instant};

use common::google_address::GoogleAddress;
use common::path::{Collection, CollectionPath};
use common::store::firestore::FirestoreStore;
use common::store::{DocumentStore, Query, StoreError, Write, fields};
use common::tenant::TenantId;
use e2e::api::eventually;
use e2e::emulators::{Emulator, Emulators, Service, free_port, project};

contract::store_contract!(firestore, super::firestore_of_a_new_project);

async fn firestore_of_a_new_project() -> (Box<dyn DocumentStore>, Box<dyn Any>) {
    let store = store_at(Emulators::shared().await.firestore_host());
    (Box::new(store), Box::new(()))
}

fn store_at(host: &str) -> FirestoreStore {
    FirestoreStore::new(&project(), "(default)", GoogleAddress::Emulator(host.to_owned()))
}

fn quarantine() -> CollectionPath {
    let tenant = TenantId::parse("acme").expect("a tenant");
    CollectionPath::of(&tenant, Collection::Quarantine)
}

fn create() -> Vec<Write> {
    vec![Write::Create { path: quarantine().hashed(&["1"]), fields: fields([]) }]
}

fn assert_passing<T: std::fmt::Debug>(outcome: &Result<T, StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Passing(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_store_that_is_down_when_a_service_starts_fails_calls_until_it_is_up() {
    let port = free_port().expect("a port");
    let host = format!("127.0.0.1:{port}");
    let store = store_at(&host);
    let start = Instant::now();
    assert_passing(&store.commit(create()).await);
    assert_passing(&store.query(&Query::all(quarantine())).await);
    assert_passing(&store.probe().await);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    let emulator = Emulator::start_on(Service::Firestore, port)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    // The emulator's first answer may take longer than a probe waits.
    eventually("it is up now", async || store.probe().await.ok()).await;
    store.commit(create()).await.expect("it is up now");

    drop(emulator);
    assert_passing(&store.commit(create()).await);
    assert_passing(&store.probe().await);
    let _emulator = Emulator::start_on(Service::Firestore, port)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    store.commit(create()).await.expect("it is up again and empty");
}

/// The worst outage: connections are accepted, but nothing is ever answered.
#[tokio::test]
async fn a_store_that_never_answers_fails_any_number_of_calls_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = silent.local_addr().expect("an address").to_string();
    let store = store_at(&host);
    let start = Instant::now();
    assert_passing(&store.probe().await);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let start = Instant::now();
    let commits = (0..20).map(|_| store.commit(create()));
    futures::future::join_all(commits).await.iter().for_each(assert_passing);
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
}
