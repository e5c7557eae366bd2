//! Which messages were counted. Of equal messages, the first in the archive counts; of those with
//! the same record name but different content, also the first.

use std::collections::BTreeMap;

use common::metrics::CORRUPT_INPUTS;
use common::rollup::LogDimensions;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::TotalsError;
use super::sums;
use crate::aggregate::identity::Identity;
use crate::aggregate::report::Inputs;
use crate::aggregate::survey::Standing;
use crate::aggregate::tally::Tally;
use crate::archive::{Corrupt, Input, Line};

/// The prefix of the names under which the number of damaged lines is kept.
const CORRUPT: &str = "corrupt ";

/// A part of a file, while it is read.
pub(super) struct Part<'a> {
    db: &'a Connection,
    input: &'a Input,
    tally: Tally,
    found: BTreeMap<String, u64>,
}

impl<'a> Part<'a> {
    pub(super) fn new(db: &'a Connection, input: &'a Input) -> Self {
        Self { db, input, tally: Tally::default(), found: BTreeMap::new() }
    }

    /// Takes the next line of the archive, which may be damaged.
    pub(super) fn take(&mut self, item: Result<Line, Corrupt>) -> Result<(), TotalsError> {
        match item {
            Ok(line) => {
                let name = self.count(line)?;
                self.found("messages");
                self.found(name);
            }
            Err(corrupt) => {
                let path = self.input.path.display();
                tracing::warn!(%path, error = &corrupt as &dyn std::error::Error, "skipped");
                CORRUPT_INPUTS.with_label_values(&[corrupt.reason()]).inc();
                self.found(&format!("{CORRUPT}{}", corrupt.reason()));
            }
        }
        Ok(())
    }

    /// Adds what was counted to the totals.
    pub(super) fn finish(self) -> rusqlite::Result<()> {
        sums::add(self.db, self.tally)?;
        let mut add = self.db.prepare_cached(
            "INSERT INTO inputs VALUES (?1, ?2) ON CONFLICT DO UPDATE
             SET number = number + excluded.number",
        )?;
        for (name, number) in self.found {
            add.execute(params![name, number])?;
        }
        Ok(())
    }

    /// Counts a message if it is the first of its kind, and returns what became of it.
    fn count(&mut self, line: Line) -> rusqlite::Result<&'static str> {
        let identity = Identity::of(&line.attributes);
        Ok(match standing(self.db, &identity)? {
            Standing::Duplicate => "duplicates",
            Standing::Conflict => "conflicts",
            Standing::Counts => match self.tally.add(identity.record, LogDimensions::ALL, line) {
                Ok(()) => "counted",
                Err(_) => "unreadable",
            },
        })
    }

    fn found(&mut self, name: &str) {
        match self.found.get_mut(name) {
            Some(number) => *number += 1,
            None => drop(self.found.insert(name.to_owned(), 1)),
        }
    }
}

/// Notes the message, and says how it relates to those before it.
fn standing(db: &Connection, identity: &Identity) -> rusqlite::Result<Standing> {
    let Identity { record, digest, message, .. } = *identity;
    let [record, digest, message] = [record, digest, message].map(u128::to_be_bytes);
    // Half of a hash is enough to tell the versions and parts of one record apart.
    let [digest, first] = [&digest[..8], &message[..8]];
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO records VALUES (?1, ?2, ?3)")?;
    if insert.execute(params![record, digest, first])? == 1 {
        return Ok(Standing::Counts);
    }
    let mut known = db.prepare_cached("SELECT digest, message FROM records WHERE record = ?1")?;
    let known: Option<([u8; 8], [u8; 8])> =
        known.query_row([record], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (kept, counted) = known.unwrap_or_default();
    if counted == *first {
        return Ok(Standing::Duplicate);
    }
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO further_messages VALUES (?1)")?;
    Ok(match (insert.execute([message])? == 1, kept == *digest) {
        (false, _) => Standing::Duplicate,
        (true, true) => Standing::Counts,
        (true, false) => Standing::Conflict,
    })
}

/// What was read so far.
pub(super) fn inputs(db: &Connection) -> rusqlite::Result<Inputs> {
    let mut numbers = db.prepare_cached("SELECT name, number FROM inputs")?;
    let numbers: BTreeMap<String, u64> =
        numbers.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let number = |name: &str| numbers.get(name).copied().unwrap_or(0);
    let corrupt = |reason: &'static str| (reason, number(&format!("{CORRUPT}{reason}")));
    let files = "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM files";
    let (files, bytes) = db.query_row(files, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Inputs {
        bytes,
        files,
        messages: number("messages"),
        counted: number("counted"),
        duplicates: number("duplicates"),
        conflicts: number("conflicts"),
        unreadable: number("unreadable"),
        corrupt: Corrupt::REASONS
            .map(corrupt)
            .into_iter()
            .filter(|(_, number)| *number > 0)
            .collect(),
        ..Inputs::default()
    })
}
