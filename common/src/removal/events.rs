//! Removes events, each in the commit that takes it from what counts it.

use std::collections::{BTreeSet, HashSet};

use super::visitors;
use super::work::Work;
use crate::event::Event;
use crate::event_listing::{Position, newest};
use crate::path::Collection;
use crate::rollup::{self, Key, counted_by};
use crate::store::{Document, StoreError, Write};
use crate::visits;

/// Events that are read at once from a store that reads in place. For a page of users, what is left of their
/// days may have to be read, so pages are large.
const PAGE: u32 = 2_000;
/// The same from any other store. Each user is looked up on its own there, and a request ends with a page.
const FAR_PAGE: u32 = 200;
/// Events whose users are looked up before somebody looks at the clock: where the store is slow, a page of
/// them takes longer than a request may.
const BETWEEN_LOOKS: usize = 20;
/// Most documents in a commit, if it has more than one event: a worker writes the same counts meanwhile,
/// and large commits would be in its way for long.
const MOST: usize = 500;

/// An event that was found, and how it is counted.
struct Found {
    document: Document,
    event: Event,
}

/// Removes the events of the part, the newest first; false if there was no time for all.
pub(super) async fn remove(work: &mut Work<'_>) -> Result<bool, StoreError> {
    let selection = work.part.selection();
    let most = if work.deletion.store.reads_in_place() { PAGE } else { FAR_PAGE };
    let mut after = None;
    loop {
        let page =
            newest(work.deletion.store, work.tenant, &selection, after.as_ref(), most).await?;
        let is_last = page.len() < most as usize;
        after = page.last().and_then(Position::of);
        if !remove_page(work, page).await? {
            return Ok(false);
        }
        if is_last || after.is_none() {
            return Ok(true);
        }
        if work.deletion.is_late() {
            return Ok(false);
        }
    }
}

/// First the visitors, and then the events: until an event is gone, the next removal finds it, and
/// looks after its visitor again. False if there was no time for all.
async fn remove_page(work: &mut Work<'_>, page: Vec<Document>) -> Result<bool, StoreError> {
    let found = page.into_iter().map(Found::read).collect::<Result<Vec<_>, _>>()?;
    let mut found: Vec<_> = found.into_iter().filter(|found| work.part.has(&found.event)).collect();
    let all = found.len();
    found.truncate(settle(work, &found).await?);
    let is_whole = found.len() == all;
    for day in found.iter().map(|found| found.event.day()).collect::<BTreeSet<_>>() {
        visits::remove(work.deletion.store, work.tenant, (Some(day), Some(day))).await?;
    }
    for batch in batches(found) {
        let writes = writes(work, &batch);
        work.deletion.commit_counts(writes).await?;
        work.deletion.note(Collection::Events.as_str(), batch.len());
    }
    Ok(is_whole)
}

/// Settles the visitors of as many events as there is time for, and returns how many.
async fn settle(work: &mut Work<'_>, found: &[Found]) -> Result<usize, StoreError> {
    let at_once = if work.deletion.store.reads_in_place() { found.len() } else { BETWEEN_LOOKS };
    let mut settled = 0;
    for some in found.chunks(at_once.max(1)) {
        if settled > 0 && work.deletion.is_late() {
            break;
        }
        visitors::settle(work, some.iter().map(|found| &found.event)).await?;
        settled += some.len();
    }
    Ok(settled)
}

impl Found {
    /// To remove an event without its counts would make them wrong for good.
    fn read(document: Document) -> Result<Self, StoreError> {
        let event = Event::stored(&document);
        let event = event.ok_or_else(|| StoreError::Invalid(unreadable(&document).into()))?;
        Ok(Self { document, event })
    }
}

fn unreadable(document: &Document) -> String {
    format!("this version cannot say how the event {:?} is counted", document.id)
}

/// The events of each commit.
fn batches(found: Vec<Found>) -> Vec<Vec<Found>> {
    let (mut batches, mut batch, mut keys) = (Vec::new(), Vec::new(), HashSet::new());
    for found in found {
        keys.extend(counted_by(&found.event).map(Key::owned));
        if !batch.is_empty() && batch.len() + keys.len() >= MOST {
            batches.push(std::mem::take(&mut batch));
            keys = counted_by(&found.event).map(Key::owned).collect();
        }
        batch.push(found);
    }
    batches.push(batch);
    batches.retain(|batch| !batch.is_empty());
    batches
}

/// Removes the events, and takes them from all that counts them.
fn writes(work: &Work<'_>, batch: &[Found]) -> Vec<Write> {
    let events = work.collection(Collection::Events);
    let delete = |Found { document, .. }: &Found| Write::DeleteFound {
        path: events.document(document.id.clone()),
        found: document.clone(),
    };
    let counts = rollup::uncounted(work.tenant, batch.iter().map(|found| &found.event));
    batch.iter().map(delete).chain(counts).collect()
}
