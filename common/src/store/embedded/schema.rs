//! The tables and indexes of the store: a table for all collections with the same id, with the
//! indexes that are declared for that id.

use super::select::value;
use crate::path::{Collection, PARTS};
use crate::store::Direction;
use crate::store::index::{Index, NAME, declared};

/// Indexes on single fields, in which a value's documents are in the order of their ids. Firestore
/// creates these by itself; SQLite does not.
const SINGLE: [(&str, &str); 1] = [("visitors", "day")];

/// An index of earlier versions, since replaced by one that orders by id too.
const DROP_OLD: &str = "DROP INDEX IF EXISTS visitors_by_day;\n";

/// The statements that create whatever is missing.
pub(super) fn statements() -> Result<String, serde_json::Error> {
    let tables = Collection::ALL.iter().map(|collection| collection.as_str()).chain([PARTS]);
    let single = SINGLE.map(|(collection, field)| Index {
        collection: collection.to_owned(),
        fields: [field, NAME].map(|name| (name.to_owned(), Direction::Ascending)).into(),
    });
    let indexes = declared()?.into_iter().chain(single);
    let statements = tables.map(create_table).chain(indexes.map(|index| create_index(&index)));
    Ok(std::iter::once(DROP_OLD.to_owned()).chain(statements).collect())
}

fn create_table(name: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {name} (
            collection TEXT NOT NULL,
            id TEXT NOT NULL,
            fields TEXT NOT NULL,
            UNIQUE (collection, id)
        );\n"
    )
}

fn create_index(Index { collection, fields }: &Index) -> String {
    let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
    let key = |(field, direction): &(String, Direction)| match direction {
        Direction::Ascending => value(field),
        Direction::Descending => format!("{} DESC", value(field)),
    };
    let (name, keys) = (names.join("_"), fields.iter().map(key).collect::<Vec<_>>().join(", "));
    format!(
        "CREATE INDEX IF NOT EXISTS {collection}_by_{name} ON {collection} (collection, {keys});\n"
    )
}
