//! What was derived, as it is stored. A document is created and never changed: the next one takes its
//! place in the same commit. So whoever derives needs no right to change documents.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::figures::Visits;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::store::{Document, DocumentStore, Query, StoreError, Write};
use crate::tenant::TenantId;

/// A day that is not over is derived anew when it has more views by one in so many.
const NEAR: i64 = 10;
/// Documents in one answer of the store.
const PAGE: u32 = 400;

/// The visits of a day, with the counts of its views before and after they were derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Derived {
    pub(super) before: i64,
    pub(super) after: i64,
    /// The visits; `None` if events of the day had expired before anybody asked.
    pub visits: Option<Visits>,
}

impl Derived {
    /// Whether it is exact where the day has so many views.
    pub fn is_exact(&self, views: i64) -> bool {
        self.before == views && self.after == views
    }

    /// Whether it is near enough for a day that is not over and has so many views. Each event is then
    /// read some eleven times at most, however often somebody looks.
    pub fn is_near(&self, views: i64) -> bool {
        (views - self.before).abs() * NEAR < self.before
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let counts = [("views_before", self.before), ("views_after", self.after)];
        let visits = self.visits.map(|visits| {
            [
                ("visits", visits.visits),
                ("bounces", visits.bounces),
                ("views", visits.views),
                ("microseconds", visits.microseconds),
            ]
        });
        counts.into_iter().chain(visits.into_iter().flatten())
    }

    fn read(document: &Document) -> Option<Self> {
        let integer = |name| document.integer(name);
        let visits = || {
            Some(Visits {
                visits: integer("visits")?,
                bounces: integer("bounces")?,
                views: integer("views")?,
                microseconds: integer("microseconds")?,
            })
        };
        let (before, after) = (integer("views_before")?, integer("views_after")?);
        Some(Self { before, after, visits: visits() })
    }
}

/// What is stored of the days `first..=last`: of each day what was derived of most views.
pub async fn stored(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<BTreeMap<NaiveDate, Derived>, StoreError> {
    let mut days = BTreeMap::<NaiveDate, Derived>::new();
    for document in documents(store, tenant, (first, last)).await? {
        if let (Some(day), Some(derived)) = (day(&document), Derived::read(&document)) {
            let known = days.entry(day).or_insert(derived);
            if (known.before, known.after) < (derived.before, derived.after) {
                *known = derived;
            }
        }
    }
    Ok(days)
}

/// Stores what was derived of a day, in place of what there is.
pub(super) async fn store_derived(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    day: NaiveDate,
    derived: &Derived,
) -> Result<(), StoreError> {
    let path = path(tenant, day, derived);
    let old = documents(store, tenant, (day, day)).await?;
    let old: Vec<_> = old.into_iter().filter(|old| old.id != path.id()).collect();
    let collection = CollectionPath::of(tenant, Collection::Visits);
    let deletes = old.into_iter().map(|old| Write::Delete { path: collection.document(old.id) });
    let fields = derived.fields().map(|(name, count)| (name.to_owned(), count.into())).collect();
    let writes = std::iter::once(Write::Create { path, fields }).chain(deletes).collect();
    match store.commit(writes).await {
        // Another gateway has derived the same.
        Err(StoreError::AlreadyExists) => Ok(()),
        other => other,
    }
}

/// Removes what is stored of the days; `None` leaves an end open. Says how many documents it has removed.
pub async fn remove(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    (first, last): (Option<NaiveDate>, Option<NaiveDate>),
) -> Result<usize, StoreError> {
    let days = (first.unwrap_or_default(), last.unwrap_or(NaiveDate::MAX));
    let found = documents(store, tenant, days).await?;
    let collection = CollectionPath::of(tenant, Collection::Visits);
    let path = |document: &Document| collection.document(document.id.clone());
    for page in found.chunks(PAGE as usize) {
        let deletes = page.iter().map(|document| Write::Delete { path: path(document) });
        store.commit(deletes.collect()).await?;
    }
    Ok(found.len())
}

/// The id begins with the day, so that a period is a range of ids.
fn path(tenant: &TenantId, day: NaiveDate, derived: &Derived) -> DocumentPath {
    let Derived { before, after, visits } = derived;
    let kind = if visits.is_some() { "" } else { "-missing" };
    let id = format!("{}.{before}-{after}{kind}", day.format("%Y-%m-%d"));
    CollectionPath::of(tenant, Collection::Visits).document(id)
}

fn day(document: &Document) -> Option<NaiveDate> {
    document.id.split_once('.')?.0.parse().ok()
}

async fn documents(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<Document>, StoreError> {
    let collection = CollectionPath::of(tenant, Collection::Visits);
    let (mut found, mut after) = (Vec::new(), first.format("%Y-%m-%d").to_string());
    loop {
        let query = Query::all(collection.clone()).after(Some(after)).limit(PAGE);
        let page = store.query(&query).await?;
        let next = page.last().map(|document| document.id.clone());
        let (length, before) = (page.len(), found.len());
        found.extend(page.into_iter().take_while(|one| day(one).is_some_and(|day| day <= last)));
        match next {
            Some(next) if length == PAGE as usize && found.len() == before + length => after = next,
            _ => return Ok(found),
        }
    }
}
