//! Derives the visits of a day from its events, and stores them.

use chrono::{DateTime, NaiveDate, Utc};

use super::derivation::Derivation;
use super::figures::Visits;
use super::stored::{Derived, store_derived, stored};
use crate::event::{is_counted_as_view, is_view};
use crate::rollup::{Period, views_by_day};
use crate::site_days::{Reading, SiteDays, Sum};
use crate::store::{Document, DocumentStore, StoreError};
use crate::tenant::TenantId;
use crate::time_zone::TimeZone;

/// Events in one answer of the store.
const PAGE: u32 = 5_000;
/// What is read of an event.
const FIELDS: &[&str] = &["event_type", "user_id", "timestamp", "excluded", "others", "day"];

/// Derives the visits of a day of a site in `zone`, and stores them. What was stored before stays if
/// events of the day have expired since.
pub async fn derive(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: NaiveDate,
    zone: TimeZone,
) -> Result<Derived, StoreError> {
    derive_in_pages(store, tenant, day, zone, PAGE).await
}

async fn derive_in_pages(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: NaiveDate,
    zone: TimeZone,
    most: u32,
) -> Result<Derived, StoreError> {
    let events = Day { store, tenant, day };
    let before = events.views().await?;
    let days = SiteDays { first: day, last: day, zone };
    let reading = Reading { store, tenant, fields: FIELDS, page: most };
    let read = reading.sum(days, before, Read::default).await?;
    let after = events.views().await?;
    // Fewer views than are counted: some have expired, and what is left says nothing about visits.
    let is_whole = read.views >= before;
    let visits = if is_whole { Some(read.visits.finish()) } else { events.known().await? };
    let derived = Derived { before, after, visits };
    store_derived(store, tenant, day, &derived).await?;
    Ok(derived)
}

/// A day of a site.
struct Day<'s> {
    store: &'s dyn DocumentStore,
    tenant: &'s TenantId,
    day: NaiveDate,
}

/// What was read of a day.
#[derive(Default)]
struct Read {
    visits: Derivation,
    /// The views of the day, also those of no visitor.
    views: i64,
}

impl Sum for Read {
    fn take(&mut self, event: &Document) {
        self.views += i64::from(is_counted_as_view(event));
        if let Some((visitor, at)) = view(event) {
            self.visits.take(visitor, at);
        }
    }

    fn found(&self) -> i64 {
        self.views
    }
}

impl Day<'_> {
    /// How many views of the day are counted.
    async fn views(&self) -> Result<i64, StoreError> {
        let day = Period::Days(Some(self.day), Some(self.day));
        Ok(views_by_day(self.store, self.tenant, day).await?.values().sum())
    }

    /// The visits that were derived before.
    async fn known(&self) -> Result<Option<Visits>, StoreError> {
        let known = stored(self.store, self.tenant, (self.day, self.day)).await?;
        Ok(known.get(&self.day).and_then(|known| known.visits))
    }
}

/// The visitor and the time of a view; `None` if it is no view, or nobody's.
fn view(event: &Document) -> Option<(&str, DateTime<Utc>)> {
    event.text("event_type").filter(|name| is_view(name))?;
    Some((event.text("user_id")?, event.timestamp("timestamp")?))
}

#[cfg(all(test, feature = "embedded"))]
mod tests;
