//! SQLite for both embedded adapters: one writer that commits in groups, and several readers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Savepoint, Transaction, TransactionBehavior};
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};

/// Most jobs in a transaction; beyond that, waiting costs more than sharing an fsync saves.
const GROUP: usize = 1024;
/// Most connections that read at the same time.
const READERS: usize = 4;
/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a database failed.
#[derive(Clone, Debug, Error)]
pub(crate) enum SqliteError {
    /// SQLite's error. It is shared, because a failed transaction fails all its jobs.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    /// The writer has stopped, because of a shutdown.
    #[error("the database is closed")]
    Closed,
}

impl SqliteError {
    /// SQLite's code of the error, if it has one.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::Closed => None,
        }
    }
}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

type Reply = Box<dyn FnOnce(Result<(), SqliteError>) + Send>;
type Job = Box<dyn FnOnce(&mut Transaction<'_>) -> Reply + Send>;

/// A database file in WAL mode with `synchronous=FULL`: commits survive a power cut.
pub(crate) struct Database {
    path: PathBuf,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    reading: Arc<Semaphore>,
}

impl Database {
    /// Opens the file, or creates it, and runs `schema`, which must be idempotent.
    pub(crate) fn open(path: &Path, schema: &str) -> Result<Self, SqliteError> {
        let connection = connect(path)?;
        connection.execute_batch(schema)?;
        let (jobs, queue) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_groups(connection, &queue))
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(Self {
            path: path.to_owned(),
            jobs: Some(jobs),
            writer: Some(writer),
            readers: Arc::default(),
            reading: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// Runs `job` on the writer, and returns when its effects are on disk. Jobs that wait at the
    /// same time share a transaction, and so an fsync. A job that fails undoes only itself.
    pub(crate) async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqliteError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = in_savepoint(transaction, job);
            Box::new(move |committed| {
                let result = committed.map_err(E::from).and(result);
                drop(sender.send(result));
            })
        });
        let jobs = self.jobs.as_ref().ok_or(SqliteError::Closed)?;
        jobs.send(job).map_err(|_| SqliteError::Closed)?;
        receiver.await.map_err(|_| SqliteError::Closed)?
    }

    /// Runs `job` on a reader, in a blocking thread.
    pub(crate) async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqliteError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let _permit = self.reading.acquire().await.map_err(|_| SqliteError::Closed)?;
        let (path, readers) = (self.path.clone(), Arc::clone(&self.readers));
        let read = move || {
            let idle = lock(&readers).pop();
            let connection = idle.map_or_else(|| connect(&path), Ok)?;
            let result = job(&connection);
            lock(&readers).push(connection);
            result
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| SqliteError::Closed)?
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

fn lock(readers: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    readers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that only reads, to a file that another process may be writing.
pub(crate) fn look_at(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, SqliteError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Commits jobs in groups. Those that arrive during a commit are the next group: a job on its own
/// does not wait, and in a flood hundreds share an fsync.
fn write_groups(mut connection: Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let group = std::iter::once(first).chain(queue.try_iter().take(GROUP - 1));
        let mut replies = Vec::new();
        let committed = commit(&mut connection, group, &mut replies);
        for reply in replies {
            reply(committed.clone());
        }
    }
}

fn commit(
    connection: &mut Connection,
    group: impl Iterator<Item = Job>,
    replies: &mut Vec<Reply>,
) -> Result<(), SqliteError> {
    let mut transaction =
        Transaction::new(connection, TransactionBehavior::Immediate).map_err(SqliteError::from)?;
    replies.extend(group.map(|job| job(&mut transaction)));
    Ok(transaction.commit()?)
}

fn in_savepoint<T, E: From<SqliteError>>(
    transaction: &mut Transaction<'_>,
    job: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let savepoint: Savepoint<'_> = transaction.savepoint().map_err(SqliteError::from)?;
    let value = job(&savepoint)?;
    savepoint.commit().map_err(SqliteError::from)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY)";

    fn insert(n: i64) -> impl FnOnce(&Connection) -> Result<usize, SqliteError> + Send {
        move |db| Ok(db.execute("INSERT INTO t VALUES (?)", [n])?)
    }

    async fn count(database: &Database) -> i64 {
        let count = |db: &Connection| -> Result<i64, SqliteError> {
            Ok(db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
        };
        database.read(count).await.expect("a count")
    }

    #[tokio::test]
    async fn a_failed_job_undoes_only_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open(&folder.path().join("t.db"), SCHEMA).expect("a database");
        let jobs = [1, 2, 1, 3, 2].map(|n| database.write(insert(n)));
        let failed = join_all(jobs).await.iter().filter(|r| r.is_err()).count();
        assert_eq!((failed, count(&database).await), (2, 3));
    }

    #[tokio::test]
    async fn writes_are_still_there_after_reopening() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.db");
        let database = Database::open(&path, SCHEMA).expect("a database");
        database.write(insert(7)).await.expect("a write");
        drop(database);
        assert_eq!(count(&Database::open(&path, SCHEMA).expect("a database")).await, 1);
    }

    #[tokio::test]
    async fn every_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open(&folder.path().join("t.db"), SCHEMA).expect("a database");
        let level = |db: &Connection| -> Result<i64, SqliteError> {
            Ok(db.pragma_query_value(None, "synchronous", |row| row.get(0))?)
        };
        assert_eq!(database.write(level).await.expect("a level"), 2, "2 is FULL");
    }
}
