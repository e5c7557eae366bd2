//! Removes the texts, batches and quarantined messages of a period. Nothing but their ids is indexed, so
//! all of the tenant's are read.

use super::deletion::{PAGE, has_parts};
use super::part::Days;
use super::work::Work;
use crate::path::{Collection, CollectionPath, PARTS};
use crate::store::{Document, DocumentStore, Query, StoreError};

/// Removes the texts that were received on the days; false if there was no time for all.
pub(super) async fn remove_texts(work: &mut Work<'_>, days: Days) -> Result<bool, StoreError> {
    remove(work, Collection::ProcessedLogs, &["received_at", PARTS], async |_, _, text| {
        Ok(is_in(days, text, "received_at"))
    })
    .await
}

/// Removes the messages that came to quarantine on the days; false if there was no time for all.
pub(super) async fn remove_quarantined(
    work: &mut Work<'_>,
    days: Days,
) -> Result<bool, StoreError> {
    remove(work, Collection::Quarantine, &["first_seen"], async |_, _, message| {
        Ok(is_in(days, message, "first_seen"))
    })
    .await
}

/// Removes the batches whose entries are all of the days; false if there was no time for all.
pub(super) async fn remove_batches(work: &mut Work<'_>, days: Days) -> Result<bool, StoreError> {
    let fields = &["first", "last", PARTS, "parts_done"];
    remove(work, Collection::LogBatches, fields, async |store, batches, batch| {
        if !has_parts(batch) {
            return Ok(lies_in(days, batch));
        }
        // What is not counted yet may be of any day.
        if batch.integer(PARTS) != batch.integer("parts_done") {
            return Ok(false);
        }
        let parts = batches.document(batch.id.clone()).parts();
        let parts = store.query(&Query::all(parts).select(&["first", "last"])).await?;
        Ok(parts.iter().all(|part| lies_in(days, part)))
    })
    .await
}

/// Removes those records of a collection that are to go.
async fn remove(
    work: &mut Work<'_>,
    collection: Collection,
    fields: &'static [&'static str],
    goes: impl AsyncFn(&dyn DocumentStore, &CollectionPath, &Document) -> Result<bool, StoreError>,
) -> Result<bool, StoreError> {
    let collection = work.collection(collection);
    let mut after = None;
    loop {
        let query = Query::all(collection.clone()).select(fields).limit(PAGE).after(after);
        let page = work.deletion.store.query(&query).await?;
        let mut gone = Vec::new();
        for record in &page {
            if goes(work.deletion.store, &collection, record).await? {
                gone.push(record.clone());
            }
        }
        if !work.deletion.remove_page(&collection, &gone).await? {
            return Ok(false);
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.id.clone()),
            _ => return Ok(true),
        }
    }
}

fn is_in(days: Days, record: &Document, field: &str) -> bool {
    record.timestamp(field).is_some_and(|at| days.include(at))
}

fn lies_in(days: Days, entries: &Document) -> bool {
    is_in(days, entries, "first") && is_in(days, entries, "last")
}
