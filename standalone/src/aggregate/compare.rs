//! Compares the counts of the archive with those of the live store. They must be equal.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use common::rollup::{self, Key};
use common::store::{DocumentStore, StoreError};
use common::tenant::TenantId;
use serde::Serialize;

use super::ledger::{Entry, Ledger, names};
use super::survey::Survey;
use super::tally::{Counts, Tally, half, marked};

/// What the comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Comparison {
    pub(super) differences: BTreeSet<Difference>,
    /// Messages that were in progress when the store was read, and are in neither count.
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
    /// What was seen of the users of a day differs, such as their browsers.
    Seen { tenant: String, day: String, only_in_archive: usize, only_in_store: usize },
    /// The total lengths of a tenant's texts differ.
    Characters { tenant: String, archive: i64, store: i64 },
    /// A message is archived, but not stored, in quarantine or in progress.
    NotStored(Name),
    /// A message is stored but not archived.
    NotArchived(Name),
    /// A message is stored and also in quarantine.
    Both(Name),
}

/// What is known of the store once all its messages were looked up in the archive.
#[derive(Default)]
pub(super) struct Looked {
    /// The stored messages that are not in the archive.
    not_archived: HashSet<u128>,
    /// Those that are also in quarantine.
    both: HashSet<u128>,
    /// The total length of all texts in characters, by tenant.
    characters: BTreeMap<TenantId, i64>,
}

impl Looked {
    /// Adds a share of the messages.
    pub(super) fn add(&mut self, ledger: &Ledger, survey: &Survey) {
        self.not_archived.extend(ledger.unknown(|message| survey.has(message)));
        self.both.extend(ledger.both());
        for (tenant, characters) in &ledger.characters {
            *self.characters.entry(tenant.clone()).or_default() += characters;
        }
    }
}

/// The differing counts of every tenant, and the stored messages that are not in the archive.
pub(super) async fn differences(
    store: &dyn DocumentStore,
    tenants: &BTreeSet<TenantId>,
    tally: &Tally,
    looked: &Looked,
) -> Result<BTreeSet<Difference>, StoreError> {
    let mut found = BTreeSet::new();
    let none = Counts::default();
    let Looked { not_archived, both, characters } = looked;
    for tenant in tenants {
        let counts = tally.0.get(tenant).unwrap_or(&none);
        found.extend(rollups(tenant, counts, rollup::all(store, tenant).await?));
        found.extend(visitors(store, tenant, counts).await?);
        let (archive, store_has) =
            (counts.characters, characters.get(tenant).copied().unwrap_or(0));
        if archive != store_has {
            let tenant = tenant.to_string();
            found.insert(Difference::Characters { tenant, archive, store: store_has });
        }
        found.extend(named(store, tenant, not_archived, Difference::NotArchived).await?);
        found.extend(named(store, tenant, both, Difference::Both).await?);
    }
    Ok(found)
}

/// A difference for each of the messages that is stored for the tenant.
async fn named(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    messages: &HashSet<u128>,
    difference: fn(Name) -> Difference,
) -> Result<Vec<Difference>, StoreError> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let names = names(store, tenant, messages).await?;
    Ok(names.into_iter().map(|entry| difference(entry.into())).collect())
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
    let mut stored = Users::default();
    rollup::visitors(store, tenant, |id, day, marks| {
        stored.visitors.entry(day.to_owned()).or_default().insert(half(id));
        if !marks.is_empty() {
            let marks = marks.iter().map(|mark| marked(id, mark));
            stored.marks.entry(day.to_owned()).or_default().extend(marks);
        }
    })
    .await?;
    let tenant = tenant.to_string();
    let visitors = by_day(&counts.visitors, &stored.visitors).map(|(day, archive, store)| {
        let tenant = tenant.clone();
        Difference::Visitors { tenant, day, only_in_archive: archive, only_in_store: store }
    });
    let seen = by_day(&counts.marks, &stored.marks).map(|(day, archive, store)| {
        let tenant = tenant.clone();
        Difference::Seen { tenant, day, only_in_archive: archive, only_in_store: store }
    });
    Ok(visitors.chain(seen).collect())
}

/// The users of a tenant in the store, and what was seen of them.
#[derive(Default)]
struct Users {
    visitors: BTreeMap<String, HashSet<u128>>,
    marks: BTreeMap<String, HashSet<u128>>,
}

/// The days on which two sets differ, and how many members are in only one of them.
fn by_day<'a>(
    archive: &'a BTreeMap<String, HashSet<u128>>,
    store: &'a BTreeMap<String, HashSet<u128>>,
) -> impl Iterator<Item = (String, usize, usize)> {
    let days: BTreeSet<&String> = archive.keys().chain(store.keys()).collect();
    let alone = |of: Option<&HashSet<u128>>, other: Option<&HashSet<u128>>| {
        let is_alone = |it: &&u128| other.is_none_or(|other| !other.contains(*it));
        of.map_or(0, |of| of.iter().filter(is_alone).count())
    };
    days.into_iter().filter_map(move |day| {
        let (archive, store) = (archive.get(day), store.get(day));
        let counts = (alone(archive, store), alone(store, archive));
        (counts != (0, 0)).then(|| (day.clone(), counts.0, counts.1))
    })
}

impl From<Entry> for Name {
    fn from(Entry { tenant, kind, record_id, part }: Entry) -> Self {
        let (tenant, kind) = (tenant.to_string(), kind.as_str().to_owned());
        Self { tenant, kind, record_id, part: part.to_string() }
    }
}
