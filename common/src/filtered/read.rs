//! Reads the events of a period, and adds up those that a filter selects.

use super::filter::Filter;
use super::sums::{Filtered, Sums};
use crate::site_days::{Reading, SiteDays};
use crate::store::{DocumentStore, StoreError};
use crate::tenant::TenantId;

/// Events in one answer of the store.
const PAGE: u32 = 5_000;
/// What is read of an event.
const FIELDS: &[&str] = &[
    "event_type",
    "user_id",
    "path",
    "timestamp",
    "excluded",
    "dimensions",
    "others",
    "day",
    "payload",
];

/// How many events a period may have to be read at all: a read in the store's own place takes a few
/// microseconds, and Firestore charges each.
pub fn most_events(store: &dyn DocumentStore) -> i64 {
    if store.reads_in_place() { 200_000 } else { 20_000 }
}

/// The figures of the events of `days` that `filter` selects, where so many events were `counted` before.
pub async fn read(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    days: SiteDays,
    filter: &Filter,
    counted: i64,
) -> Result<Filtered, StoreError> {
    let reading = Reading { store, tenant, fields: FIELDS, page: PAGE };
    let sums = reading.sum(days, counted, || Sums::new(filter)).await?;
    Ok(sums.finish(counted))
}

#[cfg(all(test, feature = "embedded"))]
mod tests;
