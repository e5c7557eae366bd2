//! The tables of the store: one for all collections with the same name. The fields that queries
//! compare and commits add to are columns; the others are encoded together in `rest`.

use std::sync::LazyLock;

use crate::path::{Collection, PARTS};
use crate::store::{Fields, Value};

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A time, in microseconds since 1970.
    Timestamp,
}

impl Kind {
    /// Whether a column of this type can hold the value.
    pub(super) fn holds(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::Text, Value::Text(_))
                | (Self::Integer, Value::Integer(_))
                | (Self::Timestamp, Value::Timestamp(_))
        )
    }
}

/// A column that holds a field of the same name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// The field.
    pub(super) field: &'static str,
    /// The type of value that the column holds. A value of another type is in `rest`.
    pub(super) kind: Kind,
}

/// A table.
#[derive(Debug)]
pub(super) struct Layout {
    /// Its name, which is that of its collections.
    pub(super) table: &'static str,
    /// Its columns: first those that rows are clustered by, in this order.
    pub(super) columns: Vec<Column>,
    /// How many columns rows are clustered by. Rows of a table without any are in the order in which
    /// they came.
    pub(super) clustered: usize,
    /// How many columns, the first ones, say what a row counts; 0 in tables that count nothing.
    pub(super) identity: usize,
    /// Whether all ids are hashes, which are stored as bytes.
    pub(super) hashed: bool,
    /// Further indexes, each on the collection and these fields.
    pub(super) indexes: &'static [&'static [&'static str]],
    /// Statements, whose parameters are numbered as in [`super::rows`].
    pub(super) sql: Statements,
}

/// The statements of a table that are used for single documents.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) insert: String,
    pub(super) replace: String,
    pub(super) get: String,
    pub(super) delete: String,
    /// Adds to the count of one row; used in tables with an identity alone.
    pub(super) add: String,
}

/// The column that says when a document is removed.
pub(super) const EXPIRE_AT: &str = "expire_at";

/// The column that commits add to.
pub(super) const COUNT: &str = "count";

/// All tables.
static LAYOUTS: LazyLock<Vec<Layout>> = LazyLock::new(|| {
    let names = Collection::ALL.iter().map(|collection| collection.as_str()).chain([PARTS]);
    names.map(layout).collect()
});

/// All tables.
pub(super) fn all() -> &'static [Layout] {
    &LAYOUTS
}

/// The table of all collections with this name.
pub(super) fn of(name: &str) -> &'static Layout {
    let known = LAYOUTS.iter().find(|layout| layout.table == name);
    known.expect("collections are named by the module that builds paths")
}

fn layout(table: &'static str) -> Layout {
    use Kind::{Integer, Text, Timestamp};
    let (fields, clustered, indexes): (&[_], _, &'static [&[_]]) = match table {
        "rollups" => (
            &[
                ("dimension", Text),
                ("grain", Text),
                ("start", Timestamp),
                ("value", Text),
                ("shard", Integer),
                (COUNT, Integer),
                ("bytes", Integer),
                ("status_1xx", Integer),
                ("status_2xx", Integer),
                ("status_3xx", Integer),
                ("status_4xx", Integer),
                ("status_5xx", Integer),
            ],
            3,
            &[],
        ),
        "visitors" => (&[("day", Text)], 1, &[]),
        "events" => (
            &[("event_type", Text), ("timestamp", Timestamp), (EXPIRE_AT, Timestamp)],
            0,
            &[&["timestamp"], &["event_type", "timestamp"]],
        ),
        "salts" => (&[], 0, &[]),
        _ => (&[(EXPIRE_AT, Timestamp)], 0, &[]),
    };
    let columns = fields.iter().map(|(field, kind)| Column { field, kind: *kind }).collect();
    let names: Vec<&str> = fields.iter().map(|(field, _)| *field).collect();
    let identity = names.iter().position(|name| *name == COUNT).unwrap_or(0);
    let hashed = matches!(table, "rollups" | "visitors" | "quarantine");
    let sql = statements(table, &names, identity);
    Layout { table, columns, clustered, identity, hashed, indexes, sql }
}

/// Parameters: the collection, the id, the columns, and `rest`. Those of `add` are the collection, the
/// id, the columns of the identity, and the amount.
fn statements(table: &str, columns: &[&str], identity: usize) -> Statements {
    let listed: String = columns.iter().map(|column| format!("{column}, ")).collect();
    let values: String = (0..columns.len()).map(|at| format!("?{}, ", at + 3)).collect();
    let rest = columns.len() + 3;
    let row =
        format!("INTO {table} (collection, id, {listed}rest) VALUES (?1, ?2, {values}?{rest})");
    let one = format!("{table} WHERE collection = ?1 AND id = ?2");
    Statements {
        insert: format!("INSERT {row}"),
        replace: format!("INSERT OR REPLACE {row}"),
        get: format!("SELECT id, {listed}rest FROM {one}"),
        delete: format!("DELETE FROM {one}"),
        add: add(table, &columns[..identity]),
    }
}

fn add(table: &str, identity: &[&str]) -> String {
    let same = identity.iter().zip(3..).map(|(column, at)| format!(" AND {column} = ?{at}"));
    let (same, amount): (String, _) = (same.collect(), identity.len() + 3);
    // The primary key finds the row; the index on ids would take a second search.
    format!(
        "UPDATE {table} NOT INDEXED SET {COUNT} = {COUNT} + ?{amount}
         WHERE collection = ?1 AND id = ?2{same} AND rest IS NULL AND abs({COUNT}) < {LARGE}"
    )
}

/// Counts below this, plus amounts below this, are in range. SQLite would turn larger ones into
/// floating-point numbers.
pub(super) const LARGE: i64 = 1 << 62;

impl Layout {
    /// The column for `field`, and its position.
    pub(super) fn column(&self, field: &str) -> Option<(usize, Column)> {
        let at = self.columns.iter().position(|column| column.field == field)?;
        Some((at, self.columns[at]))
    }

    /// Whether the rows' order is that of their clustered columns.
    pub(super) fn is_clustered(&self) -> bool {
        self.clustered > 0
    }

    /// Whether documents of the table may expire.
    pub(super) fn expires(&self) -> bool {
        self.column(EXPIRE_AT).is_some()
    }

    /// Whether these fields are the identity of a count, and nothing else.
    pub(super) fn identifies(&self, fields: &Fields) -> bool {
        let holds = |column: &Column| {
            fields.get(column.field).is_some_and(|value| column.kind.holds(value))
        };
        self.identity > 0
            && fields.len() == self.identity
            && self.columns[..self.identity].iter().all(holds)
    }
}
