//! The queries that reads of rollups share.

use chrono::{DateTime, Utc};

use super::layout::{Dimension, Grain};
use crate::path::{Collection, CollectionPath};
use crate::store::{Aggregation, Direction, Document, DocumentStore, Op, Query, StoreError};
use crate::tenant::TenantId;

pub(super) fn rollups(tenant: &TenantId, dimension: Dimension) -> Query {
    let all = Query::all(CollectionPath::of(tenant, Collection::Rollups));
    all.filter("dimension", Op::Equal, dimension.as_str())
}

pub(super) async fn figure(
    store: &dyn DocumentStore,
    query: &Query,
    aggregation: Aggregation,
) -> Result<i64, StoreError> {
    Ok(store.aggregate(query, &[aggregation]).await?.first().copied().unwrap_or(0))
}

/// The most frequent values of a dimension in a window, with their counts; ties are ordered by
/// name.
pub(super) async fn top(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    dimension: Dimension,
    window: (Grain, DateTime<Utc>),
    limit: u32,
) -> Result<Vec<(String, i64)>, StoreError> {
    let query = top_query(tenant, dimension, window, limit);
    let row =
        |rollup: &Document| Some((rollup.text("value")?.to_owned(), rollup.integer("count")?));
    Ok(store.query(&query).await?.iter().filter_map(row).collect())
}

pub(super) fn top_query(
    tenant: &TenantId,
    dimension: Dimension,
    (grain, start): (Grain, DateTime<Utc>),
    limit: u32,
) -> Query {
    rollups(tenant, dimension)
        .filter("grain", Op::Equal, grain.as_str())
        .filter("start", Op::Equal, start)
        .order_by("count", Direction::Descending)
        .order_by("value", Direction::Ascending)
        .limit(limit)
}
