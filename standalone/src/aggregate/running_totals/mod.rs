//! Running totals: the counts of the part of the archive that was read so far, in a file of their
//! own. The server reads each message once, whether or not it was restarted, and its memory does
//! not grow with the archive.

mod error;
mod files;
mod messages;
mod sums;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use common::hash;
use rusqlite::{Connection, TransactionBehavior};

pub(super) use self::error::TotalsError;
use self::files::Files;
use super::report::Inputs;
use super::totals::ByTenant;
use crate::archive::inputs;

/// Raise it when messages are counted differently, or the tables change: everything is then counted
/// afresh.
const FORMAT: &str = "1";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS files (
        path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, lines INTEGER NOT NULL, seal BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS records (
        record BLOB PRIMARY KEY, digest BLOB NOT NULL, message BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS further_messages (message BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS inputs (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS tenants (
        tenant TEXT PRIMARY KEY, characters INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS counts (
        tenant TEXT, dimension TEXT, grain TEXT, start INTEGER, value TEXT, count INTEGER NOT NULL,
        PRIMARY KEY (tenant, dimension, grain, start, value)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS visitors (
        tenant TEXT, day TEXT, visitor BLOB, PRIMARY KEY (tenant, day, visitor)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS texts (
        tenant TEXT, record BLOB, PRIMARY KEY (tenant, record)
    ) WITHOUT ROWID;
";

/// The running totals of one archive.
pub(super) struct RunningTotals {
    db: Connection,
    archive: PathBuf,
}

impl RunningTotals {
    /// Opens the file at `path`. The totals start empty if the file is missing, damaged or of
    /// another version.
    pub(super) fn open(path: &Path, archive: &Path) -> Result<Self, TotalsError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let db = match connect(path).map_err(TotalsError::from) {
            Ok(Some(db)) => db,
            Ok(None) => anew(path)?,
            Err(error) if error.is_damage() => anew(path)?,
            Err(error) => return Err(error),
        };
        Ok(Self { db, archive: archive.to_owned() })
    }

    /// Removes the file at `path`, which must not be open.
    pub(super) fn discard(path: &Path) -> Result<(), TotalsError> {
        for part in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(part);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads what was added to the archive, and returns its length in bytes. If something that was
    /// counted is no longer there, counts the whole archive afresh.
    pub(super) fn catch_up(&mut self) -> Result<u64, TotalsError> {
        let inputs = inputs(&self.archive)?;
        let mut files = Files::of(&self.db, &self.archive)?;
        if !files.are_in(&inputs)? {
            tracing::info!("counted messages are no longer in the archive; counting what is there");
            self.clear()?;
            files = Files::of(&self.db, &self.archive)?;
        }
        let mut read = 0;
        for input in &inputs {
            while let bytes @ 1.. = files.read(&mut self.db, input)? {
                read += bytes;
            }
        }
        Ok(read)
    }

    /// What was read.
    pub(super) fn inputs(&self) -> Result<Inputs, TotalsError> {
        Ok(messages::inputs(&self.db)?)
    }

    /// What was counted.
    pub(super) fn by_tenant(&self) -> Result<ByTenant<'static>, TotalsError> {
        Ok(sums::by_tenant(&self.db)?)
    }

    fn clear(&mut self) -> rusqlite::Result<()> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for table in [
            "files",
            "records",
            "further_messages",
            "inputs",
            "tenants",
            "counts",
            "visitors",
            "texts",
        ] {
            transaction.execute(&format!("DELETE FROM {table}"), [])?;
        }
        transaction.commit()
    }
}

/// Nothing if the file is of another version.
fn connect(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    // A power cut may take the last counts with it, and their bookmarks: they are counted again.
    db.pragma_update(None, "synchronous", "normal")?;
    db.pragma_update(None, "journal_size_limit", 16 << 20)?;
    db.pragma_update(None, "cache_size", -8_192)?;
    let (found, present): (i32, i32) =
        (db.pragma_query_value(None, "user_version", |row| row.get(0))?, version());
    if found != 0 && found != present {
        return Ok(None);
    }
    db.execute_batch(SCHEMA)?;
    db.pragma_update(None, "user_version", present)?;
    Ok(Some(db))
}

fn anew(path: &Path) -> Result<Connection, TotalsError> {
    tracing::info!("the running totals begin anew, with all that is in the archive");
    RunningTotals::discard(path)?;
    Ok(connect(path)?.ok_or(rusqlite::Error::InvalidQuery)?)
}

/// The version of this release and of [`FORMAT`]; never 0, which a new file has.
fn version() -> i32 {
    let hash = hash::short(&[env!("CARGO_PKG_VERSION"), FORMAT]);
    i32::try_from(hash % 0x7fff_ffff).unwrap_or(0) + 1
}
