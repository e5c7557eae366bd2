//! SQLite for both embedded adapters: one writer that commits in groups, and several readers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};

use self::truncation::Truncation;

mod truncation;

/// Most jobs in a transaction; beyond that, waiting costs more than sharing an fsync saves.
const GROUP: usize = 1024;
/// The longest that a write waits for others that it can share an fsync with, if it has no hurry.
const SOON: Duration = Duration::from_millis(3);
/// A number in the file's header that nothing here reads.
const VERSION: &str = "user_version";
/// Most connections that read at the same time.
const READERS: usize = 4;
/// Pages of 4 KiB in SQLite's log after which they are copied to the file: 16 MB. A page that many
/// commits change is copied once, and the commit that copies stays short.
const CHECKPOINT_PAGES: i64 = 4_000;
/// Most memory for the pages of one connection.
const CACHE_KIB: i64 = 16 << 10;
/// How long a statement waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a database failed.
#[derive(Clone, Debug, Error)]
pub(crate) enum SqliteError {
    /// SQLite's error. It is shared, because a failed transaction fails all its jobs.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    /// SQLite undid the whole transaction when a statement of some job failed.
    #[error("SQLite undid the transaction, as it does when the disk is full or fails")]
    Undone,
    /// The writer has stopped, because of a shutdown.
    #[error("the database is closed")]
    Closed,
}

impl SqliteError {
    /// SQLite's code of the error, if it has one.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::Undone | Self::Closed => None,
        }
    }
}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

type Reply = Box<dyn FnOnce(Result<(), SqliteError>) + Send>;
/// Runs in the transaction, if it could begin.
type Run = Box<dyn FnOnce(Result<Place<'_>, SqliteError>) -> Done + Send>;

/// Something to write.
struct Job {
    run: Run,
    when: When,
}

/// When something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// As soon as the writer has time.
    Now,
    /// With what else is written within [`SOON`], or else alone.
    Soon,
}

/// A job that has run.
struct Done {
    failed: bool,
    reply: Reply,
}

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
        self.write_when(When::Now, job).await
    }

    /// The same for something that has no hurry: it waits a moment for other writes.
    pub(crate) async fn write_soon<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqliteError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.write_when(When::Soon, job).await
    }

    async fn write_when<T, E, F>(&self, when: When, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqliteError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.enqueue(when, job, |result| drop(sender.send(result)));
        receiver.await.map_err(|_| SqliteError::Closed)?
    }

    /// The same without waiting: `reply` is called on the writer with the result.
    pub(crate) fn enqueue<T, E, F, R>(&self, when: When, job: F, reply: R)
    where
        T: Send + 'static,
        E: From<SqliteError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        R: FnOnce(Result<T, E>) + Send + 'static,
    {
        let run: Run = Box::new(move |place| {
            let result = place.map_err(E::from).and_then(|place| place.run(job));
            let failed = result.is_err();
            let reply: Reply = Box::new(move |committed| {
                reply(committed.map_err(E::from).and(result));
            });
            Done { failed, reply }
        });
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(Job { run, when }));
        if let Some(Err(mpsc::SendError(job))) = sent {
            ((job.run)(Err(SqliteError::Closed)).reply)(Err(SqliteError::Closed));
        }
    }

    /// Writes an unchanged page, and returns when it is on disk: the file accepts writes.
    pub(crate) async fn try_to_write<E>(&self) -> Result<(), E>
    where
        E: From<SqliteError> + Send + 'static,
    {
        let same = |db: &Connection| -> rusqlite::Result<()> {
            let version: i64 = db.pragma_query_value(None, VERSION, |row| row.get(0))?;
            db.pragma_update(None, VERSION, version)
        };
        self.write(move |db| same(db).map_err(|error| SqliteError::from(error).into())).await
    }

    /// Runs `job` on a reader, in a blocking thread.
    pub(crate) async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<SqliteError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let reading = Arc::clone(&self.reading);
        let permit = reading.acquire_owned().await.map_err(|_| SqliteError::Closed)?;
        let (path, readers) = (self.path.clone(), Arc::clone(&self.readers));
        let read = move || {
            // A read goes on even if nobody waits for it any more, so it keeps its permit.
            let _permit = permit;
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

/// A connection that reads and writes.
pub(crate) fn connect(path: &Path) -> Result<Connection, SqliteError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // Copies for savepoints need no file.
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Deleted content is overwritten: salts, and texts that are acknowledged.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Commits jobs in groups. Those that arrive during a commit are the next group: a job on its own
/// does not wait, and in a flood hundreds share an fsync.
fn write_groups(mut connection: Connection, queue: &mpsc::Receiver<Job>) {
    let mut truncation = Truncation::at_the_start(BUSY_TIMEOUT);
    while let Ok(mut next) = truncation.receive(queue) {
        while let Some(first) = next {
            next = write_group(&mut connection, first, queue);
            truncation.written();
        }
        truncation.run_if_due(&connection);
    }
}

/// Returns the first job of the next group if it has left the queue already, as it has when SQLite
/// undoes a transaction before all of its jobs have run.
fn write_group(
    connection: &mut Connection,
    first: Job,
    queue: &mpsc::Receiver<Job>,
) -> Option<Job> {
    let second = second(&first, queue);
    let is_alone = second.is_none();
    // Jobs that arrive while one runs on its own are the next group: if that one fails, so does the
    // transaction.
    let more = queue.try_iter().take(if is_alone { 0 } else { GROUP - 2 });
    let mut group = std::iter::once(first).chain(second).chain(more);
    let mut replies = Vec::new();
    let committed = commit(connection, is_alone, &mut group, &mut replies);
    if let (Err(error), true) = (&committed, replies.is_empty()) {
        // It could not begin: somebody holds the file. All waiting jobs have waited long enough.
        let waiting = group.by_ref().chain(queue.try_iter());
        replies.extend(waiting.map(|job| (job.run)(Err(error.clone())).reply));
    }
    for reply in replies {
        reply(committed.clone());
    }
    group.next()
}

/// The job behind the first. One that has no hurry waits for it.
fn second(first: &Job, queue: &mpsc::Receiver<Job>) -> Option<Job> {
    match first.when {
        When::Now => queue.try_recv().ok(),
        When::Soon => queue.recv_timeout(SOON).ok(),
    }
}

fn commit(
    connection: &mut Connection,
    is_alone: bool,
    group: &mut impl Iterator<Item = Job>,
    replies: &mut Vec<Reply>,
) -> Result<(), SqliteError> {
    let transaction =
        Transaction::new(connection, TransactionBehavior::Immediate).map_err(SqliteError::from)?;
    for job in group {
        let Done { failed, reply } = (job.run)(Ok(Place { transaction: &transaction, is_alone }));
        replies.push(reply);
        if transaction.is_autocommit() {
            // Jobs that follow would not be in a transaction. They are the next group.
            return Err(SqliteError::Undone);
        }
        if failed && is_alone {
            return Ok(transaction.rollback()?);
        }
    }
    Ok(transaction.commit()?)
}

/// Where a job runs.
struct Place<'a> {
    transaction: &'a Transaction<'a>,
    /// No other job runs in the transaction.
    is_alone: bool,
}

impl Place<'_> {
    /// A job that shares the transaction gets a savepoint, for which SQLite copies what it changes.
    fn run<T, E: From<SqliteError>>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.is_alone { job(self.transaction) } else { self.run_in_savepoint(job) }
    }

    fn run_in_savepoint<T, E: From<SqliteError>>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.execute("SAVEPOINT job").map_err(SqliteError::from)?;
        let result = job(self.transaction);
        if result.is_err() {
            // If SQLite has undone the whole transaction already, there is no savepoint left.
            drop(self.execute("ROLLBACK TO job"));
        }
        match (result, self.execute("RELEASE job")) {
            (Ok(_), Err(error)) => Err(SqliteError::from(error).into()),
            (result, _) => result,
        }
    }

    /// The statement is prepared once: a flood runs it for every job.
    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.transaction.prepare_cached(sql)?.execute([]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use futures::future::join_all;

    use super::*;

    const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS large (data BLOB)";

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
    async fn a_job_that_fails_on_its_own_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open(&folder.path().join("t.db"), SCHEMA).expect("a database");
        let twice = |db: &Connection| -> Result<usize, SqliteError> {
            db.execute("INSERT INTO t VALUES (1)", [])?;
            Ok(db.execute("INSERT INTO t VALUES (1)", [])?)
        };
        database.write(twice).await.expect_err("the second row has the key of the first");
        assert_eq!(count(&database).await, 0);
        database.write(insert(1)).await.expect("written");
        assert_eq!(count(&database).await, 1);
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

    /// Keeps the writer busy until the sender says so: what is written meanwhile is the next group.
    fn hold(database: &Database) -> mpsc::Sender<()> {
        let (begin, begun) = mpsc::channel();
        let (go, wait) = mpsc::channel();
        let busy = move |_: &Connection| {
            begin.send(()).expect("the test waits");
            wait.recv().map_err(|_| SqliteError::Closed)
        };
        database.enqueue(When::Now, busy, drop::<Result<(), SqliteError>>);
        begun.recv().expect("it runs");
        go
    }

    fn limit(db: &Connection) -> Result<(), SqliteError> {
        Ok(db.pragma_update(None, "max_page_count", 20)?)
    }

    /// SQLite undoes the whole transaction when a statement of one row finds no room.
    fn fill(db: &Connection) -> Result<usize, SqliteError> {
        Ok(db.execute("INSERT INTO large VALUES (zeroblob(1000000))", [])?)
    }

    #[tokio::test]
    async fn a_full_disk_fails_the_jobs_of_its_transaction_and_none_after_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open(&folder.path().join("t.db"), SCHEMA).expect("a database");
        let go = hold(&database);
        let (limited, before, full, after, ()) = futures::join!(
            database.write(limit),
            database.write(insert(1)),
            database.write(fill),
            database.write(insert(2)),
            async { go.send(()).expect("it waits") },
        );
        for failed in [limited, before.map(drop), full.map(drop)] {
            assert!(matches!(failed, Err(SqliteError::Undone)), "{failed:?}");
        }
        after.expect("written in a transaction of its own");
        assert_eq!(count(&database).await, 1);
    }

    #[tokio::test]
    async fn what_waits_behind_the_first_job_is_written_when_that_one_finds_no_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open(&folder.path().join("t.db"), SCHEMA).expect("a database");
        database.write(limit).await.expect("limited");
        let go = hold(&database);
        let (full, second, third, ()) = futures::join!(
            database.write(fill),
            database.write(insert(1)),
            database.write(insert(2)),
            async { go.send(()).expect("it waits") },
        );
        assert!(matches!(full, Err(SqliteError::Undone)), "{full:?}");
        for written in [second, third] {
            written.expect("written in a transaction of its own");
        }
        assert_eq!(count(&database).await, 2);
    }

    #[tokio::test]
    async fn all_jobs_that_wait_for_a_held_file_are_told_so_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.db");
        let database = Database::open(&path, SCHEMA).expect("a database");
        let holder = Connection::open(&path).expect("a connection");
        holder.execute_batch("BEGIN IMMEDIATE").expect("held");
        let began = std::time::Instant::now();
        for result in join_all((0..3).map(|n| database.write(insert(n)))).await {
            let code = result.expect_err("it is held").code();
            assert_eq!(code, Some(ErrorCode::DatabaseBusy));
        }
        assert!(began.elapsed() < BUSY_TIMEOUT * 2, "{:?}", began.elapsed());
        holder.execute_batch("COMMIT").expect("let go");
        database.write(insert(9)).await.expect("written");
        assert_eq!(count(&database).await, 1);
    }

    #[tokio::test]
    async fn a_read_that_nobody_waits_for_keeps_its_place_until_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::open(&folder.path().join("t.db"), SCHEMA).expect("a database");
        let (begin, begun) = mpsc::channel();
        let mut ends = Vec::new();
        for _ in 0..READERS {
            let (begin, (end, wait)) = (begin.clone(), mpsc::channel::<()>());
            let slow = move |_: &Connection| -> Result<(), SqliteError> {
                begin.send(()).expect("the test waits");
                wait.recv().map_err(|_| SqliteError::Closed)
            };
            assert!(database.read(slow).now_or_never().is_none());
            begun.recv().expect("it reads");
            ends.push(end);
        }
        // Nobody waits for the four any more, but they still read.
        let mut fifth = std::pin::pin!(count(&database));
        assert!(futures::poll!(&mut fifth).is_pending());
        assert_eq!(database.reading.available_permits(), 0);
        ends.into_iter().for_each(|end| end.send(()).expect("it still reads"));
        assert_eq!(fifth.await, 0);
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
