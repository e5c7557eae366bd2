//! Collects the entries of a batch as a format finds them, and what is wrong with the others.

use chrono::{DateTime, Utc};
use common::access_log::Entry;
use serde::Serialize;
use utoipa::ToSchema;

use super::detect::Recognizer;
use super::entry::Raw;
use super::people::People;
use super::preset::Preset;
use super::rejects::Rejects;
use super::user_agent::Families;
use super::wording::{Reason, Wrong};

/// The most errors of a batch that are kept: ten megabytes of `1,1,1,…` have millions.
pub(crate) const MAX_ERRORS: usize = 20;

/// The entries of a body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadEntries {
    /// The valid entries, in the order of the body.
    pub(crate) entries: Vec<Entry>,
    /// How many entries are not valid.
    pub(crate) rejected: usize,
    /// The first [`MAX_ERRORS`] errors; an entry may have several.
    pub(crate) errors: Vec<EntryError>,
    /// The entries that are not valid, as they were sent, for the archive.
    pub(crate) rejects: Rejects,
}

/// One error in one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct EntryError {
    /// The position of the entry in the body, from 0; empty lines and a header row do not count.
    pub(crate) index: usize,
    /// The field as it was sent; `receivedAt` or `path` if it is missing; `entry` for the whole
    /// entry.
    pub(crate) field: String,
    /// What is wrong.
    #[schema(value_type = String)]
    pub(crate) reason: Reason,
}

/// Receives the entries of a body one by one, in order.
pub(super) struct Collector {
    now: DateTime<Utc>,
    families: Families,
    recognizer: Recognizer,
    /// The columns of the table that is read.
    people: Option<People>,
    next: usize,
    read: ReadEntries,
}

impl Collector {
    /// Times are checked against `now`; lines are in the format `preset`, or each in its own.
    pub(super) fn new(now: DateTime<Utc>, preset: Option<Preset>) -> Self {
        Self {
            now,
            families: Families::default(),
            recognizer: Recognizer::new(preset),
            people: None,
            next: 0,
            read: ReadEntries::default(),
        }
    }

    /// The entries that follow are rows of a table with these columns.
    pub(super) fn are_rows(&mut self, people: People) {
        self.people = Some(people);
    }

    /// Adds the next entry as a line of a log, unless it is a directive.
    pub(super) fn line(&mut self, line: &str) {
        match self.recognizer.line(line) {
            Ok(Some(raw)) => self.push(raw, line),
            Ok(None) => {}
            Err(wrong) => self.refuse(wrong, line),
        }
    }

    /// Adds the next entry: the fields of an object, which was `sent` as this text, or the line in
    /// it if it has nothing else.
    pub(super) fn object(&mut self, raw: Raw<'_>, sent: &str) {
        match self.recognizer.unwrapped(raw) {
            Ok(raw) => self.push(raw, sent),
            Err(wrong) => self.refuse(wrong, sent),
        }
    }

    /// Counts the next entry, which was `sent` as this text, as invalid.
    pub(super) fn refuse(&mut self, wrong: Wrong, sent: &str) {
        self.reject(vec![wrong], sent);
    }

    /// What was collected.
    pub(super) fn finish(self) -> ReadEntries {
        self.read
    }

    fn push(&mut self, raw: Raw<'_>, sent: &str) {
        match raw.check(self.now, &mut self.families) {
            Ok(entry) => {
                self.next += 1;
                self.read.entries.push(entry);
            }
            Err(wrong) => self.reject(wrong, sent),
        }
    }

    fn reject(&mut self, wrong: Vec<Wrong>, sent: &str) {
        let index = self.next;
        self.next += 1;
        self.read.rejected += 1;
        let people = self.people.as_ref();
        let shown =
            people.map_or_else(|| self.recognizer.without_people(sent), |it| it.without(sent));
        self.read.rejects.add(index, &wrong, &shown);
        let space = MAX_ERRORS - self.read.errors.len();
        let error = |Wrong { field, reason }| EntryError { index, field, reason };
        self.read.errors.extend(wrong.into_iter().map(error).take(space));
    }
}
