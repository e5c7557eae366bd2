//! Ids and collections as SQLite values: a hash as its bytes, which take half the room, and a
//! collection as a number.

use std::collections::HashMap;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, ToSql};

use super::layout::Layout;
use crate::hash;
use crate::path::{CollectionPath, PARTS};
use crate::sqlite::SqliteError;

/// The bytes of a hash.
const HASH_BYTES: usize = 32;

/// An id as it is stored: the bytes of a hash, or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Id<'a> {
    Hash(Vec<u8>),
    Text(&'a str),
}

impl<'a> Id<'a> {
    /// The id of a row of this table.
    pub(super) fn of(layout: &Layout, id: &'a str) -> Self {
        let is_hash = layout.hashed && id.len() == 2 * HASH_BYTES;
        let hash = Some(id).filter(|_| is_hash).and_then(hash::bytes_of);
        hash.map_or(Self::Text(id), Self::Hash)
    }
}

impl ToSql for Id<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Hash(bytes) => ValueRef::Blob(bytes),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// The id that was stored.
pub(super) fn read(id: ValueRef<'_>) -> rusqlite::Result<String> {
    match id {
        ValueRef::Blob(bytes) => Ok(hash::hexadecimal(bytes)),
        text => Ok(text.as_str()?.to_owned()),
    }
}

/// A collection as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CollectionKey {
    Number(i64),
    Path(CollectionPath),
}

impl ToSql for CollectionKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Number(number) => number.to_sql(),
            Self::Path(path) => path.as_str().to_sql(),
        }
    }
}

/// The key of a collection; `None` if nothing was ever stored in it.
pub(super) fn find(
    db: &Connection,
    path: &CollectionPath,
) -> Result<Option<CollectionKey>, SqliteError> {
    if path.name() == PARTS {
        return Ok(Some(CollectionKey::Path(path.clone())));
    }
    let number = select(db)?.query_row([path.as_str()], |row| row.get(0)).optional()?;
    Ok(number.map(CollectionKey::Number))
}

/// The keys of the collections that one commit writes to. They live no longer than the commit: a
/// number that it gave away is void if the commit is undone.
#[derive(Default)]
pub(super) struct Keys {
    known: HashMap<CollectionPath, CollectionKey>,
}

impl Keys {
    /// The key of a collection, which is made if it is missing.
    pub(super) fn of(
        &mut self,
        db: &Connection,
        path: &CollectionPath,
    ) -> Result<CollectionKey, SqliteError> {
        if let Some(known) = self.known.get(path) {
            return Ok(known.clone());
        }
        let key = match find(db, path)? {
            Some(key) => key,
            None => make(db, path)?,
        };
        self.known.insert(path.clone(), key.clone());
        Ok(key)
    }
}

fn make(db: &Connection, path: &CollectionPath) -> Result<CollectionKey, SqliteError> {
    let insert = "INSERT INTO collections (path) VALUES (?)";
    db.prepare_cached(insert)?.execute([path.as_str()])?;
    Ok(CollectionKey::Number(db.last_insert_rowid()))
}

fn select(db: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    db.prepare_cached("SELECT number FROM collections WHERE path = ?")
}
