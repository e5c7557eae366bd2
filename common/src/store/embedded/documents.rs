//! The store of the process that serves a data folder.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::ids::{CollectionKey, Keys};
use super::layout::{self, COUNT, LARGE};
use super::rows::{add, delete, get, get_in, insert, replace};
use super::{expiry, migration, select, tenants};
use crate::data_folder::DOCUMENTS;
use crate::path::DocumentPath;
use crate::sqlite::Database;
use crate::store::{
    Aggregation, Amounts, CommitLimits, Document, DocumentStore, Fields, Query, StoreError, Value,
    Write, check, size,
};
use crate::tenant::TenantId;

/// One disk takes one commit at a time, and larger ones cost less for each record. These end within some
/// ten milliseconds.
const LIMITS: CommitLimits =
    CommitLimits { units: 1_024, documents: 4_000, ..CommitLimits::ONE_AT_A_TIME };

/// The documents in a data folder.
pub struct EmbeddedStore {
    database: Database,
}

impl EmbeddedStore {
    /// Opens the store in `folder`, and creates the store (not the folder) if it is missing. A store
    /// of an earlier version is rewritten first, which takes some seconds for each 100 MB.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join(DOCUMENTS);
        migration::run(&file)?;
        Ok(Self { database: Database::open(&file, "")? })
    }

    /// Removes up to `most` documents of each kind that expired before `now`. Returns how many.
    pub async fn remove_expired(
        &self,
        now: DateTime<Utc>,
        most: usize,
    ) -> Result<usize, StoreError> {
        self.database.write(move |db| expiry::remove(db, now, most)).await
    }
}

#[async_trait]
impl DocumentStore for EmbeddedStore {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.commit_shared(Arc::new(writes)).await
    }

    async fn commit_shared(&self, writes: Arc<Vec<Write>>) -> Result<(), StoreError> {
        check::writes(&writes)?;
        self.database.write(move |db| apply_all(db, &writes)).await
    }

    fn commit_limits(&self) -> CommitLimits {
        LIMITS
    }

    fn reads_in_place(&self) -> bool {
        true
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        let paths = paths.to_vec();
        self.database.read(move |db| paths.iter().map(|path| get(db, path)).collect()).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        check::query(query)?;
        let query = query.clone();
        self.database.read(move |db| select::documents(db, &query)).await
    }

    async fn aggregate(
        &self,
        query: &Query,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError> {
        check::query(query)?;
        let (query, aggregations) = (query.clone(), aggregations.to_vec());
        self.database.read(move |db| select::figures(db, &query, &aggregations)).await
    }

    async fn tenants(&self, most: usize) -> Result<Vec<TenantId>, StoreError> {
        let all = self.database.read(tenants::all).await?;
        Ok(all.into_iter().take(most).collect())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.database.try_to_write().await
    }
}

fn apply_all(db: &Connection, writes: &[Write]) -> Result<(), StoreError> {
    let mut keys = Keys::default();
    for write in writes {
        let collection = keys.of(db, write.path().collection())?;
        apply(db, &collection, write)?;
    }
    Ok(())
}

fn apply(db: &Connection, collection: &CollectionKey, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::Create { path, fields } => insert(db, collection, path, fields),
        Write::Upsert { path, fields } => {
            merge(db, collection, path, |document| set(document, fields))
        }
        Write::Increment { path, fields, by } => increment(db, collection, path, (fields, by)),
        Write::Delete { path } => delete(db, collection, path),
        Write::DeleteFound { path, found } => delete_found(db, collection, path, found),
    }
}

/// Deletes the document if each field that was read is as it was.
fn delete_found(
    db: &Connection,
    collection: &CollectionKey,
    path: &DocumentPath,
    found: &Document,
) -> Result<(), StoreError> {
    let stored = get_in(db, collection, path)?.ok_or(StoreError::Changed)?;
    let is_same = found.fields.iter().all(|(name, value)| stored.fields.get(name) == Some(value));
    if is_same { delete(db, collection, path) } else { Err(StoreError::Changed) }
}

/// Nearly all increments add to the count of a rollup that exists and stays otherwise as it is.
fn increment(
    db: &Connection,
    collection: &CollectionKey,
    path: &DocumentPath,
    (fields, by): (&Fields, &Amounts),
) -> Result<(), StoreError> {
    if let Some(amount) = count_alone(by)
        && layout::of(path.collection().name()).identifies(fields)
        && add(db, collection, path, (fields, amount))?
    {
        return Ok(());
    }
    merge(db, collection, path, |document| {
        set(document, fields);
        for (name, amount) in by {
            let sum = document.get(&**name).and_then(Value::as_integer).unwrap_or(0);
            document.insert(name.to_string(), Value::Integer(sum.saturating_add(*amount)));
        }
    })
}

/// The amount, if a count and nothing else is added to.
fn count_alone(by: &Amounts) -> Option<i64> {
    let amount = *by.get(COUNT).filter(|_| by.len() == 1)?;
    (amount.unsigned_abs() < LARGE.unsigned_abs()).then_some(amount)
}

/// Changes the document, and writes it if that makes a difference.
fn merge(
    db: &Connection,
    collection: &CollectionKey,
    path: &DocumentPath,
    change: impl FnOnce(&mut Fields),
) -> Result<(), StoreError> {
    let before = get_in(db, collection, path)?.map(|document| document.fields);
    let mut fields = before.clone().unwrap_or_default();
    change(&mut fields);
    if before.as_ref() == Some(&fields) {
        return Ok(());
    }
    check::size(path, path.size() + size(&fields))?;
    match before {
        Some(_) => replace(db, collection, path, &fields),
        None => insert(db, collection, path, &fields),
    }
}

fn set(document: &mut Fields, fields: &Fields) {
    document.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
}
