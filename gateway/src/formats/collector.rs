//! Collects the entries of a batch as a format finds them, and what is wrong with the others.

use chrono::{DateTime, Utc};
use common::access_log::Entry;
use serde::Serialize;
use utoipa::ToSchema;

use super::entry::{Raw, Reason};
use super::user_agent::Families;

/// The most errors of a batch that are kept: two megabytes of `1,1,1,…` have a million.
pub(crate) const MAX_ERRORS: usize = 20;
/// The field of an error that concerns the entry as a whole.
const WHOLE: &str = "entry";

/// The entries of a body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadEntries {
    /// The valid entries, in the order of the body.
    pub(crate) entries: Vec<Entry>,
    /// How many entries are not valid.
    pub(crate) rejected: usize,
    /// The first [`MAX_ERRORS`] errors; an entry may have several.
    pub(crate) errors: Vec<EntryError>,
}

/// One error in one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct EntryError {
    /// The position of the entry in the body, from 0; empty lines and a header row do not count.
    pub(crate) index: usize,
    /// `receivedAt`, `method`, `path` or `userAgent`, whichever alias was sent; `entry` for the
    /// whole entry.
    pub(crate) field: &'static str,
    /// What is wrong.
    #[schema(value_type = String)]
    pub(crate) reason: Reason,
}

/// Receives the entries of a body one by one, in order.
pub(super) struct Collector {
    now: DateTime<Utc>,
    families: Families,
    next: usize,
    read: ReadEntries,
}

impl Collector {
    /// Times are checked against `now`.
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { now, families: Families::default(), next: 0, read: ReadEntries::default() }
    }

    /// Adds the next entry: its fields as the format found them, or why it found none.
    pub(super) fn push(&mut self, raw: Result<Raw<'_>, Reason>) {
        let index = self.next;
        self.next += 1;
        let entry = raw
            .map_err(|reason| vec![(WHOLE, reason)])
            .and_then(|raw| raw.check(self.now, &mut self.families));
        match entry {
            Ok(entry) => self.read.entries.push(entry),
            Err(wrong) => self.reject(index, wrong),
        }
    }

    /// What was collected.
    pub(super) fn finish(self) -> ReadEntries {
        self.read
    }

    fn reject(&mut self, index: usize, wrong: Vec<(&'static str, Reason)>) {
        self.read.rejected += 1;
        let space = MAX_ERRORS - self.read.errors.len();
        let errors = wrong.into_iter().map(|(field, reason)| EntryError { index, field, reason });
        self.read.errors.extend(errors.take(space));
    }
}

/// The non-empty lines of a text, trimmed.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty())
}
