//! Reading a stored record: get its document, join its parts, render it as JSON.

use common::path::DocumentPath;
use common::store::{Document, DocumentStore, Query, StoreError};
use serde_json::{Map, Value, json};

use crate::problem::{Problem, ProblemCode};
use crate::render;

/// How many parts are read at once: some 10 MB of text at the most.
const AT_ONCE: u32 = 300;

/// The document at `path`, or 404 with `detail`.
pub(crate) async fn get(
    store: &dyn DocumentStore,
    path: &DocumentPath,
    detail: &str,
) -> Result<Document, Problem> {
    let found = store.get_many(std::slice::from_ref(path)).await?.pop().flatten();
    found.ok_or_else(|| Problem::new(ProblemCode::NotFound, detail))
}

/// Passes each part of the record at `path` to `join`, in order.
pub(crate) async fn for_each_part(
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

/// The document as JSON, with its tenant and its id under the name `id`.
pub(crate) fn render(tenant: &str, id: &str, document: Document) -> Value {
    let mut body = Map::from_iter([
        ("tenant_id".to_owned(), json!(tenant)),
        (id.to_owned(), json!(document.id)),
    ]);
    body.extend(render::fields(document.fields));
    Value::Object(body)
}
