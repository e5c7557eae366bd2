//! The formats of `POST /logs`: JSON, CSV, and the log lines of servers, proxies and clouds. Each
//! entry is checked and normalized.

mod alb;
mod charset;
mod collector;
mod colours;
mod combined;
mod csv;
mod details;
mod detect;
mod entry;
mod envoy;
mod extent;
mod field;
mod haproxy;
mod json;
mod lines;
mod names;
mod object;
mod paths;
mod people;
mod percent;
mod prefix;
mod preset;
mod rejects;
mod request_line;
mod requests;
mod s3;
mod scan;
mod slot;
mod spellings;
#[cfg(test)]
mod tests;
mod tokens;
pub(crate) mod user_agent;
mod w3c;
mod wording;

use chrono::{DateTime, Utc};

pub(crate) use self::charset::{UnknownCharset, decode, text_of};
use self::collector::Collector;
#[cfg(test)]
use self::collector::MAX_ERRORS;
pub(crate) use self::collector::{EntryError, ReadEntries};
pub(crate) use self::preset::Format;
pub(crate) use self::rejects::Rejects;
pub(crate) use self::requests::Requests;
pub(crate) use self::tokens::byte_escapes;
use crate::problem::{Problem, ProblemCode};

/// The problems that a batch may have.
pub(crate) const CODES: [ProblemCode; 2] = [ProblemCode::InvalidCsv, ProblemCode::InvalidEntries];

/// Reads a text of a format.
///
/// The work is linear in the length of the text, but may take seconds for ten hostile megabytes:
/// run it off the async threads.
pub(crate) fn read(format: Format, text: &str) -> Result<ReadEntries, Problem> {
    read_at(format, text, Utc::now())
}

fn read_at(format: Format, text: &str, now: DateTime<Utc>) -> Result<ReadEntries, Problem> {
    let preset = match format {
        Format::Lines(preset) => preset,
        Format::Json | Format::Csv => None,
    };
    let mut collector = Collector::new(now, preset);
    match format {
        Format::Csv => csv::read(text, &mut collector)?,
        Format::Lines(_) if !is_array(text) => {
            lines::lines(text).for_each(|line| collector.line(line));
        }
        Format::Json | Format::Lines(_) => json::read(text, &mut collector),
    }
    Ok(collector.finish())
}

/// Whether a text that was sent as lines is an array of JSON objects.
fn is_array(text: &str) -> bool {
    let inner = lines::trimmed(text).strip_prefix('[');
    inner.is_some_and(|inner| inner.trim_start().starts_with('{'))
}
