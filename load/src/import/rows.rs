//! The rows of a CSV file with a head, which may be gzipped.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, StringRecordsIntoIter};
use flate2::bufread::MultiGzDecoder;

/// What a gzipped file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The rows of a file.
pub(super) struct Rows {
    columns: Arc<HashMap<String, usize>>,
    records: StringRecordsIntoIter<Box<dyn Read>>,
}

/// A row.
pub(super) struct Row {
    /// Counted from 1, the head among them.
    pub(super) line: u64,
    columns: Arc<HashMap<String, usize>>,
    record: StringRecord,
}

impl Rows {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = BufReader::new(File::open(path)?);
        let is_packed = file.fill_buf()?.starts_with(&GZIP);
        let text: Box<dyn Read> =
            if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Self::of(text)
    }

    /// The rows of a text.
    pub(super) fn of(text: Box<dyn Read>) -> io::Result<Self> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(text);
        let names = reader.headers()?.iter().enumerate();
        let columns = names.map(|(at, name)| (plain(name).to_owned(), at)).collect();
        Ok(Self { columns: Arc::new(columns), records: reader.into_records() })
    }

    /// Whether there is such a column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }
}

/// Without the mark of UTF-8, and without the version before GoatCounter's first one.
fn plain(name: &str) -> &str {
    name.trim_start_matches('\u{feff}').trim_start_matches(|c: char| c.is_ascii_digit())
}

impl Iterator for Rows {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.records.next()?;
        Some(record.map_err(io::Error::from).map(|record| Row {
            line: record.position().map_or(0, csv::Position::line),
            columns: Arc::clone(&self.columns),
            record,
        }))
    }
}

impl Row {
    /// What the row has in a column; empty if there is no such column.
    pub(super) fn get(&self, name: &str) -> &str {
        self.columns.get(name).and_then(|at| self.record.get(*at)).unwrap_or_default()
    }

    /// Whether its file has such a column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }

    pub(super) fn fields(&self) -> Vec<&str> {
        self.record.iter().collect()
    }
}
