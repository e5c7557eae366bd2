//! The writes that count: one for each rollup.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::layout::{COUNT, Key};
use super::memo::Memo;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::store::{Amounts, Fields, Write, fields};
use crate::tenant::TenantId;

/// The most rollups that a thread remembers. Each takes about 1.5 kB, and 4 kB with the longest value: so
/// all of them take 3 MB, and at most 8 MB.
const MOST: usize = 2_048;

thread_local! {
    static ROLLUPS: RefCell<Memo<Identity, Rollup>> = RefCell::new(Memo::new(MOST));
}

/// What identifies a rollup: its tenant, what it counts when, and its shard.
type Identity = (TenantId, Key, u32);

/// The document of a rollup, and the fields that identify it.
#[derive(Clone)]
struct Rollup {
    path: DocumentPath,
    fields: Arc<Fields>,
}

impl Rollup {
    /// The rollup with this identity. A thread remembers it, because to hash the identity and to build the
    /// fields takes longer than anything else that is done for an event, and many events count in each.
    fn of(tenant: &TenantId, key: Key<&str>, shard: u32) -> Self {
        let is = |(of, known, number): &Identity| {
            (of, known.borrowed(), *number) == (tenant, key, shard)
        };
        let make = || ((tenant.clone(), key.owned(), shard), Self::new(tenant, key, shard));
        ROLLUPS.with_borrow_mut(|known| known.get((tenant, key, shard), is, make))
    }

    fn new(tenant: &TenantId, key: Key<&str>, shard: u32) -> Self {
        let Key { dimension, value, grain, start } = key;
        let (seconds, number) = (start.timestamp().to_string(), shard.to_string());
        let identity = [dimension.as_str(), value, grain.as_str(), &seconds, &number];
        let path = CollectionPath::of(tenant, Collection::Rollups).hashed(&identity);
        let fields = fields([
            ("dimension", dimension.as_str().into()),
            ("value", value.into()),
            ("grain", grain.as_str().into()),
            ("start", start.into()),
            ("shard", shard.into()),
        ]);
        Self { path, fields: fields.into() }
    }
}

impl Key<&str> {
    /// Adds to the fields of this rollup.
    pub(super) fn increment(self, tenant: &TenantId, shard: u32, by: Amounts) -> Write {
        let Rollup { path, fields } = Rollup::of(tenant, self, shard);
        Write::Increment { path, fields, by }
    }

    /// Adds one to the count of this rollup, in `shard` if it may be spread.
    pub(super) fn count(self, tenant: &TenantId, shard: u32) -> Write {
        self.increment(tenant, self.shard(shard), [(COUNT.into(), 1)].into())
    }

    /// The shard that is added to if those that may be spread go to `shard`.
    fn shard(self, shard: u32) -> u32 {
        if self.dimension.is_only_summed() { shard } else { 0 }
    }
}

/// What records add to rollups.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<Key, i64>);

impl FromIterator<(Key, i64)> for Counts {
    fn from_iter<T: IntoIterator<Item = (Key, i64)>>(counted: T) -> Self {
        let mut counts = Self::default();
        for (key, by) in counted {
            let count = counts.0.entry(key).or_default();
            *count = count.saturating_add(by);
        }
        counts
    }
}

impl Counts {
    /// One increment for each rollup; those that may be spread go to `shard`.
    pub(super) fn writes(self, tenant: &TenantId, shard: u32) -> impl Iterator<Item = Write> {
        let mut documents: BTreeMap<Key, Amounts> = BTreeMap::new();
        for (key, by) in self.0 {
            let field = key.field().into();
            documents.entry(key.into_document()).or_default().insert(field, by);
        }
        documents.into_iter().map(move |(key, by)| {
            let key = key.borrowed();
            key.increment(tenant, key.shard(shard), by)
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::rollup::{Dimension, Grain};

    fn key(value: &str) -> Key<&str> {
        let start = DateTime::UNIX_EPOCH + TimeDelta::seconds(1_748_736_000);
        Key { dimension: Dimension::ViewPath, value, grain: Grain::Day, start }
    }

    #[test]
    fn the_id_of_a_rollup_is_the_same_in_every_version() {
        let Write::Increment { path, .. } = key("/a").count(&TenantId::default(), 0) else {
            panic!("a count is an increment")
        };
        let id = "6601ea37749ab7c3c7bf5af7137f7268fa0d0020743e00c644a5fd1cb1c0035f";
        assert_eq!(path.to_string(), format!("tenants/default/rollups/{id}"));
    }

    #[test]
    fn a_remembered_rollup_is_the_one_that_is_asked_for() {
        let tenants = ["acme", "axon"].map(|id| TenantId::parse(id).expect("a tenant"));
        let later = Key { start: key("").start + TimeDelta::days(1), ..key("/a") };
        let hour = Key { grain: Grain::Hour, ..key("/a") };
        let excluded = Key { dimension: Dimension::Excluded, ..key("/a") };
        let asked = || tenants.iter().flat_map(|of| [0, 1].map(|shard| (of, shard)));
        for key in [key("/a"), key("/b"), later, hour, excluded].repeat(2) {
            for (tenant, shard) in asked() {
                let (known, new) =
                    (Rollup::of(tenant, key, shard), Rollup::new(tenant, key, shard));
                assert_eq!((known.path, known.fields), (new.path, new.fields));
            }
        }
    }
}
