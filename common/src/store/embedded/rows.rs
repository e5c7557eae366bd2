//! Reads and writes single documents. Each is a row.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::encode::{decode, encode};
use crate::path::DocumentPath;
use crate::store::{Document, Fields, StoreError, check, size};

pub(super) fn insert(
    db: &Connection,
    path: &DocumentPath,
    fields: &Fields,
) -> Result<(), StoreError> {
    let sql = format!("INSERT INTO {} (collection, id, fields) VALUES (?, ?, ?)", table(path));
    let row = params![path.collection().as_str(), path.id(), encode(fields)];
    db.prepare_cached(&sql)?.execute(row)?;
    Ok(())
}

pub(super) fn merge(
    db: &Connection,
    path: &DocumentPath,
    change: impl FnOnce(&mut Fields),
) -> Result<(), StoreError> {
    let mut fields = get(db, path)?.map(|document| document.fields).unwrap_or_default();
    change(&mut fields);
    check::size(path, path.to_string().len() + size(&fields))?;
    let sql = format!(
        "INSERT INTO {} (collection, id, fields) VALUES (?, ?, ?)
         ON CONFLICT (collection, id) DO UPDATE SET fields = excluded.fields",
        table(path)
    );
    let row = params![path.collection().as_str(), path.id(), encode(&fields)];
    db.prepare_cached(&sql)?.execute(row)?;
    Ok(())
}

pub(super) fn delete(db: &Connection, path: &DocumentPath) -> Result<(), StoreError> {
    let sql = format!("DELETE FROM {} WHERE collection = ? AND id = ?", table(path));
    db.prepare_cached(&sql)?.execute([path.collection().as_str(), path.id()])?;
    Ok(())
}

pub(super) fn get(db: &Connection, path: &DocumentPath) -> Result<Option<Document>, StoreError> {
    let sql = format!("SELECT fields FROM {} WHERE collection = ? AND id = ?", table(path));
    let row = [path.collection().as_str(), path.id()];
    let text: Option<String> =
        db.prepare_cached(&sql)?.query_row(row, |row| row.get(0)).optional()?;
    text.map(|text| Ok(Document { id: path.id().to_owned(), fields: decode(&text)? })).transpose()
}

/// Collections with the same id share a table.
fn table(path: &DocumentPath) -> &str {
    path.collection().name()
}
