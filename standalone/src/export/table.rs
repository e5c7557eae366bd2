//! The documents of one collection as a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, Write};

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// The column of a document's id.
const ID: &str = "id";
/// The characters that a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A row: its cells by their columns.
type Row = BTreeMap<String, String>;

/// Why there is no table.
#[derive(Debug, Error)]
pub(super) enum TableError {
    #[error("cannot use the temporary file for its rows")]
    Rows(#[from] io::Error),
    #[error("a line of the export is not a document")]
    Line(#[from] serde_json::Error),
    #[error(transparent)]
    Csv(#[from] csv::Error),
}

/// The documents so far. They wait in a temporary file, because the last one may bring a new column.
pub(super) struct Table {
    collection: String,
    columns: BTreeSet<String>,
    rows: BufWriter<File>,
}

#[derive(Deserialize)]
struct Line {
    collection: String,
    id: String,
    document: Value,
}

impl Table {
    /// A table without rows.
    pub(super) fn new(collection: &str) -> Result<Self, TableError> {
        let rows = BufWriter::new(tempfile::tempfile()?);
        Ok(Self { collection: collection.to_owned(), columns: BTreeSet::new(), rows })
    }

    /// Adds a line of the export if it belongs to the collection.
    pub(super) fn add(&mut self, line: &[u8]) -> Result<(), TableError> {
        let Line { collection, id, document } = serde_json::from_slice(line)?;
        if collection != self.collection {
            return Ok(());
        }
        let mut row = Row::new();
        flatten("", &document, &mut row);
        self.columns.extend(row.keys().filter(|name| *name != ID).cloned());
        row.insert(ID.to_owned(), id);
        serde_json::to_writer(&mut self.rows, &row)?;
        Ok(self.rows.write_all(b"\n")?)
    }

    /// Writes the header and the rows.
    pub(super) fn write(self, out: impl Write) -> Result<(), TableError> {
        let mut rows = self.rows.into_inner().map_err(io::IntoInnerError::into_error)?;
        rows.rewind()?;
        let columns: Vec<_> =
            [ID].into_iter().chain(self.columns.iter().map(String::as_str)).collect();
        let mut table = csv::Writer::from_writer(out);
        table.write_record(&columns)?;
        for line in BufReader::new(rows).lines() {
            let row: Row = serde_json::from_str(&line?)?;
            table.write_record(
                columns.iter().map(|name| row.get(*name).map_or("", String::as_str)),
            )?;
        }
        Ok(table.flush()?)
    }
}

/// The cells of a value, below the column `name`.
fn flatten(name: &str, value: &Value, row: &mut Row) {
    let cell = match value {
        Value::Object(fields) => {
            let below = |field: &str| match name {
                "" => field.to_owned(),
                _ => format!("{name}.{field}"),
            };
            return fields.iter().for_each(|(field, value)| flatten(&below(field), value, row));
        }
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(FORMULA) => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    row.insert(name.to_owned(), cell);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(lines: &[Value]) -> String {
        let mut table = Table::new("events").expect("a table");
        for line in lines {
            table.add(format!("{line}\n").as_bytes()).expect("a row");
        }
        let mut out = Vec::new();
        table.write(&mut out).expect("written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_field_of_some_document_is_a_column() {
        let lines = [
            json!({"collection": "events", "id": "a", "document": {"page": "/, \"x\"", "n": -1}}),
            json!({"collection": "log_batches", "id": "l", "document": {"lines": 3}}),
            json!({"collection": "events", "id": "b", "document":
                {"payload": {"plan": "pro", "tags": ["a", 1], "none": null}}}),
        ];
        assert_eq!(
            written(&lines),
            "id,n,page,payload.none,payload.plan,payload.tags\n\
             a,-1,\"/, \"\"x\"\"\",,,\n\
             b,,,,pro,\"[\"\"a\"\",1]\"\n"
        );
    }

    #[test]
    fn a_text_is_no_formula() {
        let document = json!({"title": "=HYPERLINK(1)", "page": "/-"});
        let line = json!({"collection": "events", "id": "a", "document": document});
        assert_eq!(written(&[line]), "id,page,title\na,/-,'=HYPERLINK(1)\n");
    }

    #[test]
    fn a_tenant_without_documents_has_a_table_with_a_header_only() {
        assert_eq!(written(&[]), "id\n");
    }

    #[test]
    fn a_line_that_is_no_document_is_an_error() {
        let mut table = Table::new("events").expect("a table");
        assert!(matches!(table.add(b"{}\n"), Err(TableError::Line(_))));
    }
}
