//! Reading a whole collection, whatever its size.

use super::document::Document;
use super::port::{DocumentStore, StoreError};
use super::query::Query;
use crate::path::CollectionPath;

/// Documents read at once.
const PAGE: u32 = 500;

/// Shows every document of `collection` to `take`, by id, with only the fields of `select` where
/// that is given.
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
