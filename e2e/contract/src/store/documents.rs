//! The documents that the cases write and read.

use common::path::{Collection, CollectionPath, DocumentPath};
use common::record::RecordId;
use common::store::{Document, DocumentStore, Fields, Query, StoreError, Write, fields};
use common::tenant::TenantId;

pub(super) fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).expect("a tenant")
}

pub(super) fn logs() -> CollectionPath {
    CollectionPath::of(&tenant("acme"), Collection::ProcessedLogs)
}

pub(super) fn log(id: &str) -> DocumentPath {
    logs().record(&RecordId::parse(id).expect("a record"))
}

pub(super) fn create(path: DocumentPath, fields: Fields) -> Write {
    Write::Create { path, fields }
}

pub(super) fn upsert(path: DocumentPath, fields: Fields) -> Write {
    Write::Upsert { path, fields: fields.into() }
}

pub(super) fn increment(path: DocumentPath, fields: Fields, by: &[(&str, i64)]) -> Write {
    let by = by.iter().map(|(name, number)| ((*name).to_owned().into(), *number)).collect();
    Write::Increment { path, fields: fields.into(), by }
}

pub(super) fn number(n: i64) -> Fields {
    fields([("n", n.into())])
}

pub(super) async fn commit(store: &dyn DocumentStore, writes: Vec<Write>) {
    store.commit(writes).await.expect("a commit that is in order");
}

/// Documents of the logs' collection, by id.
pub(super) async fn put(store: &dyn DocumentStore, documents: Vec<(&str, Fields)>) {
    let writes = documents.into_iter().map(|(id, fields)| create(log(id), fields)).collect();
    commit(store, writes).await;
}

pub(super) async fn get(store: &dyn DocumentStore, path: DocumentPath) -> Option<Fields> {
    let mut read = store.get_many(&[path]).await.expect("a read");
    read.remove(0).map(|document| document.fields)
}

pub(super) async fn select(store: &dyn DocumentStore, query: Query) -> Vec<Document> {
    store.query(&query).await.expect("a query")
}

pub(super) async fn ids(store: &dyn DocumentStore, query: Query) -> Vec<String> {
    let selected = select(store, query).await;
    selected.into_iter().map(|document| document.id).collect()
}

pub(super) fn assert_invalid(outcome: &Result<(), StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Invalid(_))), "{outcome:?}");
}

pub(super) fn assert_changed(outcome: &Result<(), StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Changed)), "{outcome:?}");
}

pub(super) fn assert_exists(outcome: &Result<(), StoreError>) {
    assert!(matches!(outcome, Err(StoreError::AlreadyExists)), "{outcome:?}");
}
