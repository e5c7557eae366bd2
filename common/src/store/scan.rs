//! Reads a whole collection, page by page.

use super::document::Document;
use super::port::{DocumentStore, StoreError};
use super::query::Query;
use crate::path::CollectionPath;

/// Documents in a page.
const PAGE: u32 = 500;

/// Calls `take` with every document of `collection` in the order of ids, with all fields or only
/// those in `select`.
pub async fn scan(
    store: &dyn DocumentStore,
    collection: &CollectionPath,
    select: Option<&'static [&'static str]>,
    mut take: impl FnMut(&Document) + Send,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let query = Query::all(collection.clone()).limit(PAGE).after(after);
        let page = store.query(&Query { select, ..query }).await?;
        page.iter().for_each(&mut take);
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.id.clone()),
            _ => return Ok(()),
        }
    }
}
