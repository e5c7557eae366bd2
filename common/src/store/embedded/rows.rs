//! Reads and writes single documents. Each is a row.

use rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, ToSql};

use super::encode::{decode, encode};
use super::ids::{self, CollectionKey, Id};
use super::layout::{self, Column, Kind, Layout};
use crate::path::DocumentPath;
use crate::store::{Document, Fields, StoreError, Value};

/// The value of a column.
enum Cell<'a> {
    /// The field is missing, or its value has another type.
    Absent,
    /// The same, in a column that must have a value: an empty blob, which equals nothing.
    AbsentInKey,
    Text(&'a str),
    Number(i64),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Absent => ToSqlOutput::Owned(Sql::Null),
            Self::AbsentInKey => ToSqlOutput::Borrowed(ValueRef::Blob(&[])),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Number(number) => ToSqlOutput::Owned(Sql::Integer(*number)),
        })
    }
}

impl<'a> Cell<'a> {
    fn of(value: Option<&'a Value>, kind: Kind, in_key: bool) -> Self {
        match value.filter(|value| kind.holds(value)) {
            Some(Value::Text(text)) => Self::Text(text),
            Some(Value::Integer(number)) => Self::Number(*number),
            Some(Value::Timestamp(at)) => Self::Number(at.timestamp_micros()),
            _ if in_key => Self::AbsentInKey,
            _ => Self::Absent,
        }
    }
}

/// Creates the document; fails if it exists.
pub(super) fn insert(
    db: &Connection,
    collection: &CollectionKey,
    path: &DocumentPath,
    fields: &Fields,
) -> Result<(), StoreError> {
    let layout = layout_of(path);
    let mut statement = db.prepare_cached(&layout.sql.insert)?;
    write(&mut statement, layout, (collection, path.id()), fields)
}

/// Writes the document, whether or not it exists.
pub(super) fn replace(
    db: &Connection,
    collection: &CollectionKey,
    path: &DocumentPath,
    fields: &Fields,
) -> Result<(), StoreError> {
    let layout = layout_of(path);
    let mut statement = db.prepare_cached(&layout.sql.replace)?;
    write(&mut statement, layout, (collection, path.id()), fields)
}

fn write(
    statement: &mut CachedStatement<'_>,
    layout: &Layout,
    (collection, id): (&CollectionKey, &str),
    fields: &Fields,
) -> Result<(), StoreError> {
    statement.raw_bind_parameter(1, collection)?;
    statement.raw_bind_parameter(2, Id::of(layout, id))?;
    bind(statement, layout, &layout.columns, fields)?;
    statement.raw_bind_parameter(layout.columns.len() + 3, rest(layout, fields))?;
    statement.raw_execute()?;
    Ok(())
}

fn bind(
    statement: &mut CachedStatement<'_>,
    layout: &Layout,
    columns: &[Column],
    fields: &Fields,
) -> Result<(), StoreError> {
    for (at, column) in columns.iter().enumerate() {
        let cell = Cell::of(fields.get(column.field), column.kind, at < layout.clustered);
        statement.raw_bind_parameter(at + 3, cell)?;
    }
    Ok(())
}

/// The fields that no column holds, encoded; `None` if every field has a column.
fn rest(layout: &Layout, fields: &Fields) -> Option<Vec<u8>> {
    let in_column = |(name, value): &(&String, &Value)| {
        layout.column(name).is_some_and(|(_, column)| column.kind.holds(value))
    };
    let mut rest = fields.iter().filter(|field| !in_column(field)).peekable();
    rest.peek().is_some().then(|| encode(rest))
}

/// Adds to the count that `fields` identify. False if there is no such row.
pub(super) fn add(
    db: &Connection,
    collection: &CollectionKey,
    path: &DocumentPath,
    (fields, amount): (&Fields, i64),
) -> Result<bool, StoreError> {
    let layout = layout_of(path);
    let mut statement = db.prepare_cached(&layout.sql.add)?;
    statement.raw_bind_parameter(1, collection)?;
    statement.raw_bind_parameter(2, Id::of(layout, path.id()))?;
    bind(&mut statement, layout, &layout.columns[..layout.identity], fields)?;
    statement.raw_bind_parameter(layout.identity + 3, amount)?;
    Ok(statement.raw_execute()? == 1)
}

/// Deletes the document, if it exists.
pub(super) fn delete(
    db: &Connection,
    collection: &CollectionKey,
    path: &DocumentPath,
) -> Result<(), StoreError> {
    let layout = layout_of(path);
    let id = Id::of(layout, path.id());
    db.prepare_cached(&layout.sql.delete)?.execute((collection, id))?;
    Ok(())
}

/// Reads the document.
pub(super) fn get(db: &Connection, path: &DocumentPath) -> Result<Option<Document>, StoreError> {
    match ids::find(db, path.collection())? {
        Some(collection) => get_in(db, &collection, path),
        None => Ok(None),
    }
}

/// Reads the document of a collection with this key.
pub(super) fn get_in(
    db: &Connection,
    collection: &CollectionKey,
    path: &DocumentPath,
) -> Result<Option<Document>, StoreError> {
    let layout = layout_of(path);
    let id = Id::of(layout, path.id());
    let mut statement = db.prepare_cached(&layout.sql.get)?;
    let read = |row: &Row<'_>| Ok(document(layout, row));
    statement.query_row((collection, id), read).optional()?.transpose()
}

/// The document in a row of an id, all columns and `rest`.
pub(super) fn document(layout: &Layout, row: &Row<'_>) -> Result<Document, StoreError> {
    let mut fields = match row.get_ref(layout.columns.len() + 1)? {
        ValueRef::Null => Fields::new(),
        rest => decode(rest.as_blob().map_err(rusqlite::Error::from)?)?,
    };
    for (at, column) in layout.columns.iter().enumerate() {
        if let Some(value) = value(column.kind, row.get_ref(at + 1)?)? {
            fields.insert(column.field.to_owned(), value);
        }
    }
    Ok(Document { id: ids::read(row.get_ref(0)?)?, fields, version: None })
}

/// The value of a column; `None` for an absent one.
fn value(kind: Kind, cell: ValueRef<'_>) -> Result<Option<Value>, StoreError> {
    Ok(match (kind, cell) {
        (_, ValueRef::Null | ValueRef::Blob(&[])) => None,
        (Kind::Text, text) => Some(text.as_str().map_err(rusqlite::Error::from)?.into()),
        (Kind::Integer, number) => Some(number.as_i64().map_err(rusqlite::Error::from)?.into()),
        (Kind::Timestamp, micros) => {
            let micros = micros.as_i64().map_err(rusqlite::Error::from)?;
            chrono::DateTime::from_timestamp_micros(micros).map(Value::from)
        }
    })
}

fn layout_of(path: &DocumentPath) -> &'static Layout {
    layout::of(path.collection().name())
}
