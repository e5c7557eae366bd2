//! The parts of a record that was cut, in order.

use common::path::DocumentPath;
use common::store::{Document, DocumentStore, Query, StoreError};

/// Parts read at once: some 10 MB of text at the most.
const AT_ONCE: u32 = 300;

/// Hands each part of the record at `path` to `join`, first part first.
pub(crate) async fn for_each(
    store: &dyn DocumentStore,
    path: &DocumentPath,
    mut join: impl FnMut(&Document),
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let query = Query::all(path.parts()).limit(AT_ONCE).after(after);
        let parts = store.query(&query).await?;
        parts.iter().for_each(&mut join);
        match parts.last() {
            Some(last) if parts.len() == AT_ONCE as usize => after = Some(last.id.clone()),
            _ => return Ok(()),
        }
    }
}
