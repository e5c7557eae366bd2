//! The statements that create the tables.

use super::layout::{self, EXPIRE_AT, Layout};

/// The numbers that stand for the paths of collections in all tables but `parts`, whose collections
/// are as many as its documents.
const COLLECTIONS: &str = "CREATE TABLE IF NOT EXISTS collections (
    number INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE
);
";

/// The statements that create whatever is missing.
pub(super) fn statements() -> String {
    std::iter::once(COLLECTIONS.to_owned()).chain(layout::all().iter().map(create)).collect()
}

/// A clustered table keeps the rows of a window together, so that a sum or a list of a window reads
/// neighbours and a commit changes few pages. No index holds what commits add to.
fn create(layout: &Layout) -> String {
    let Layout { table, columns, clustered, .. } = layout;
    let column = |at: usize, field: &str| {
        let bound = if at < *clustered { " NOT NULL" } else { "" };
        format!("{field}{bound}, ")
    };
    let listed: String = columns.iter().enumerate().map(|(at, it)| column(at, it.field)).collect();
    let key: String = columns[..*clustered].iter().map(|it| format!("{}, ", it.field)).collect();
    let (primary, option) = if layout.is_clustered() {
        (format!(", PRIMARY KEY (collection, {key}id)"), " WITHOUT ROWID")
    } else {
        (String::new(), "")
    };
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {table} (
            collection NOT NULL, id NOT NULL, {listed}rest BLOB{primary}
        ){option};
        CREATE UNIQUE INDEX IF NOT EXISTS {table}_by_id ON {table} (collection, id);\n"
    );
    let indexes = layout.indexes.iter().map(|fields| {
        let (name, keys) = (fields.join("_"), fields.join(", "));
        format!("CREATE INDEX IF NOT EXISTS {table}_by_{name} ON {table} (collection, {keys});\n")
    });
    let expiry = layout.expires().then(|| {
        format!(
            "CREATE INDEX IF NOT EXISTS {table}_by_expiry ON {table} ({EXPIRE_AT})
             WHERE {EXPIRE_AT} IS NOT NULL;\n"
        )
    });
    std::iter::once(create).chain(indexes).chain(expiry).collect()
}
