//! Removes the counts of whole days, and counts that have come to nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::ControlFlow;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use super::deletion::PAGE;
use super::part::Days;
use super::work::Work;
use crate::event::day_of;
use crate::event_listing::{Selection, each, newest};
use crate::path::Collection;
use crate::rollup::{self, Times};
use crate::store::{Document, Query, StoreError, Write};

/// Removes all windows of the days, and takes what those of a day count from all time: the events whose
/// documents have expired. False if there was no time for all.
pub(super) async fn remove(work: &mut Work<'_>, days: Days) -> Result<bool, StoreError> {
    for query in rollup::windows_between(work.tenant, days.times()) {
        if !remove_all(work, days, &query).await? {
            return Ok(false);
        }
    }
    remove_hours(work, days).await
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
    if have_events(work, days).await? {
        return Err(StoreError::Changed);
    }
    let counts = rollup::taken_from_all_time(work.tenant, page);
    let writes = deletes(work, page).chain(counts).collect();
    work.deletion.commit_counts(writes).await?;
    work.deletion.note(Collection::Rollups.as_str(), page.len());
    Ok(())
}

/// Whether an event of the days is stored.
async fn have_events(work: &Work<'_>, days: Days) -> Result<bool, StoreError> {
    let (selection, mut have) = (within(days.times_in(work.part.zone)), false);
    each(work.deletion.store, work.tenant, &selection, PAGE, |event| {
        have = day_of(event).is_some_and(|day| days.have(day));
        if have { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .await?;
    Ok(have)
}

/// Removes the hours that lie in the days: those that count events whose documents have expired. An hour
/// with a stored event stays. The event is one of another day, if the site had another zone then.
async fn remove_hours(work: &mut Work<'_>, days: Days) -> Result<bool, StoreError> {
    let query = rollup::hours_between(work.tenant, full_hours(days.times_in(work.part.zone)));
    let mut kept = 0;
    loop {
        let most = PAGE + kept;
        let page = work.deletion.store.query(&query.clone().limit(most)).await?;
        let (found, gone) = (page.len(), unused(work, page).await?);
        kept = u32::try_from(found - gone.len()).unwrap_or(u32::MAX - PAGE);
        if gone.is_empty() && found < most as usize {
            return Ok(true);
        }
        if work.deletion.is_late() {
            return Ok(false);
        }
        work.deletion.commit_counts(deletes(work, &gone).collect()).await?;
        work.deletion.note(Collection::Rollups.as_str(), gone.len());
    }
}

/// The hours within which no event is stored.
async fn unused(work: &Work<'_>, hours: Vec<Document>) -> Result<Vec<Document>, StoreError> {
    let (mut free, mut unused) = (BTreeMap::new(), Vec::new());
    for window in hours {
        let Some(start) = window.timestamp("start") else { continue };
        let is_free = match free.entry(start) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => *new.insert(is_free(work, start).await?),
        };
        unused.extend(is_free.then_some(window));
    }
    Ok(unused)
}

/// Whether no event of the hour is stored.
async fn is_free(work: &Work<'_>, start: DateTime<Utc>) -> Result<bool, StoreError> {
    let hour = within((Some(start), Some(start + TimeDelta::hours(1))));
    Ok(newest(work.deletion.store, work.tenant, &hour, None, 1).await?.is_empty())
}

/// The events of this time, with what says on which day they are counted.
fn within((from, to): Times) -> Selection {
    Selection { from, to, fields: Some(&["timestamp", "day"]), ..Selection::default() }
}

/// The same time without what its first and its last hour have of other days.
fn full_hours((from, to): Times) -> Times {
    let start = |at: DateTime<Utc>| at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at);
    let next = |at: DateTime<Utc>| start(at + TimeDelta::hours(1) - TimeDelta::microseconds(1));
    (from.map(next), to.map(start))
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
