//! What is in the store, in one map.

use std::collections::BTreeMap;

use common::path::{Collection, CollectionPath, DocumentPath};
use common::store::embedded::EmbeddedStore;
use common::store::{DocumentStore as _, Fields, Query};
use common::tenant::TenantId;

use crate::request::{TENANTS, paths_with_parts};

/// The collections that records leave documents in.
const COLLECTIONS: [Collection; 6] = [
    Collection::Events,
    Collection::LogBatches,
    Collection::ProcessedLogs,
    Collection::Quarantine,
    Collection::Rollups,
    Collection::Visitors,
];

/// Documents by path.
#[derive(Debug, Default)]
pub(crate) struct Documents(BTreeMap<String, Fields>);

impl Documents {
    /// All documents of the tenants.
    pub(crate) async fn read(store: &EmbeddedStore) -> Self {
        let mut documents = Self::default();
        for tenant in TENANTS.map(|name| TenantId::parse(name).expect("a tenant")) {
            for collection in COLLECTIONS.map(|one| CollectionPath::of(&tenant, one)) {
                documents.add(store, collection).await;
            }
        }
        documents.add(store, CollectionPath::stray()).await;
        documents.add_parts(store).await;
        documents
    }

    async fn add(&mut self, store: &EmbeddedStore, collection: CollectionPath) {
        let found = store.query(&Query::all(collection.clone())).await.expect("the documents");
        let placed = found
            .into_iter()
            .map(|one| (format!("{}/{}", collection.as_str(), one.id), one.fields));
        self.0.extend(placed);
    }

    async fn add_parts(&mut self, store: &EmbeddedStore) {
        for path in paths_with_parts() {
            self.add(store, path.parts()).await;
        }
    }

    /// The fields of a document.
    pub(crate) fn get(&self, path: &DocumentPath) -> Option<&Fields> {
        self.at(&path.to_string())
    }

    /// The fields of the document at a path in words.
    pub(crate) fn at(&self, path: &str) -> Option<&Fields> {
        self.0.get(path)
    }

    /// The paths and fields of all documents of this kind, of all tenants.
    pub(crate) fn of(&self, collection: Collection) -> impl Iterator<Item = (&str, &Fields)> {
        let is_of = move |path: &str| path.rsplit('/').nth(1) == Some(collection.as_str());
        self.all().filter(move |(path, _)| is_of(path))
    }

    /// The paths and fields of all documents.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Fields)> {
        self.0.iter().map(|(path, fields)| (path.as_str(), fields))
    }
}
