//! The embedded document store: documents as JSON in one SQLite file, `documents.db`.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

use self::encode::{decode, encode};
use super::{Aggregation, Document, DocumentStore, Fields, Query, StoreError, Value, Write, check};
use crate::path::DocumentPath;
use crate::sqlite::{Database, SqliteError};

mod encode;
mod schema;
mod select;
mod snapshot;

pub use self::snapshot::Snapshot;

/// Documents in `DATA_DIR/documents.db`.
pub struct EmbeddedStore {
    database: Database,
}

impl EmbeddedStore {
    /// Opens the store in `folder`, which exists, and makes it where it is missing.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let schema = schema::statements().map_err(|error| StoreError::Deployment(error.into()))?;
        let database = Database::open(&folder.join("documents.db"), &schema)?;
        Ok(Self { database })
    }
}

#[async_trait]
impl DocumentStore for EmbeddedStore {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        check::commit(&writes)?;
        self.database.write(move |db| writes.iter().try_for_each(|write| apply(db, write))).await
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        let paths = paths.to_vec();
        self.database.read(move |db| paths.iter().map(|path| get(db, path)).collect()).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        let query = query.clone();
        self.database.read(move |db| select::documents(db, &query)).await
    }

    async fn aggregate(
        &self,
        query: &Query,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError> {
        let (query, aggregations) = (query.clone(), aggregations.to_vec());
        self.database.read(move |db| select::figures(db, &query, &aggregations)).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.database.read(|db| Ok(db.query_row("SELECT 1", [], |_| Ok(()))?)).await
    }
}

fn apply(db: &Connection, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::Create { path, fields } => insert(db, path, fields),
        Write::Upsert { path, fields } => merge(db, path, |document| set(document, fields)),
        Write::Increment { path, fields, by } => merge(db, path, |document| {
            set(document, fields);
            for (name, amount) in by {
                let sum = document.get(name).and_then(Value::as_integer).unwrap_or(0);
                document.insert(name.clone(), Value::Integer(sum.saturating_add(*amount)));
            }
        }),
        Write::Delete { path } => delete(db, path),
    }
}

fn insert(db: &Connection, path: &DocumentPath, fields: &Fields) -> Result<(), StoreError> {
    let sql = format!("INSERT INTO {} (collection, id, fields) VALUES (?, ?, ?)", table(path));
    let row = params![path.collection().as_str(), path.id(), encode(fields)];
    db.prepare_cached(&sql)?.execute(row)?;
    Ok(())
}

fn merge(
    db: &Connection,
    path: &DocumentPath,
    change: impl FnOnce(&mut Fields),
) -> Result<(), StoreError> {
    let mut fields = get(db, path)?.map(|document| document.fields).unwrap_or_default();
    change(&mut fields);
    check::document(path, &fields)?;
    let sql = format!(
        "INSERT INTO {} (collection, id, fields) VALUES (?, ?, ?)
         ON CONFLICT (collection, id) DO UPDATE SET fields = excluded.fields",
        table(path)
    );
    let row = params![path.collection().as_str(), path.id(), encode(&fields)];
    db.prepare_cached(&sql)?.execute(row)?;
    Ok(())
}

fn set(document: &mut Fields, fields: &Fields) {
    document.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
}

fn delete(db: &Connection, path: &DocumentPath) -> Result<(), StoreError> {
    let sql = format!("DELETE FROM {} WHERE collection = ? AND id = ?", table(path));
    db.prepare_cached(&sql)?.execute([path.collection().as_str(), path.id()])?;
    Ok(())
}

fn get(db: &Connection, path: &DocumentPath) -> Result<Option<Document>, StoreError> {
    let sql = format!("SELECT fields FROM {} WHERE collection = ? AND id = ?", table(path));
    let row = [path.collection().as_str(), path.id()];
    let text: Option<String> =
        db.prepare_cached(&sql)?.query_row(row, |row| row.get(0)).optional()?;
    text.map(|text| Ok(Document { id: path.id().to_owned(), fields: decode(&text)? })).transpose()
}

/// Collections of the same name share a table.
fn table(path: &DocumentPath) -> &str {
    path.collection().name()
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        match error.code() {
            Some(ErrorCode::ConstraintViolation) => Self::AlreadyExists,
            Some(ErrorCode::TooBig | ErrorCode::TypeMismatch) => Self::Invalid(error.into()),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::OperationInterrupted
                | ErrorCode::OutOfMemory
                | ErrorCode::SystemIoFailure,
            ) => Self::Passing(error.into()),
            None if matches!(error, SqliteError::Closed) => Self::Passing(error.into()),
            _ => Self::Deployment(error.into()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        SqliteError::from(error).into()
    }
}
