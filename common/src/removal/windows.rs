//! Removes the counts of whole days, and counts that have come to nothing.

use super::deletion::PAGE;
use super::part::Days;
use super::work::Work;
use crate::event_listing::{Selection, newest};
use crate::path::Collection;
use crate::rollup;
use crate::store::{Document, Query, StoreError, Write};

/// Removes all windows of the days, and takes what those of a day count from all time: the events whose
/// documents have expired. False if there was no time for all.
pub(super) async fn remove(work: &mut Work<'_>, days: Days) -> Result<bool, StoreError> {
    for query in rollup::windows_between(work.tenant, days.times()) {
        if !remove_all(work, days, &query).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn remove_all(work: &mut Work<'_>, days: Days, query: &Query) -> Result<bool, StoreError> {
    loop {
        let page = work.deletion.store.query(&query.clone().limit(PAGE)).await?;
        if page.is_empty() {
            return Ok(true);
        }
        if work.deletion.is_late() {
            return Ok(false);
        }
        remove_page(work, days, &page).await?;
    }
}

/// These windows count no stored event if there was none after they were read, and they have not changed
/// since.
async fn remove_page(work: &mut Work<'_>, days: Days, page: &[Document]) -> Result<(), StoreError> {
    let stored = Selection { fields: Some(&["timestamp"]), ..days.selection() };
    if !newest(work.deletion.store, work.tenant, &stored, None, 1).await?.is_empty() {
        return Err(StoreError::Changed);
    }
    let counts = rollup::taken_from_all_time(work.tenant, page);
    let writes = deletes(work, page).chain(counts).collect();
    work.deletion.commit_counts(writes).await?;
    work.deletion.note(Collection::Rollups.as_str(), page.len());
    Ok(())
}

/// Removes the counts of events that have come to nothing: a value may be the very page that was removed.
/// False if there was no time for all.
pub(super) async fn remove_empty(work: &mut Work<'_>) -> Result<bool, StoreError> {
    for query in rollup::counts_of_nothing(work.tenant) {
        while !remove_empty_page(work, &query).await? {
            if work.deletion.is_late() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// True if there are no more of them.
async fn remove_empty_page(work: &mut Work<'_>, query: &Query) -> Result<bool, StoreError> {
    let page = work.deletion.store.query(&query.clone().limit(PAGE)).await?;
    let (empty, less): (Vec<_>, Vec<_>) =
        page.into_iter().partition(|found| found.integer("count") == Some(0));
    work.deletion.commit(deletes(work, &empty).collect()).await?;
    work.deletion.note(Collection::Rollups.as_str(), empty.len());
    let mut is_level = true;
    for found in &less {
        let writes = rollup::levelled(work.deletion.store, work.tenant, found).await?;
        is_level &= writes.is_empty();
        work.deletion.commit_counts(writes).await?;
    }
    Ok(empty.is_empty() && is_level)
}

/// Removes these counts, if they are as they were found.
fn deletes<'d>(work: &Work<'_>, found: &'d [Document]) -> impl Iterator<Item = Write> + 'd {
    let rollups = work.collection(Collection::Rollups);
    found.iter().map(move |found| Write::DeleteFound {
        path: rollups.document(found.id.clone()),
        found: found.clone(),
    })
}
