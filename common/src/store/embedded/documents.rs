//! The store of the process that serves a data folder.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::Connection;

use super::rows::{delete, get, insert, merge};
use super::{schema, select, tenants};
use crate::data_folder::DOCUMENTS;
use crate::path::DocumentPath;
use crate::sqlite::Database;
use crate::store::{
    Aggregation, CommitLimits, Document, DocumentStore, Fields, Query, StoreError, Value, Write,
    check,
};
use crate::tenant::TenantId;

/// The documents in a data folder.
pub struct EmbeddedStore {
    database: Database,
}

impl EmbeddedStore {
    /// Opens the store in `folder`, and creates the store (not the folder) if it is missing.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let schema = schema::statements().map_err(|error| StoreError::Deployment(error.into()))?;
        let database = Database::open(&folder.join(DOCUMENTS), &schema)?;
        Ok(Self { database })
    }
}

#[async_trait]
impl DocumentStore for EmbeddedStore {
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        check::writes(&writes)?;
        self.database.write(move |db| writes.iter().try_for_each(|write| apply(db, write))).await
    }

    fn commit_limits(&self) -> CommitLimits {
        CommitLimits::ONE_AT_A_TIME
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

fn set(document: &mut Fields, fields: &Fields) {
    document.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
}
