//! Everything that is counted of a tenant, for who wants to check it.

use std::collections::BTreeMap;

use super::key::{Dimension, Grain, Key};
use crate::path::{Collection, CollectionPath};
use crate::store::{Document, DocumentStore, StoreError, scan};
use crate::tenant::TenantId;

const FIELDS: &[&str] = &["dimension", "value", "grain", "start", "count"];

/// All rollups of the tenant, shards added up.
pub async fn all(
    store: &dyn DocumentStore,
    tenant: &TenantId,
) -> Result<BTreeMap<Key, i64>, StoreError> {
    let mut counts = BTreeMap::new();
    let rollups = CollectionPath::of(tenant, Collection::Rollups);
    scan(store, &rollups, Some(FIELDS), |rollup| {
        if let (Some(key), Some(count)) = (key(rollup), rollup.integer("count")) {
            *counts.entry(key).or_default() += count;
        }
    })
    .await?;
    Ok(counts)
}

/// The ids of all documents of visitors, each with its day (or `all`).
pub async fn visitors(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    mut take: impl FnMut(&str, &str) + Send,
) -> Result<(), StoreError> {
    let visitors = CollectionPath::of(tenant, Collection::Visitors);
    scan(store, &visitors, Some(&["day"]), |visitor| {
        take(&visitor.id, visitor.text("day").unwrap_or(""));
    })
    .await
}

fn key(rollup: &Document) -> Option<Key> {
    let (dimension, grain) = (rollup.text("dimension")?, rollup.text("grain")?);
    Some(Key {
        dimension: Dimension::ALL.into_iter().find(|known| known.as_str() == dimension)?,
        value: rollup.text("value")?.to_owned(),
        grain: Grain::ALL.into_iter().find(|known| known.as_str() == grain)?,
        start: rollup.timestamp("start")?,
    })
}
