//! Compares the counts of the archive with those of the live store. They must be equal.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use common::rollup::{self, Key};
use common::store::{DocumentStore, StoreError};
use common::tenant::TenantId;
use serde::Serialize;

use super::ledger::{Entry, Ledger, names};
use super::survey::Survey;
use super::tally::{Counts, Tally, half};

/// What the comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Comparison {
    pub(super) differences: BTreeSet<Difference>,
    /// Messages that were in work when the store was read, and are in neither count.
    pub(super) in_work: BTreeSet<Name>,
}

/// What identifies a message, for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Name {
    pub(super) tenant: String,
    pub(super) kind: String,
    pub(super) record_id: String,
    pub(super) part: String,
}

/// One difference between the archive and the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub(super) enum Difference {
    /// A rollup's counts differ.
    Rollup {
        tenant: String,
        dimension: &'static str,
        value: String,
        grain: &'static str,
        start: DateTime<Utc>,
        archive: i64,
        store: i64,
    },
    /// The users of a day (or of `all`) differ.
    Visitors { tenant: String, day: String, only_in_archive: usize, only_in_store: usize },
    /// The total lengths of a tenant's texts differ.
    Characters { tenant: String, archive: i64, store: i64 },
    /// A message is archived, but not stored, in quarantine or in work.
    NotStored(Name),
    /// A message is stored but not archived.
    NotArchived(Name),
    /// A message is stored and also in quarantine.
    Both(Name),
}

/// The differing counts of every tenant, and the stored messages that are not in the archive.
pub(super) async fn differences(
    store: &dyn DocumentStore,
    tenants: &BTreeSet<TenantId>,
    tally: &Tally,
    survey: &Survey,
    ledger: &Ledger,
) -> Result<BTreeSet<Difference>, StoreError> {
    let mut found = BTreeSet::new();
    let none = Counts::default();
    let not_archived = ledger.unknown(|message| survey.has(message));
    let both = ledger.both();
    for tenant in tenants {
        let counts = tally.0.get(tenant).unwrap_or(&none);
        found.extend(rollups(tenant, counts, rollup::all(store, tenant).await?));
        found.extend(visitors(store, tenant, counts).await?);
        let (archive, store_has) =
            (counts.characters, ledger.characters.get(tenant).copied().unwrap_or(0));
        if archive != store_has {
            let tenant = tenant.to_string();
            found.insert(Difference::Characters { tenant, archive, store: store_has });
        }
        let kinds: [(_, fn(Name) -> Difference); 2] =
            [(&not_archived, Difference::NotArchived), (&both, Difference::Both)];
        for (messages, difference) in kinds {
            if !messages.is_empty() {
                let names = names(store, tenant, messages).await?;
                found.extend(names.into_iter().map(|entry| difference(entry.into())));
            }
        }
    }
    Ok(found)
}

fn rollups<'a>(
    tenant: &'a TenantId,
    counts: &'a Counts,
    mut store: BTreeMap<Key, i64>,
) -> impl Iterator<Item = Difference> {
    let mut both = Vec::new();
    for (key, archive) in &counts.rollups {
        both.push((key.clone(), *archive, store.remove(key).unwrap_or(0)));
    }
    both.extend(store.into_iter().map(|(key, count)| (key, 0, count)));
    both.into_iter().filter(|(_, archive, store)| archive != store).map(
        |(Key { dimension, value, grain, start }, archive, store)| Difference::Rollup {
            tenant: tenant.to_string(),
            dimension: dimension.as_str(),
            value,
            grain: grain.as_str(),
            start,
            archive,
            store,
        },
    )
}

async fn visitors(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    counts: &Counts,
) -> Result<Vec<Difference>, StoreError> {
    let mut stored: HashMap<String, HashSet<u128>> = HashMap::new();
    rollup::visitors(store, tenant, |id, day| {
        stored.entry(day.to_owned()).or_default().insert(half(id));
    })
    .await?;
    let none = HashSet::new();
    let days: BTreeSet<&String> = counts.visitors.keys().chain(stored.keys()).collect();
    let difference = |day: &String| {
        let archive = counts.visitors.get(day).unwrap_or(&none);
        let store = stored.get(day).unwrap_or(&none);
        (archive != store).then(|| Difference::Visitors {
            tenant: tenant.to_string(),
            day: day.clone(),
            only_in_archive: archive.difference(store).count(),
            only_in_store: store.difference(archive).count(),
        })
    };
    Ok(days.into_iter().filter_map(difference).collect())
}

impl From<Entry> for Name {
    fn from(Entry { tenant, kind, record_id, part }: Entry) -> Self {
        let (tenant, kind) = (tenant.to_string(), kind.as_str().to_owned());
        Self { tenant, kind, record_id, part: part.to_string() }
    }
}
