//! Which messages the store has: stored, in quarantine or in progress.

use std::collections::{BTreeMap, HashMap, HashSet};

use common::broker::embedded::InWork;
use common::log_batch::DIMENSIONS;
use common::path::{Collection, CollectionPath, DocumentPath};
use common::quarantine;
use common::record::{Kind, RecordId};
use common::rollup::LogDimensions;
use common::store::{Document, DocumentStore, StoreError, scan};
use common::tenant::TenantId;

use super::identity::Identity;
use super::share::Share;

/// The fields of a record's document that are read.
const FIELDS: &[&str] = &["digest", "received_at", "parts", "characters", DIMENSIONS];
/// The fields of a part's document that are read.
const PART_FIELDS: &[&str] = &["digest", DIMENSIONS];

/// The store's messages. The default ledger is empty.
#[derive(Default)]
pub(super) struct Ledger {
    /// The digest and the time of receipt in milliseconds, by record.
    records: HashMap<u128, (u128, i64)>,
    stored: HashSet<u128>,
    /// The dimensions in which each stored message of an access log was counted.
    dimensions: HashMap<u128, LogDimensions>,
    quarantined: HashSet<u128>,
    in_work: InWork,
    /// The total length of all texts in characters, by tenant.
    pub(super) characters: BTreeMap<TenantId, i64>,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Stored,
    Quarantined,
    /// It was in the queue when the store was read, or came later.
    InWork,
    Nowhere,
}

/// How closely an archived message matches its record in the store, the best match first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// It is the message that the store has.
    Same,
    /// It has the same content, but was received at another time.
    SameContent,
    /// It has different content.
    OtherContent,
}

/// A message that the store has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) tenant: TenantId,
    pub(super) kind: Kind,
    pub(super) record_id: String,
    pub(super) part: u32,
}

impl Ledger {
    /// Reads a share of the store. `in_work` must have been read before.
    pub(super) async fn read(
        store: &dyn DocumentStore,
        tenants: impl IntoIterator<Item = &TenantId>,
        in_work: InWork,
        share: Share,
    ) -> Result<Self, StoreError> {
        let mut ledger = Self { in_work, ..Self::default() };
        ledger.add_quarantine(store, &CollectionPath::stray(), share).await?;
        for tenant in tenants {
            ledger.add_quarantine(store, &quarantine::collection(tenant), share).await?;
            ledger.add_stored(store, tenant, share).await?;
        }
        Ok(ledger)
    }

    /// How closely a message matches its record in the store. If there is no such record, it counts
    /// as the best match.
    pub(super) fn likeness(&self, identity: &Identity) -> Likeness {
        match self.records.get(&identity.record) {
            Some((digest, _)) if *digest != identity.digest => Likeness::OtherContent,
            Some((_, received_at)) if *received_at != identity.received_at => Likeness::SameContent,
            _ => Likeness::Same,
        }
    }

    /// The dimensions in which the message was counted when it was stored. A message that is not
    /// stored would be counted in all of them.
    pub(super) fn dimensions(&self, message: u128) -> LogDimensions {
        self.dimensions.get(&message).copied().unwrap_or(LogDimensions::ALL)
    }

    /// Where the message is; `id` is its number in the queue.
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

    /// The stored messages that are not known.
    pub(super) fn unknown(&self, is_known: impl Fn(u128) -> bool) -> HashSet<u128> {
        self.stored.iter().copied().filter(|message| !is_known(*message)).collect()
    }

    /// The messages that are stored and in quarantine too.
    pub(super) fn both(&self) -> HashSet<u128> {
        self.stored.intersection(&self.quarantined).copied().collect()
    }

    async fn add_stored(
        &mut self,
        store: &dyn DocumentStore,
        tenant: &TenantId,
        share: Share,
    ) -> Result<(), StoreError> {
        each(store, tenant, |stored| {
            let Stored { entry, identity, document, .. } = stored;
            if !share.has(identity.record) {
                return;
            }
            // Only the record's own document has it, not the parts.
            if document.fields.contains_key("received_at") {
                let at = (identity.digest, identity.received_at);
                self.records.entry(identity.record).or_insert(at);
                let characters = document.integer("characters");
                *self.characters.entry(tenant.clone()).or_default() += characters.unwrap_or(0);
            }
            if entry.part > 0 {
                self.stored.insert(identity.message);
                if entry.kind == Kind::AccessLog {
                    let counted = LogDimensions::stored(document.text(DIMENSIONS));
                    self.dimensions.insert(identity.message, counted);
                }
            }
        })
        .await
    }

    async fn add_quarantine(
        &mut self,
        store: &dyn DocumentStore,
        collection: &CollectionPath,
        share: Share,
    ) -> Result<(), StoreError> {
        scan(store, collection, Some(&["attributes"]), |document| {
            let attributes = document.fields.get("attributes").and_then(quarantine::attributes);
            let identity = attributes.as_ref().map(Identity::of);
            self.quarantined.extend(
                identity.filter(|it| share.has(it.record)).map(|identity| identity.message),
            );
        })
        .await
    }
}

/// Names those of `messages` that are stored for the tenant.
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

/// A stored message; part 0 is the claim of a record with several parts.
struct Stored<'a> {
    entry: Entry,
    identity: Identity,
    document: &'a Document,
}

/// Gives every stored message of the tenant to `take`, a claim before its parts.
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
            scan(store, &claim.parts(), Some(PART_FIELDS), |document| {
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
