//! A site in a store: its events are stored as a worker stores them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use common::event::{self, Event};
use common::path::{Collection, CollectionPath};
use common::record::{Kind, Part, Record, RecordId};
use common::retention::Keep;
use common::rollup::{self, Key};
use common::store::embedded::EmbeddedStore;
use common::store::{DocumentStore as _, Fields, Query, Write};
use common::tenant::TenantId;

use super::drawn::Drawn;

/// A tenant of a store.
pub(crate) struct Site<'s> {
    pub(crate) store: &'s EmbeddedStore,
    pub(crate) tenant: TenantId,
}

/// All that is stored of a site's events.
#[derive(Debug, PartialEq)]
pub(crate) struct Counts {
    /// With shards added up.
    sums: BTreeMap<Key, i64>,
    /// The values that have a rollup at all.
    values: BTreeSet<(String, String)>,
    visitors: BTreeMap<String, Fields>,
    events: BTreeSet<String>,
}

impl<'s> Site<'s> {
    pub(crate) fn of(store: &'s EmbeddedStore, name: &str) -> Self {
        Self { store, tenant: TenantId::parse(name).expect("a tenant") }
    }

    /// Stores and counts an event in one commit.
    pub(crate) async fn store(&self, number: usize, drawn: &Drawn, shard: u32) {
        let event = drawn.event();
        let create = Write::Create { path: self.path(number), fields: self.fields(number, &event) };
        let mut writes = vec![create];
        writes.extend(rollup::of_event(&self.tenant, &event, shard));
        self.store.commit(writes).await.expect("stored");
    }

    /// Removes the event's document alone, as its retention does.
    pub(crate) async fn expire(&self, number: usize) {
        let writes = vec![Write::Delete { path: self.path(number) }];
        self.store.commit(writes).await.expect("removed");
    }

    fn path(&self, number: usize) -> common::path::DocumentPath {
        event::path(&self.tenant, &RecordId::parse(&format!("e-{number}")).expect("an id"))
    }

    fn fields(&self, number: usize, event: &Event) -> Fields {
        let record = Record {
            kind: Kind::Event,
            tenant: self.tenant.clone(),
            id: RecordId::parse(&format!("e-{number}")).expect("an id"),
            digest: "d".repeat(64),
            source: "event".to_owned(),
            received_at: DateTime::UNIX_EPOCH,
            part: Part::WHOLE,
            traceparent: None,
            data: String::new(),
        };
        event.fields(&record, Keep { original: true, days: None })
    }

    pub(crate) async fn documents(&self, collection: Collection) -> BTreeMap<String, Fields> {
        let query = Query::all(CollectionPath::of(&self.tenant, collection));
        let found = self.store.query(&query).await.expect("read");
        found.into_iter().map(|document| (document.id, document.fields)).collect()
    }

    pub(crate) async fn counts(&self) -> Counts {
        let rollups = self.documents(Collection::Rollups).await;
        let text = |fields: &Fields, name: &str| {
            fields[name].as_text().expect("every rollup names what it counts").to_owned()
        };
        let value = |fields: &Fields| (text(fields, "dimension"), text(fields, "value"));
        Counts {
            sums: rollup::all(self.store, &self.tenant).await.expect("read"),
            values: rollups.values().map(value).collect(),
            visitors: self.documents(Collection::Visitors).await,
            events: self.documents(Collection::Events).await.into_keys().collect(),
        }
    }
}
