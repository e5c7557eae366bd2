//! Queries and aggregations as SQL over the JSON of documents.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};

use super::encode::{decode, tag};
use crate::hash;
use crate::store::index::NAME;
use crate::store::{Aggregation, Direction, Document, Filter, Op, Order, Query, StoreError, Value};

/// The documents of `query`.
pub(super) fn documents(db: &Connection, query: &Query) -> Result<Vec<Document>, StoreError> {
    let (condition, values) = condition(query);
    let order: String = order_of(query).iter().map(order).collect();
    let limit = query.limit.map_or(-1, i64::from);
    let (table, id) = (query.collection.name(), id(query));
    let sql = format!(
        "SELECT id, fields FROM {table} WHERE {condition} ORDER BY {order}{id} LIMIT {limit}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        documents.push(document(row, query)?);
    }
    Ok(documents)
}

/// One figure for each aggregation.
pub(super) fn figures(
    db: &Connection,
    query: &Query,
    aggregations: &[Aggregation],
) -> Result<Vec<i64>, StoreError> {
    if aggregations.is_empty() {
        return Ok(Vec::new());
    }
    let (condition, values) = condition(query);
    let figures: Vec<String> = aggregations.iter().map(figure).collect();
    let (figures, table) = (figures.join(", "), query.collection.name());
    let sql = format!("SELECT {figures} FROM {table} WHERE {condition}");
    let mut statement = db.prepare_cached(&sql)?;
    let row = |row: &Row<'_>| (0..aggregations.len()).map(|column| row.get(column)).collect();
    Ok(statement.query_row(params_from_iter(values), row)?)
}

fn document(row: &Row<'_>, query: &Query) -> Result<Document, StoreError> {
    let mut fields = decode(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
    if let Some(select) = query.select {
        fields.retain(|name, _| select.contains(&name.as_str()));
    }
    Ok(Document { id: row.get(0)?, fields })
}

/// The id as the last key of an order. With filters, the plus sign keeps SQLite from using the
/// index on the id, which would read the whole collection.
fn id(query: &Query) -> &'static str {
    if query.filters.is_empty() { "id" } else { "+id" }
}

/// The condition, with `?` for each value. Field names come from the code, so they need no
/// escaping.
fn condition(query: &Query) -> (String, Vec<Sql>) {
    let mut condition = "collection = ?".to_owned();
    let mut values = vec![Sql::Text(query.collection.as_str().to_owned())];
    for filter in &query.filters {
        condition += &comparison(filter);
        values.push(sql(&filter.value));
    }
    for order in &query.order {
        condition += &format!(" AND {} IS NOT NULL", value(order.field));
    }
    if let Some(after) = &query.after {
        condition += " AND id > ?";
        values.push(Sql::Text(after.clone()));
    }
    (condition, values)
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

fn comparison(filter: &Filter) -> String {
    let op = match filter.op {
        Op::Equal => "=",
        Op::AtLeast => ">=",
        Op::Less => "<",
    };
    let (field, tag) = (filter.field, tag(&filter.value));
    format!(" AND json_extract(fields, '$.{field}[0]') = '{tag}' AND {} {op} ?", value(field))
}

fn order(order: &Order) -> String {
    let direction = match order.direction {
        Direction::Ascending => "",
        Direction::Descending => " DESC",
    };
    format!("{}{direction}, ", value(order.field))
}

fn figure(aggregation: &Aggregation) -> String {
    match aggregation {
        Aggregation::Count => "count(*)".to_owned(),
        Aggregation::Sum(field) => format!(
            "coalesce(sum(iif(json_extract(fields, '$.{field}[0]') = 'i', {}, 0)), 0)",
            value(field)
        ),
    }
}

/// The expression for the value of a field, or for the id. Indexes must use exactly this one.
pub(super) fn value(field: &str) -> String {
    if field == NAME {
        return "id".to_owned();
    }
    format!("json_extract(fields, '$.{field}[1]')")
}

fn sql(value: &Value) -> Sql {
    match value {
        Value::Null | Value::Map(_) => Sql::Null,
        Value::Bool(bool) => Sql::Integer(i64::from(*bool)),
        Value::Integer(number) => Sql::Integer(*number),
        Value::Double(number) => Sql::Real(*number),
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Bytes(bytes) => Sql::Text(hash::hexadecimal(bytes)),
        Value::Timestamp(time) => Sql::Integer(time.timestamp_micros()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;
    use crate::tenant::TenantId;
    use crate::{event_listing, rollup};

    /// SQLite's plan for `query`.
    fn plan(db: &Connection, query: &Query) -> String {
        let (condition, values) = condition(query);
        let order: String = order_of(query).iter().map(order).collect();
        let (table, id) = (query.collection.name(), id(query));
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT id, fields FROM {table} WHERE {condition} \
             ORDER BY {order}{id}"
        );
        let mut statement = db.prepare(&sql).expect("a statement");
        let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3));
        rows.expect("a plan").map(|row| row.expect("a step")).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn every_query_shape_uses_an_index() {
        let db = Connection::open_in_memory().expect("a database");
        db.execute_batch(&schema::statements().expect("a declaration")).expect("the tables");
        let tenant = TenantId::parse("acme").expect("a tenant");
        let shapes = [rollup::shapes(&tenant), event_listing::shapes(&tenant)].concat();
        for (query, _) in shapes {
            let plan = plan(&db, &query);
            let index = format!("USING INDEX {}_by_", query.collection.name());
            assert!(plan.contains(&index), "{plan}");
        }
    }
}
