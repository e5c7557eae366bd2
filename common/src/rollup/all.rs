//! All counts of a tenant, for recounts that check them.

use std::collections::BTreeMap;

use super::layout::{COUNT, Dimension, FIELDS, FURTHER, Grain, Key};
use super::mark::is_mark;
use crate::path::{Collection, CollectionPath};
use crate::store::{Document, DocumentStore, StoreError, scan};
use crate::tenant::TenantId;

/// All rollups of a tenant, with shards added up.
pub async fn all(
    store: &dyn DocumentStore,
    tenant: &TenantId,
) -> Result<BTreeMap<Key, i64>, StoreError> {
    let mut counts: BTreeMap<Key, i64> = BTreeMap::new();
    let rollups = CollectionPath::of(tenant, Collection::Rollups);
    scan(store, &rollups, Some(FIELDS), |rollup| {
        for (key, count) in counted(rollup) {
            let sum = counts.entry(key).or_default();
            *sum = sum.saturating_add(count);
        }
    })
    .await?;
    Ok(counts)
}

/// What the fields of a rollup count.
fn counted(rollup: &Document) -> Vec<(Key, i64)> {
    let (Some(key), Some(count)) = (key(rollup), rollup.integer(COUNT)) else {
        return Vec::new();
    };
    let further = FURTHER.iter().filter_map(|(field, dimension, value)| {
        let count = rollup.integer(field)?;
        let (dimension, value) = (*dimension, (*value).to_owned());
        Some((Key { dimension, value, ..key.clone() }, count))
    });
    let mut counted: Vec<_> = further.collect();
    counted.push((key, count));
    counted
}

/// Calls `take` with the id, the day (or `all`) and the marks of every visitor document.
pub async fn visitors(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    mut take: impl FnMut(&str, &str, &[&str]) + Send,
) -> Result<(), StoreError> {
    let visitors = CollectionPath::of(tenant, Collection::Visitors);
    scan(store, &visitors, None, |visitor| {
        let names = visitor.fields.keys().map(String::as_str);
        let marks: Vec<&str> = names.filter(|name| is_mark(name)).collect();
        take(&visitor.id, visitor.text("day").unwrap_or(""), &marks);
    })
    .await
}

/// What a rollup counts.
pub(super) fn key(rollup: &Document) -> Option<Key> {
    let (dimension, grain) = (rollup.text("dimension")?, rollup.text("grain")?);
    Some(Key {
        dimension: Dimension::named(dimension)?,
        value: rollup.text("value")?.to_owned(),
        grain: Grain::ALL.into_iter().find(|known| known.as_str() == grain)?,
        start: rollup.timestamp("start")?,
    })
}
