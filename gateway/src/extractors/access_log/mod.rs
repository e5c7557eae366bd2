//! The body of `POST /logs`: a batch of access-log entries in one of four formats, each entry
//! checked and normalized.

mod combined;
mod csv;
mod entry;
mod json;
mod ndjson;
#[cfg(test)]
mod tests;
mod user_agent;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use common::access_log::Entry;
use serde::Serialize;
use utoipa::ToSchema;

use self::entry::Raw;
use self::user_agent::Families;
use crate::problem::{Code, Problem};

/// What can be wrong with a batch.
pub(crate) const PROBLEMS: [Code; 5] =
    [Code::InvalidCsv, Code::InvalidEntries, Code::InvalidJson, Code::InvalidUtf8, Code::WrongType];

/// Most errors of a batch that are kept. Two megabytes of `1,1,1,…` have a million.
pub(crate) const MAX_ERRORS: usize = 20;
/// Where something is wrong with an entry as a whole.
const WHOLE: &str = "entry";

/// Why something is wrong, for people.
type Reason = Cow<'static, str>;

/// What a body holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The valid entries, in the order of the body.
    pub(crate) entries: Vec<Entry>,
    /// How many entries are not valid.
    pub(crate) rejected: usize,
    /// The first [`MAX_ERRORS`] things that are wrong with these; an entry may have several.
    pub(crate) errors: Vec<EntryError>,
}

/// One thing that is wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct EntryError {
    /// The position of the entry in the body, from 0; empty lines and a header row do not count.
    pub(crate) index: usize,
    /// `receivedAt`, `method`, `path` or `userAgent`, whatever its alias; else `entry`.
    pub(crate) field: &'static str,
    /// What is wrong there.
    #[schema(value_type = String)]
    pub(crate) reason: Reason,
}

/// Reads a body of a media type without parameters, as [`super::body::media_type`] gives it.
///
/// The work is linear in the length of the body, but may take a second for two hostile megabytes:
/// keep it away from the async threads.
pub(crate) fn read(media_type: &str, body: &[u8]) -> Result<Batch, Problem> {
    read_at(media_type, body, Utc::now())
}

fn read_at(media_type: &str, body: &[u8], now: DateTime<Utc>) -> Result<Batch, Problem> {
    let format = match media_type {
        "application/json" => json::read,
        "application/x-ndjson" | "application/jsonl" | "application/ndjson" => ndjson::read,
        "text/csv" => csv::read,
        "text/plain" => combined::read,
        _ => return Err(unsupported(media_type)),
    };
    let mut taker = Taker { now, families: Families::default(), next: 0, batch: Batch::default() };
    format(text(body)?, &mut taker)?;
    Ok(taker.batch)
}

/// Takes the entries of a body one by one, in its order.
struct Taker {
    now: DateTime<Utc>,
    families: Families,
    next: usize,
    batch: Batch,
}

impl Taker {
    /// Takes the next entry: its fields as they were found, or why there are none.
    fn take(&mut self, raw: Result<Raw<'_>, Reason>) {
        let index = self.next;
        self.next += 1;
        let entry = raw
            .map_err(|reason| vec![(WHOLE, reason)])
            .and_then(|raw| raw.check(self.now, &mut self.families));
        match entry {
            Ok(entry) => self.batch.entries.push(entry),
            Err(wrong) => self.reject(index, wrong),
        }
    }

    fn reject(&mut self, index: usize, wrong: Vec<(&'static str, Reason)>) {
        self.batch.rejected += 1;
        let space = MAX_ERRORS - self.batch.errors.len();
        let errors = wrong.into_iter().map(|(field, reason)| EntryError { index, field, reason });
        self.batch.errors.extend(errors.take(space));
    }
}

/// The body as text, without the byte order mark that spreadsheets begin it with.
fn text(body: &[u8]) -> Result<&str, Problem> {
    let text = str::from_utf8(body).map_err(|error| {
        let detail = format!("The byte at offset {} is not UTF-8.", error.valid_up_to());
        Problem::new(Code::InvalidUtf8, detail)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The lines that are not empty, without what surrounds them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty())
}

fn unsupported(media_type: &str) -> Problem {
    let detail = format!(
        "{media_type:?} is none of application/json, application/x-ndjson, text/csv, text/plain."
    );
    Problem::new(Code::UnsupportedMediaType, detail)
}
