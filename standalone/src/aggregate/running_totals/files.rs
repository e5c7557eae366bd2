//! How far each file of the archive was read.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use common::hash;
use rusqlite::{Connection, TransactionBehavior, params};

use super::error::TotalsError;
use super::messages::Part;
use crate::archive::{Bookmark, Input};

/// How much of a file is read in one transaction, in bytes. The counts for that much are held in
/// memory.
const PART_BYTES: u64 = 8 << 20;

/// The bookmarks of the files, by their path in the archive.
pub(super) struct Files {
    archive: PathBuf,
    marks: HashMap<PathBuf, Sealed>,
}

/// A bookmark, with the hash of the bytes before it.
#[derive(Clone, Copy, Default)]
struct Sealed {
    mark: Bookmark,
    seal: u128,
}

impl Files {
    pub(super) fn of(db: &Connection, archive: &Path) -> rusqlite::Result<Self> {
        let mut files = db.prepare_cached("SELECT path, bytes, lines, seal FROM files")?;
        let sealed = |row: &rusqlite::Row<'_>| -> rusqlite::Result<_> {
            let path: String = row.get(0)?;
            let mark = Bookmark { bytes: row.get(1)?, lines: row.get(2)? };
            let seal = u128::from_be_bytes(row.get(3)?);
            Ok((PathBuf::from(path), Sealed { mark, seal }))
        };
        let marks = files.query_map([], sealed)?.collect::<rusqlite::Result<_>>()?;
        Ok(Self { archive: archive.to_owned(), marks })
    }

    /// Whether everything that was read is still there. A file with its old length is unchanged,
    /// because files only grow. A longer one could have lost its end in a power cut and grown
    /// again.
    pub(super) fn are_in(&self, inputs: &[Input]) -> io::Result<bool> {
        let found: HashMap<PathBuf, &Input> =
            inputs.iter().map(|input| (self.name(input), input)).collect();
        for (name, Sealed { mark, seal }) in &self.marks {
            let same = match found.get(name) {
                Some(input) if input.bytes > mark.bytes => sealed(input, *mark)? == *seal,
                Some(input) => input.bytes == mark.bytes,
                None => false,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads and counts the next part of a file, all in one transaction, and returns its length in bytes.
    pub(super) fn read(&mut self, db: &mut Connection, input: &Input) -> Result<u64, TotalsError> {
        let name = self.name(input);
        let mut mark = self.marks.get(&name).copied().unwrap_or_default().mark;
        let before = mark.bytes;
        if before >= input.bytes {
            return Ok(0);
        }
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut part = Part::new(&transaction, input);
        input.read_on(&mut mark, PART_BYTES, |item| part.take(item))?;
        part.finish()?;
        let now = Sealed { mark, seal: sealed(input, mark)? };
        if mark.bytes > before {
            remember(&transaction, &name, now)?;
        }
        transaction.commit()?;
        self.marks.insert(name, now);
        Ok(mark.bytes - before)
    }

    /// A file keeps its name and its bookmark when it is packed.
    fn name(&self, input: &Input) -> PathBuf {
        let path = input.unpacked();
        path.strip_prefix(&self.archive).unwrap_or(&path).to_owned()
    }
}

fn sealed(input: &Input, mark: Bookmark) -> io::Result<u128> {
    Ok(hash::short(&[input.seal(mark)?]))
}

fn remember(db: &Connection, name: &Path, sealed: Sealed) -> rusqlite::Result<()> {
    let Sealed { mark, seal } = sealed;
    let mut put = db.prepare_cached(
        "INSERT INTO files VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
         SET bytes = excluded.bytes, lines = excluded.lines, seal = excluded.seal",
    )?;
    put.execute(params![name.to_string_lossy(), mark.bytes, mark.lines, seal.to_be_bytes()])?;
    Ok(())
}
