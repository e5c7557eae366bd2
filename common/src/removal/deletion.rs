//! Deletes documents page by page, and keeps the account of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use crate::path::{CollectionPath, PARTS};
use crate::program::chain;
use crate::store::patience::patiently_until;
use crate::store::{Document, DocumentStore, Query, StoreError, Write};

/// Documents that are read, and then removed in one commit.
pub(super) const PAGE: u32 = 300;

/// What was removed, at least: if the store took a commit and its answer was lost, it is not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many documents, by the id of their collection.
    pub documents: BTreeMap<String, u64>,
    /// Whether nothing was left.
    pub is_complete: bool,
}

/// A removal under way.
pub(super) struct Deletion<'s> {
    pub(super) store: &'s dyn DocumentStore,
    pub(super) removed: Removed,
    until: Instant,
    next: Instant,
}

impl<'s> Deletion<'s> {
    pub(super) fn new(store: &'s dyn DocumentStore, until: Instant) -> Self {
        Self { store, removed: Removed::default(), until, next: Instant::now() }
    }

    /// How many documents were removed.
    pub(super) fn count(&self) -> u64 {
        self.removed.documents.values().sum()
    }

    /// Whether its time is over.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }

    /// What was removed before `error`. While the store cannot be used, that is an answer: it stays removed,
    /// and the next request goes on.
    pub(super) fn ended_by(self, error: StoreError) -> Result<Removed, StoreError> {
        if !error.is_passing() || self.count() == 0 {
            return Err(error);
        }
        tracing::warn!(error = chain(&error), "a removal stops early; the next request goes on");
        Ok(self.removed)
    }

    /// Notes that documents were removed.
    pub(super) fn note(&mut self, collection: &str, documents: usize) {
        if documents > 0 {
            *self.removed.documents.entry(collection.to_owned()).or_default() += documents as u64;
        }
    }

    /// Commits, and tries again while the store is busy and there is time.
    pub(super) async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let writes = Arc::new(writes);
        patiently_until(self.until, || self.store.commit_shared(Arc::clone(&writes))).await
    }

    /// Commits what takes from counts, not more often than the store lets a document be written.
    pub(super) async fn commit_counts(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        sleep_until(self.next).await;
        self.next = Instant::now() + self.store.commit_limits().interval;
        self.commit(writes).await
    }

    /// Removes parts before the document that leads to them, and looks again afterwards: one may have
    /// been stored between. False if there is no time for all.
    pub(super) async fn remove_page(
        &mut self,
        collection: &CollectionPath,
        page: &[Document],
    ) -> Result<bool, StoreError> {
        let with_parts = || page.iter().filter(|document| has_parts(document));
        for document in with_parts() {
            if !self.empty_parts(collection, document).await? {
                return Ok(false);
            }
        }
        if !self.delete(collection, page).await? {
            return Ok(false);
        }
        for document in with_parts() {
            self.empty_parts(collection, document).await?;
        }
        Ok(true)
    }

    async fn empty_parts(
        &mut self,
        collection: &CollectionPath,
        document: &Document,
    ) -> Result<bool, StoreError> {
        let parts = collection.document(document.id.clone()).parts();
        loop {
            let query = Query::all(parts.clone()).select(&[]).limit(PAGE);
            let page = self.store.query(&query).await?;
            if page.is_empty() {
                return Ok(true);
            }
            if !self.delete(&parts, &page).await? {
                return Ok(false);
            }
        }
    }

    /// Removes these documents in one commit; false if time is over.
    async fn delete(
        &mut self,
        collection: &CollectionPath,
        page: &[Document],
    ) -> Result<bool, StoreError> {
        if page.is_empty() {
            return Ok(true);
        }
        if self.is_late() {
            return Ok(false);
        }
        let path = |document: &Document| collection.document(document.id.clone());
        let deletes = page.iter().map(|document| Write::Delete { path: path(document) });
        self.commit(deletes.collect()).await?;
        self.note(collection.name(), page.len());
        Ok(true)
    }
}

/// Whether the document is that of a record of several parts, which are stored below it.
pub(super) fn has_parts(document: &Document) -> bool {
    document.integer(PARTS).is_some_and(|parts| parts > 1)
}
