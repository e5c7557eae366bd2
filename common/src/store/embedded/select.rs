//! Queries and aggregations. What columns hold, SQLite selects and orders; the rest is read, decoded
//! and compared here.

use std::cmp::Ordering;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};

use super::encode::encode_value;
use super::ids::{self, CollectionKey, Id};
use super::layout::{self, Layout};
use super::rows::document;
use crate::store::{Aggregation, Direction, Document, Filter, Op, Order, Query, StoreError, Value};

/// The documents of `query`.
pub(super) fn documents(db: &Connection, query: &Query) -> Result<Vec<Document>, StoreError> {
    let layout = layout::of(query.collection.name());
    let Some(collection) = ids::find(db, &query.collection)? else { return Ok(Vec::new()) };
    let statement = Statement::of(layout, query, &collection);
    let is_ordered = Statement::can_order(layout, query);
    let most = query.limit.map_or(usize::MAX, |limit| limit as usize);
    let read = if is_ordered { most } else { usize::MAX };
    let mut documents = statement.read(db, layout, query, read)?;
    if !is_ordered {
        documents.sort_by(|one, other| compare(query, one, other));
        documents.truncate(most);
        documents.iter_mut().for_each(|document| keep_selected(query, document));
    }
    Ok(documents)
}

/// Drops the fields that were not asked for.
fn keep_selected(query: &Query, document: &mut Document) {
    if let Some(fields) = query.select {
        document.fields.retain(|name, _| fields.contains(&name.as_str()));
    }
}

/// One figure for each aggregation.
pub(super) fn figures(
    db: &Connection,
    query: &Query,
    aggregations: &[Aggregation],
) -> Result<Vec<i64>, StoreError> {
    let layout = layout::of(query.collection.name());
    let summed = |aggregation: &Aggregation| match aggregation {
        Aggregation::Count => true,
        Aggregation::Sum(field) => layout.column(field).is_some(),
    };
    if !Statement::can_say_all(layout, query) || !aggregations.iter().all(summed) {
        let documents = documents(db, query)?;
        return Ok(aggregations.iter().map(|figure| over(*figure, &documents)).collect());
    }
    let Some(collection) = ids::find(db, &query.collection)? else {
        return Ok(vec![0; aggregations.len()]);
    };
    Statement::of(layout, query, &collection).figures(db, layout, aggregations)
}

/// What SQLite is asked.
struct Statement {
    index: Option<String>,
    condition: String,
    order: String,
    values: Vec<Sql>,
}

impl Statement {
    /// Whether all that the query compares is in columns.
    fn can_say_all(layout: &Layout, query: &Query) -> bool {
        query.filters.iter().all(|filter| can_say(layout, filter)) && Self::can_order(layout, query)
    }

    /// Whether all that the query orders by is in columns.
    fn can_order(layout: &Layout, query: &Query) -> bool {
        order_of(query).iter().all(|order| layout.column(order.field).is_some())
    }

    /// What the query says, as far as columns hold it. Of a text that no column holds, the bytes must be
    /// in the row: so most rows that do not have it are never decoded.
    fn of(layout: &Layout, query: &Query, collection: &CollectionKey) -> Self {
        let (all, is_ordered) = (Self::can_say_all(layout, query), Self::can_order(layout, query));
        let mut statement = Self {
            index: index(layout, query).filter(|_| is_ordered),
            condition: "collection = ?".to_owned(),
            order: String::new(),
            values: vec![number(collection)],
        };
        if let Some(after) = &query.after {
            statement.also(&format!("{} > ?", key(layout, query)), id(layout, after));
        }
        for filter in &query.filters {
            if can_say(layout, filter) {
                statement.add_filter(filter);
            } else if let Filter { op: Op::Equal, value: Value::Text(_), .. } = filter {
                statement.also("instr(rest, ?) > 0", Sql::Blob(encode_value(&filter.value)));
            }
        }
        if is_ordered {
            order_of(query).iter().for_each(|order| statement.add_order(*order));
        }
        statement.order += key(layout, query);
        if let Some(limit) = query.limit.filter(|_| all) {
            statement.order += &format!(" LIMIT {limit}");
        }
        statement
    }

    fn also(&mut self, condition: &str, value: Sql) {
        self.condition += " AND ";
        self.condition += condition;
        self.values.push(value);
    }

    /// An empty blob stands for an absent field. It is greater than every number and text.
    fn add_filter(&mut self, Filter { field, op, value }: &Filter) {
        let condition = match op {
            Op::Equal => format!("{field} = ?"),
            Op::AtLeast => format!("{field} >= ? AND {field} < x''"),
            Op::Less => format!("{field} < ?"),
        };
        self.also(&condition, sql(value));
    }

    fn add_order(&mut self, Order { field, direction }: Order) {
        self.condition += &format!(" AND {field} < x''");
        self.order += &match direction {
            Direction::Ascending => format!("{field}, "),
            Direction::Descending => format!("{field} DESC, "),
        };
    }

    fn sql(&self, selected: &str, layout: &Layout) -> String {
        let by =
            self.index.as_ref().map(|index| format!(" INDEXED BY {index}")).unwrap_or_default();
        format!("SELECT {selected} FROM {}{by} WHERE {}", layout.table, self.condition)
    }

    /// The first `most` documents that meet the query.
    fn read(
        &self,
        db: &Connection,
        layout: &Layout,
        query: &Query,
        most: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let columns: String =
            layout.columns.iter().map(|column| format!("{}, ", column.field)).collect();
        let select = self.sql(&format!("id, {columns}rest"), layout);
        let mut statement = db.prepare_cached(&format!("{select} ORDER BY {}", self.order))?;
        let mut rows = statement.query(params_from_iter(&self.values))?;
        let (mut documents, said) = (Vec::new(), Self::can_say_all(layout, query));
        while documents.len() < most
            && let Some(row) = rows.next()?
        {
            let mut document = document(layout, row)?;
            if said || meets(query, &document) {
                if Self::can_order(layout, query) {
                    keep_selected(query, &mut document);
                }
                documents.push(document);
            }
        }
        Ok(documents)
    }

    fn figures(
        &self,
        db: &Connection,
        layout: &Layout,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError> {
        if aggregations.is_empty() {
            return Ok(Vec::new());
        }
        let figure = |aggregation: &Aggregation| match aggregation {
            Aggregation::Count => "count(*)".to_owned(),
            Aggregation::Sum(field) => format!("coalesce(sum({field}), 0)"),
        };
        let figures: Vec<_> = aggregations.iter().map(figure).collect();
        let mut statement = db.prepare_cached(&self.sql(&figures.join(", "), layout))?;
        let row = |row: &Row<'_>| (0..aggregations.len()).map(|at| row.get(at)).collect();
        Ok(statement.query_row(params_from_iter(&self.values), row)?)
    }
}

/// Whether a column holds what the filter compares.
fn can_say(layout: &Layout, filter: &Filter) -> bool {
    layout.column(filter.field).is_some_and(|(_, column)| column.kind.holds(&filter.value))
}

/// The index that holds most of what the query compares. Without statistics, SQLite would guess.
fn index(layout: &Layout, query: &Query) -> Option<String> {
    let compares = |field: &&str| {
        query.filters.iter().any(|filter| filter.field == *field)
            || query.order.iter().any(|order| order.field == *field)
    };
    let usable = layout.indexes.iter().filter(|fields| fields.iter().all(&compares));
    let fields = usable.max_by_key(|fields| fields.len())?;
    Some(format!("{}_by_{}", layout.table, fields.join("_")))
}

/// The id. The plus sign keeps SQLite from using the index on ids, which would read the whole
/// collection. The rows of one window are in the order of ids anyway.
fn key(layout: &Layout, query: &Query) -> &'static str {
    let is_equal =
        |field| query.filters.iter().any(|filter| filter.field == field && filter.op == Op::Equal);
    let of_one_window = layout.is_clustered()
        && layout.columns[..layout.clustered].iter().all(|column| is_equal(column.field));
    if query.filters.is_empty() || of_one_window { "id" } else { "+id" }
}

fn number(collection: &CollectionKey) -> Sql {
    match collection {
        CollectionKey::Number(number) => Sql::Integer(*number),
        CollectionKey::Path(path) => Sql::Text(path.as_str().to_owned()),
    }
}

fn id(layout: &Layout, id: &str) -> Sql {
    match Id::of(layout, id) {
        Id::Hash(bytes) => Sql::Blob(bytes),
        Id::Text(text) => Sql::Text(text.to_owned()),
    }
}

fn sql(value: &Value) -> Sql {
    match value {
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Integer(number) => Sql::Integer(*number),
        Value::Timestamp(at) => Sql::Integer(at.timestamp_micros()),
        // No column holds these.
        Value::Null | Value::Bool(_) | Value::Double(_) | Value::Bytes(_) | Value::Map(_) => {
            Sql::Null
        }
    }
}

/// The order that the port promises: named fields first, then those with a range filter.
fn order_of(query: &Query) -> Vec<Order> {
    let mut order = query.order.clone();
    for Filter { field, op, .. } in &query.filters {
        if *op != Op::Equal && !order.iter().any(|key| key.field == *field) {
            order.push(Order { field, direction: Direction::Ascending });
        }
    }
    order
}

fn meets(query: &Query, document: &Document) -> bool {
    let holds = |filter: &Filter| {
        let Some(value) = document.fields.get(filter.field) else { return false };
        let Some(found) = within_type(value, &filter.value) else { return false };
        match filter.op {
            Op::Equal => found.is_eq(),
            Op::AtLeast => found.is_ge(),
            Op::Less => found.is_lt(),
        }
    };
    let has =
        |order: &Order| document.fields.get(order.field).is_some_and(|value| *value != Value::Null);
    query.filters.iter().all(holds) && query.order.iter().all(has)
}

/// `None` for values of different types, and of those that have no order.
fn within_type(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        (Value::Integer(one), Value::Integer(other)) => Some(one.cmp(other)),
        (Value::Double(one), Value::Double(other)) => one.partial_cmp(other),
        (Value::Text(one), Value::Text(other)) => Some(one.cmp(other)),
        (Value::Bytes(one), Value::Bytes(other)) => Some(one.cmp(other)),
        (Value::Timestamp(one), Value::Timestamp(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// Values of different types are equal here; Spillway never mixes types in a field.
fn compare(query: &Query, one: &Document, other: &Document) -> Ordering {
    let by = |order: &Order| {
        let (one, other) = (one.fields.get(order.field)?, other.fields.get(order.field)?);
        let ordering = within_type(one, other)?;
        Some(if order.direction == Direction::Ascending { ordering } else { ordering.reverse() })
    };
    let orders = order_of(query);
    let ordering = orders.iter().filter_map(by).find(|ordering| ordering.is_ne());
    ordering.unwrap_or_else(|| one.id.cmp(&other.id))
}

fn over(aggregation: Aggregation, documents: &[Document]) -> i64 {
    match aggregation {
        Aggregation::Count => i64::try_from(documents.len()).unwrap_or(i64::MAX),
        Aggregation::Sum(field) => {
            let values = documents.iter().filter_map(|document| document.integer(field));
            values.fold(0, i64::saturating_add)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;
    use crate::tenant::TenantId;
    use crate::{event_listing, rollup};

    fn tables() -> Connection {
        let db = Connection::open_in_memory().expect("a database");
        db.execute_batch(&schema::statements()).expect("the tables");
        db
    }

    /// SQLite's plan for `sql`.
    fn plan(db: &Connection, sql: &str, values: &[Sql]) -> String {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
        let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3));
        rows.expect("a plan").map(|row| row.expect("a step")).collect::<Vec<_>>().join("; ")
    }

    /// Every shape reads no more than the rows of its equal fields, and of its range.
    #[test]
    fn every_query_shape_searches_by_all_that_it_compares() {
        let db = tables();
        let tenant = TenantId::parse("acme").expect("a tenant");
        for (query, _) in [rollup::shapes(&tenant), event_listing::shapes(&tenant)].concat() {
            let layout = layout::of(query.collection.name());
            assert!(Statement::can_say_all(layout, &query), "{query:?}");
            let statement = Statement::of(layout, &query, &CollectionKey::Number(1));
            let select = format!("{} ORDER BY {}", statement.sql("*", layout), statement.order);
            let plan = plan(&db, &select, &statement.values);
            assert!(plan.starts_with("SEARCH") && !plan.contains("_by_id"), "{plan}");
            for filter in &query.filters {
                let is_key = filter.field != "value";
                assert_eq!(plan.contains(filter.field), is_key, "{plan}");
            }
        }
    }

    #[test]
    fn a_count_is_found_by_its_primary_key() {
        let rollups = layout::of("rollups");
        let values = vec![Sql::Null; rollups.identity + 3];
        let plan = plan(&tables(), &rollups.sql.add, &values);
        assert!(plan.contains("PRIMARY KEY (collection=? AND dimension=? AND grain=?"), "{plan}");
    }
}
