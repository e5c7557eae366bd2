//! The formats of `POST /logs`: JSON, NDJSON, CSV, and the common and combined log formats. Each
//! entry is checked and normalized.

mod collector;
mod combined;
mod csv;
mod entry;
mod json;
mod ndjson;
#[cfg(test)]
mod tests;
pub(crate) mod user_agent;

use chrono::{DateTime, Utc};

use self::collector::Collector;
#[cfg(test)]
use self::collector::MAX_ERRORS;
pub(crate) use self::collector::{EntryError, ReadEntries};
use crate::problem::{Problem, ProblemCode};

/// The problems that a batch may have.
pub(crate) const CODES: [ProblemCode; 5] = [
    ProblemCode::InvalidCsv,
    ProblemCode::InvalidEntries,
    ProblemCode::InvalidJson,
    ProblemCode::InvalidUtf8,
    ProblemCode::WrongType,
];

/// Reads a body of `media_type`, which has no parameters.
///
/// The work is linear in the length of the body, but may take a second for two hostile megabytes:
/// run it off the async threads.
pub(crate) fn read(media_type: &str, body: &[u8]) -> Result<ReadEntries, Problem> {
    read_at(media_type, body, Utc::now())
}

fn read_at(media_type: &str, body: &[u8], now: DateTime<Utc>) -> Result<ReadEntries, Problem> {
    let format = match media_type {
        "application/json" => json::read,
        "application/x-ndjson" | "application/jsonl" | "application/ndjson" => ndjson::read,
        "text/csv" => csv::read,
        "text/plain" => combined::read,
        _ => return Err(unsupported(media_type)),
    };
    let mut collector = Collector::new(now);
    format(text(body)?, &mut collector)?;
    Ok(collector.finish())
}

/// The body as text, without the byte order mark that spreadsheets put first.
fn text(body: &[u8]) -> Result<&str, Problem> {
    let text = str::from_utf8(body).map_err(|error| {
        let detail = format!("The body is not UTF-8: see byte {}.", error.valid_up_to());
        Problem::new(ProblemCode::InvalidUtf8, detail)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn unsupported(media_type: &str) -> Problem {
    let detail = format!(
        "The content type {media_type:?} is not supported here. Use application/json, \
         application/x-ndjson, text/csv or text/plain."
    );
    Problem::new(ProblemCode::UnsupportedMediaType, detail)
}
