//! Brings a file of an earlier version to the present one.
//!
//! The first version kept each document as a row of JSON. Its tables are renamed, and their rows move
//! to the present tables in transactions of [`ROWS`]; whatever interrupts that, the next start goes on.

mod json;

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use self::json::decode;
use super::ids::Keys;
use super::rows::insert;
use super::schema;
use crate::path::CollectionPath;
use crate::sqlite;
use crate::store::StoreError;

/// `user_version` of a file that is as this code writes it.
const PRESENT: i64 = 2;
/// `user_version` of a file whose old tables are renamed.
const MOVING: i64 = 1;
/// Rows that move in one transaction.
const ROWS: usize = 2_000;
/// How often the progress is told.
const TELL: Duration = Duration::from_secs(2);

/// Creates the file if it is missing, and brings it to the present version.
pub(super) fn run(file: &Path) -> Result<(), StoreError> {
    let mut db = sqlite::connect(file)?;
    match version(&db)? {
        0 if is_old(&db)? => rename(&mut db)?,
        0 => return create(&mut db),
        MOVING => {}
        PRESENT => return Ok(()),
        later => {
            return Err(StoreError::Deployment(
                format!("the file is of version {later}, which only a later release can read")
                    .into(),
            ));
        }
    }
    move_all(&mut db)
}

/// Refuses a file that is not of the present version.
pub(super) fn check(db: &Connection) -> Result<(), StoreError> {
    if version(db)? == PRESENT {
        return Ok(());
    }
    Err(StoreError::Deployment("the file is of another version: start the server once".into()))
}

fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn create(db: &mut Connection) -> Result<(), StoreError> {
    let transaction = begin(db)?;
    transaction.execute_batch(&schema::statements())?;
    transaction.pragma_update(None, "user_version", PRESENT)?;
    Ok(transaction.commit()?)
}

fn begin(db: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    Ok(db.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

fn is_old(db: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table')";
    Ok(db.query_row(sql, [], |row| row.get(0))?)
}

/// Old indexes would keep their names, so they go.
fn rename(db: &mut Connection) -> Result<(), StoreError> {
    let transaction = begin(db)?;
    for name in names(&transaction, "index", "%")? {
        transaction.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    for name in names(&transaction, "table", "%")? {
        transaction.execute_batch(&format!("ALTER TABLE {name} RENAME TO {OLD}{name}"))?;
    }
    transaction.execute_batch(&schema::statements())?;
    transaction.pragma_update(None, "user_version", MOVING)?;
    Ok(transaction.commit()?)
}

/// How the names of renamed tables begin.
const OLD: &str = "old_";

/// The names of what statements created. SQLite's own begin with its name.
fn names(db: &Connection, kind: &str, like: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT name FROM sqlite_schema
        WHERE type = ? AND name LIKE ? AND name NOT LIKE 'sqlite%' ORDER BY name";
    let mut statement = db.prepare(sql)?;
    let names = statement.query_map([kind, like], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn move_all(db: &mut Connection) -> Result<(), StoreError> {
    let old = names(db, "table", "old%")?;
    let old: Vec<_> = old.iter().filter_map(|name| name.strip_prefix(OLD)).collect();
    let mut progress = Progress::default();
    for table in old {
        while move_some(db, table, ROWS, &mut progress)? {}
    }
    let transaction = begin(db)?;
    for name in names(&transaction, "table", "old%")? {
        transaction.execute_batch(&format!("DROP TABLE {name}"))?;
    }
    transaction.pragma_update(None, "user_version", PRESENT)?;
    transaction.commit()?;
    progress.done();
    Ok(())
}

/// Moves at most `most` rows. False if there was nothing to move.
fn move_some(
    db: &mut Connection,
    table: &str,
    most: usize,
    progress: &mut Progress,
) -> Result<bool, StoreError> {
    let transaction = begin(db)?;
    let rows = rows(&transaction, table, most)?;
    let (mut keys, last) = (Keys::default(), rows.last().map(|row| row.number));
    for row in &rows {
        let collection = CollectionPath::stored(row.collection.clone());
        let key = keys.of(&transaction, &collection)?;
        insert(&transaction, &key, &collection.document(row.id.clone()), &decode(&row.fields)?)?;
    }
    transaction.execute(&format!("DELETE FROM {OLD}{table} WHERE rowid <= ?"), [last])?;
    transaction.commit()?;
    progress.add(rows.len());
    Ok(!rows.is_empty())
}

/// A row of the first version.
struct OldRow {
    number: i64,
    collection: String,
    id: String,
    fields: String,
}

fn rows(db: &Connection, table: &str, most: usize) -> Result<Vec<OldRow>, StoreError> {
    let sql = format!(
        "SELECT rowid, collection, id, fields FROM {OLD}{table} ORDER BY rowid LIMIT {most}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| {
        let (number, collection) = (row.get(0)?, row.get(1)?);
        Ok(OldRow { number, collection, id: row.get(2)?, fields: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Tells how many documents have moved.
#[derive(Default)]
struct Progress {
    moved: usize,
    told: Option<Instant>,
}

impl Progress {
    fn add(&mut self, moved: usize) {
        self.moved += moved;
        if self.told.is_none_or(|told| told.elapsed() >= TELL) {
            self.told = Some(Instant::now());
            tracing::info!(moved = self.moved, "rewriting documents.db for this version");
        }
    }

    fn done(&self) {
        tracing::info!(moved = self.moved, "documents.db is rewritten for this version");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tempfile::TempDir;

    use super::super::rows::get;
    use super::*;
    use crate::path::DocumentPath;
    use crate::store::Fields;
    use crate::store::embedded::{EmbeddedStore, Snapshot};

    /// A folder with the documents that the first version left.
    fn folder() -> (TempDir, BTreeMap<DocumentPath, Fields>) {
        let folder = tempfile::tempdir().expect("a folder");
        let left = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/version-1/documents.db");
        std::fs::copy(left, file(&folder)).expect("copied");
        let documents = old_documents(&Connection::open(file(&folder)).expect("a file"));
        assert!(documents.len() > 40, "{}", documents.len());
        (folder, documents)
    }

    fn file(folder: &TempDir) -> std::path::PathBuf {
        folder.path().join(crate::data_folder::DOCUMENTS)
    }

    fn old_documents(db: &Connection) -> BTreeMap<DocumentPath, Fields> {
        let mut documents = BTreeMap::new();
        for table in names(db, "table", "%").expect("the tables") {
            let sql = format!("SELECT collection, id, fields FROM {table}");
            let mut statement = db.prepare(&sql).expect("a statement");
            let mut rows = statement.query([]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                let collection = CollectionPath::stored(row.get(0).expect("a path"));
                let path = collection.document(row.get(1).expect("an id"));
                let fields: String = row.get(2).expect("fields");
                documents.insert(path, decode(&fields).expect("a document"));
            }
        }
        documents
    }

    fn assert_holds(folder: &TempDir, documents: &BTreeMap<DocumentPath, Fields>) {
        let db = sqlite::look_at(&file(folder)).expect("a connection");
        for (path, fields) in documents {
            let found = get(&db, path).expect("read").map(|document| document.fields);
            assert_eq!(found.as_ref(), Some(fields), "{path}");
        }
        let count = |name: &String| -> u32 {
            let sql = format!("SELECT count(*) FROM {name}");
            db.query_row(&sql, [], |row| row.get(0)).expect("a count")
        };
        let tables = names(&db, "table", "%").expect("the tables");
        let rows: u32 = tables.iter().filter(|name| *name != "collections").map(count).sum();
        assert_eq!((rows as usize, version(&db).expect("a version")), (documents.len(), PRESENT));
        assert!(!tables.iter().any(|name| name.starts_with(OLD)), "{tables:?}");
    }

    #[test]
    fn every_document_of_the_first_version_is_kept() {
        let (folder, documents) = folder();
        for _ in 0..2 {
            drop(EmbeddedStore::open(folder.path()).expect("a store"));
            assert_holds(&folder, &documents);
        }
    }

    #[test]
    fn a_start_goes_on_where_the_last_one_was_interrupted() {
        let (folder, documents) = folder();
        let mut db = sqlite::connect(&file(&folder)).expect("a connection");
        rename(&mut db).expect("renamed");
        for table in ["events", "rollups"] {
            assert!(move_some(&mut db, table, 2, &mut Progress::default()).expect("moved"));
        }
        drop(db);
        assert!(Snapshot::open(folder.path()).is_err(), "half of the documents would be missing");
        drop(EmbeddedStore::open(folder.path()).expect("a store"));
        assert_holds(&folder, &documents);
    }

    #[test]
    fn a_file_of_a_later_version_is_refused_and_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(EmbeddedStore::open(folder.path()).expect("a store"));
        let db = Connection::open(file(&folder)).expect("a file");
        db.pragma_update(None, "user_version", PRESENT + 1).expect("written");
        assert!(matches!(EmbeddedStore::open(folder.path()), Err(StoreError::Deployment(_))));
        assert_eq!(version(&db).expect("a version"), PRESENT + 1);
    }
}
