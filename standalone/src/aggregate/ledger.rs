//! What the store has of each message: stored, in quarantine, or nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use common::broker::embedded::InWork;
use common::path::{Collection, CollectionPath, DocumentPath};
use common::quarantine;
use common::record::{Kind, RecordId};
use common::store::{Document, DocumentStore, StoreError, Value, scan};
use common::tenant::TenantId;

use super::identity::Identity;

/// The fields of a record's document that are looked at.
const FIELDS: &[&str] = &["digest", "received_at", "parts", "characters"];

/// The store's own account. The default one knows of nothing.
#[derive(Default)]
pub(super) struct Ledger {
    /// Content, and the millisecond of receipt, by record.
    records: HashMap<u128, (u128, i64)>,
    stored: HashSet<u128>,
    quarantined: HashSet<u128>,
    in_work: InWork,
    /// Characters of all texts, by tenant.
    pub(super) characters: BTreeMap<TenantId, i64>,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Stored,
    Quarantined,
    /// It was in the queue when the store was looked at, or came later.
    InWork,
    Nowhere,
}

/// One message that the store has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) tenant: TenantId,
    pub(super) kind: Kind,
    pub(super) record_id: String,
    pub(super) part: u32,
}

impl Ledger {
    /// Reads the store. `in_work` is of a moment before.
    pub(super) async fn read(
        store: &dyn DocumentStore,
        tenants: impl IntoIterator<Item = &TenantId>,
        in_work: InWork,
    ) -> Result<Self, StoreError> {
        let mut ledger = Self { in_work, ..Self::default() };
        ledger.add_quarantine(store, &CollectionPath::stray()).await?;
        for tenant in tenants {
            ledger.add_quarantine(store, &quarantine::collection(tenant)).await?;
            ledger.add_stored(store, tenant).await?;
        }
        Ok(ledger)
    }

    /// 0 for the very message that the store has, or where it has none of this record; 1 for the
    /// same content received at another time; 2 for other content.
    pub(super) fn differs(&self, identity: &Identity) -> u8 {
        match self.records.get(&identity.record) {
            Some((digest, _)) if *digest != identity.digest => 2,
            Some((_, received_at)) if *received_at != identity.received_at => 1,
            _ => 0,
        }
    }

    /// Where the message is that had the number `id` in the queue.
    pub(super) fn place(&self, message: u128, id: Option<i64>) -> Place {
        if self.stored.contains(&message) {
            Place::Stored
        } else if self.quarantined.contains(&message) {
            Place::Quarantined
        } else if id.is_some_and(|id| self.in_work.may_have(id)) {
            Place::InWork
        } else {
            Place::Nowhere
        }
    }

    /// What is stored but for `is_known`.
    pub(super) fn unknown(&self, is_known: impl Fn(u128) -> bool) -> HashSet<u128> {
        self.stored.iter().copied().filter(|message| !is_known(*message)).collect()
    }

    async fn add_stored(
        &mut self,
        store: &dyn DocumentStore,
        tenant: &TenantId,
    ) -> Result<(), StoreError> {
        each(store, tenant, |stored| {
            let Stored { entry, identity, document, .. } = stored;
            // The record's own document, not one of its parts.
            if document.fields.contains_key("received_at") {
                let at = (identity.digest, identity.received_at);
                self.records.entry(identity.record).or_insert(at);
                let characters = document.integer("characters");
                *self.characters.entry(tenant.clone()).or_default() += characters.unwrap_or(0);
            }
            if entry.part > 0 {
                self.stored.insert(identity.message);
            }
        })
        .await
    }

    async fn add_quarantine(
        &mut self,
        store: &dyn DocumentStore,
        collection: &CollectionPath,
    ) -> Result<(), StoreError> {
        scan(store, collection, Some(&["attributes"]), |document| {
            let attributes = document.fields.get("attributes").and_then(quarantine::attributes);
            if let Some(attributes) = attributes {
                self.quarantined.insert(Identity::of(&attributes).message);
            }
        })
        .await
    }
}

/// The names of those among `messages` that the tenant has stored.
pub(super) async fn names(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    messages: &HashSet<u128>,
) -> Result<Vec<Entry>, StoreError> {
    let mut names = Vec::new();
    each(store, tenant, |stored| {
        if stored.entry.part > 0 && messages.contains(&stored.identity.message) {
            names.push(stored.entry);
        }
    })
    .await?;
    Ok(names)
}

/// A stored message; part 0 is the claim of several.
struct Stored<'a> {
    entry: Entry,
    identity: Identity,
    document: &'a Document,
}

/// Shows every stored message of the tenant to `take`, claims before their parts.
async fn each(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    mut take: impl FnMut(Stored<'_>) + Send,
) -> Result<(), StoreError> {
    let kinds = [
        (Kind::AccessLog, Collection::LogBatches),
        (Kind::Event, Collection::Events),
        (Kind::Text, Collection::ProcessedLogs),
    ];
    for (kind, collection) in kinds {
        let records = CollectionPath::of(tenant, collection);
        let mut claims: Vec<(String, DocumentPath)> = Vec::new();
        scan(store, &records, Some(FIELDS), |document| {
            let parts = document.integer("parts").unwrap_or(1);
            take(stored(tenant, kind, &document.id, if parts > 1 { 0 } else { 1 }, document));
            let path = RecordId::parse(&document.id).ok().map(|id| records.record(&id));
            claims.extend(path.filter(|_| parts > 1).map(|path| (document.id.clone(), path)));
        })
        .await?;
        for (id, claim) in claims {
            scan(store, &claim.parts(), Some(&["digest"]), |document| {
                let part = document.id.parse().unwrap_or(0);
                take(stored(tenant, kind, &id, part, document));
            })
            .await?;
        }
    }
    Ok(())
}

fn stored<'a>(
    tenant: &TenantId,
    kind: Kind,
    id: &str,
    part: u32,
    document: &'a Document,
) -> Stored<'a> {
    let digest = document.text("digest").unwrap_or("");
    let received_at = document.timestamp("received_at").map_or(0, |at| at.timestamp_millis());
    let names = [kind.as_str(), tenant.as_str(), id];
    let identity = Identity { received_at, ..Identity::new(names, digest, &part.to_string()) };
    let entry = Entry { tenant: tenant.clone(), kind, record_id: id.to_owned(), part };
    Stored { entry, identity, document }
}
