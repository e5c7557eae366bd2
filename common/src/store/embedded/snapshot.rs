//! A snapshot of all documents, while another process goes on writing.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;

use super::rows::get;
use super::{migration, select, tenants};
use crate::data_folder::DOCUMENTS;
use crate::path::DocumentPath;
use crate::sqlite;
use crate::store::{Aggregation, CommitLimits, Document, DocumentStore, Query, StoreError, Write};
use crate::tenant::TenantId;

/// One read transaction, which refuses writes. While it is open, SQLite's log grows with the writes
/// of others.
pub struct Snapshot {
    connection: Mutex<Connection>,
}

impl Snapshot {
    /// Takes a snapshot of the documents in `folder`.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let connection = sqlite::look_at(&folder.join(DOCUMENTS))?;
        migration::check(&connection)?;
        // SQLite begins the transaction with the first read.
        connection.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1;")?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// All tenants that have a document.
    pub fn tenants(&self) -> Result<BTreeSet<TenantId>, StoreError> {
        tenants::all(&self.db())
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl DocumentStore for Snapshot {
    async fn commit(&self, _: Vec<Write>) -> Result<(), StoreError> {
        Err(StoreError::Invalid("a snapshot cannot be written to".into()))
    }

    fn commit_limits(&self) -> CommitLimits {
        CommitLimits::ONE_AT_A_TIME
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        let db = self.db();
        paths.iter().map(|path| get(&db, path)).collect()
    }

    async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        select::documents(&self.db(), query)
    }

    async fn aggregate(
        &self,
        query: &Query,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError> {
        select::figures(&self.db(), query, aggregations)
    }

    async fn tenants(&self, most: usize) -> Result<Vec<TenantId>, StoreError> {
        Ok(tenants::all(&self.db())?.into_iter().take(most).collect())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
