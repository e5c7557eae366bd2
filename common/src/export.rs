//! Reads everything that a tenant has in the store, piece by piece, for a tenant that leaves.
//!
//! A piece is as much as fits into some megabytes. The place after a piece can be kept, so that
//! another read goes on there. It is not a snapshot: documents that are stored or removed meanwhile
//! may or may not be in it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::path::{Collection, CollectionPath, PARTS};
use crate::store::{Document, DocumentStore, Query, StoreError};
use crate::tenant::TenantId;

/// The parts of a text that are read at once.
const PARTS_AT_ONCE: u32 = 200;

/// A place between two records of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The collection of the record before.
    pub collection: Collection,
    /// The id of the record before; `None` before the first one.
    pub after: Option<String>,
}

/// A document, and the collection that it is in, below the tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// Such as `events`, or `processed_logs/123/parts`.
    pub collection: String,
    /// The document.
    pub document: Document,
}

/// A read of everything that a tenant has.
pub struct Export {
    store: Arc<dyn DocumentStore>,
    tenant: TenantId,
    /// The place after what was returned; `None` at the end.
    place: Option<Place>,
    /// Records that were read, and not returned yet.
    read: VecDeque<Document>,
    /// Whether these are the last records of this collection.
    is_last_page: bool,
    /// The record whose parts come next, and the last part that was returned.
    parts: Option<(String, Option<String>)>,
}

impl Export {
    /// Everything that comes after `place`; everything for `None`.
    pub fn new(store: Arc<dyn DocumentStore>, tenant: TenantId, place: Option<Place>) -> Self {
        let first = || Place { collection: Collection::ALL[0], after: None };
        let place = Some(place.unwrap_or_else(first));
        Self { store, tenant, place, read: VecDeque::new(), is_last_page: false, parts: None }
    }

    /// The next piece; `None` at the end. It may be empty. After an error, the next call tries again.
    pub async fn next(&mut self) -> Result<Option<Vec<Exported>>, StoreError> {
        if self.parts.is_some() {
            return self.next_parts().await.map(Some);
        }
        let Some(place) = self.place.clone() else { return Ok(None) };
        if !self.read.is_empty() {
            return Ok(Some(self.next_records(&place)));
        }
        if self.is_last_page {
            self.is_last_page = false;
            self.place = following(place.collection);
            return Ok(Some(Vec::new()));
        }
        self.read_page(&place).await?;
        Ok(Some(Vec::new()))
    }

    /// The place after what was returned, if another read may go on there: not between the parts of a
    /// record.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref().filter(|_| self.parts.is_none())
    }

    async fn read_page(&mut self, place: &Place) -> Result<(), StoreError> {
        let most = at_once(place.collection);
        let query = Query::all(CollectionPath::of(&self.tenant, place.collection)).limit(most);
        let page = self.store.query(&query.after(place.after.clone())).await?;
        self.is_last_page = page.len() < most as usize;
        self.read = page.into();
        Ok(())
    }

    /// The records that were read, up to the first one whose parts come next.
    fn next_records(&mut self, place: &Place) -> Vec<Exported> {
        let mut records = Vec::new();
        while self.parts.is_none()
            && let Some(document) = self.read.pop_front()
        {
            let id = document.id.clone();
            if document.integer(PARTS).is_some_and(|parts| parts > 1) {
                self.parts = Some((id.clone(), None));
            }
            self.place = Some(Place { collection: place.collection, after: Some(id) });
            let collection = place.collection.as_str().to_owned();
            records.push(Exported { collection, document });
        }
        records
    }

    async fn next_parts(&mut self) -> Result<Vec<Exported>, StoreError> {
        let (Some((id, after)), Some(place)) = (self.parts.clone(), &self.place) else {
            return Ok(Vec::new());
        };
        let records = CollectionPath::of(&self.tenant, place.collection);
        let parts = records.document(id.clone()).parts();
        let query = Query::all(parts).limit(PARTS_AT_ONCE).after(after);
        let page = self.store.query(&query).await?;
        let last = page.last().filter(|_| page.len() == PARTS_AT_ONCE as usize);
        self.parts = last.map(|last| (id.clone(), Some(last.id.clone())));
        let collection = format!("{}/{id}/{PARTS}", place.collection.as_str());
        let part = |document| Exported { collection: collection.clone(), document };
        Ok(page.into_iter().map(part).collect())
    }
}

/// The place before the first record of the next collection; `None` after the last one.
fn following(collection: Collection) -> Option<Place> {
    let at = Collection::ALL.iter().position(|known| *known == collection)?;
    let collection = *Collection::ALL.get(at + 1)?;
    Some(Place { collection, after: None })
}

/// How many records of a collection fill some megabytes, if each has the largest size.
fn at_once(collection: Collection) -> u32 {
    match collection {
        Collection::ProcessedLogs => 8,
        Collection::Quarantine => 20,
        Collection::Events => 100,
        _ => 300,
    }
}

#[cfg(all(test, feature = "embedded"))]
mod tests {
    use super::*;
    use crate::path::DocumentPath;
    use crate::record::RecordId;
    use crate::store::embedded::EmbeddedStore;
    use crate::store::{Fields, Write, fields};

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).expect("a tenant")
    }

    fn log(tenant: &TenantId, id: &str) -> DocumentPath {
        let id = RecordId::parse(id).expect("an id");
        CollectionPath::of(tenant, Collection::ProcessedLogs).record(&id)
    }

    fn create(path: DocumentPath, fields: Fields) -> Write {
        Write::Create { path, fields }
    }

    /// A store with logs, one of which has parts, events, and another tenant.
    async fn filled(folder: &tempfile::TempDir) -> Arc<EmbeddedStore> {
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        let acme = tenant("acme");
        let logs = (0..20).map(|n| create(log(&acme, &format!("l{n:02}")), Fields::new()));
        let long = log(&acme, "l05-long");
        let parts = (1..=PARTS_AT_ONCE + 1).map(|n| create(long.part(n), Fields::new()));
        let claim = create(long.clone(), fields([("parts", 201_i64.into())]));
        let events = CollectionPath::of(&acme, Collection::Events);
        let events = (0..150).map(|n: i32| create(events.hashed(&[n.to_string()]), Fields::new()));
        let other = create(log(&tenant("acme2"), "secret"), Fields::new());
        let writes = logs.chain(parts).chain([claim, other]).chain(events);
        store.commit(writes.collect()).await.expect("stored");
        Arc::new(store)
    }

    fn name(one: &Exported) -> String {
        format!("{}/{}", one.collection, one.document.id)
    }

    #[tokio::test]
    async fn everything_of_the_tenant_comes_once_wherever_a_read_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = filled(&folder).await;
        let mut whole = Vec::new();
        let mut export = Export::new(store.clone(), tenant("acme"), None);
        while let Some(piece) = export.next().await.expect("read") {
            whole.extend(piece.iter().map(name));
        }
        assert_eq!(whole.len(), 150 + 21 + 201);
        assert!(whole.contains(&"processed_logs/l05-long/parts/0201".to_owned()));
        assert!(!whole.iter().any(|name| name.contains("secret")));

        let (mut pieces, mut place) = (Vec::new(), None);
        loop {
            let mut export = Export::new(store.clone(), tenant("acme"), place);
            let mut is_end = true;
            while let Some(piece) = export.next().await.expect("read") {
                pieces.extend(piece.iter().map(name));
                if export.place().is_some() && !piece.is_empty() {
                    is_end = false;
                    break;
                }
            }
            if is_end {
                break;
            }
            place = export.place().cloned();
        }
        assert_eq!(pieces, whole, "it goes on after each piece");
    }
}
