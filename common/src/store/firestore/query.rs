//! Converts queries and aggregations to Firestore's messages.

use std::collections::BTreeSet;

use gcloud_sdk::google::firestore::v1::run_aggregation_query_request as aggregation_request;
use gcloud_sdk::google::firestore::v1::run_query_request::QueryType;
use gcloud_sdk::google::firestore::v1::structured_aggregation_query::aggregation::{
    Count, Operator, Sum,
};
use gcloud_sdk::google::firestore::v1::structured_aggregation_query::{
    self, Aggregation as Figure,
};
use gcloud_sdk::google::firestore::v1::structured_query::filter::FilterType;
use gcloud_sdk::google::firestore::v1::structured_query::unary_filter::OperandType;
use gcloud_sdk::google::firestore::v1::structured_query::{
    self, CollectionSelector, CompositeFilter, FieldFilter, FieldReference, Projection,
    UnaryFilter, composite_filter, field_filter, unary_filter,
};
use gcloud_sdk::google::firestore::v1::value::ValueType;
use gcloud_sdk::google::firestore::v1::{
    self as wire, Cursor, RunAggregationQueryRequest, RunAggregationQueryResponse, RunQueryRequest,
    StructuredAggregationQuery, StructuredQuery,
};

use super::error::AnswerError;
use super::{encode, encode_write};
use crate::path::CollectionPath;
use crate::store::{Aggregation, Direction, Filter, Op, Query, StoreError, Value};

/// The pseudo-field that orders by id.
const NAME: &str = "__name__";

/// The request for the documents of `query`.
pub(super) fn run(documents: &str, query: &Query) -> RunQueryRequest {
    let (parent, _) = parent_and_id(documents, &query.collection);
    RunQueryRequest {
        parent,
        query_type: Some(QueryType::StructuredQuery(structured(documents, query))),
        ..Default::default()
    }
}

/// The request for one figure over the documents of `query`.
pub(super) fn aggregation(
    documents: &str,
    query: &Query,
    aggregation: Aggregation,
) -> RunAggregationQueryRequest {
    let (parent, _) = parent_and_id(documents, &query.collection);
    let mut selection = structured(documents, query);
    // An order would change nothing about a figure over all documents, and would need an index.
    if query.limit.is_none() && query.order.is_empty() && query.after.is_none() {
        selection.order_by.clear();
    }
    let asked = StructuredAggregationQuery {
        aggregations: vec![figure_of(aggregation)],
        query_type: Some(structured_aggregation_query::QueryType::StructuredQuery(selection)),
    };
    RunAggregationQueryRequest {
        parent,
        query_type: Some(aggregation_request::QueryType::StructuredAggregationQuery(asked)),
        ..Default::default()
    }
}

/// The one figure of an answer.
pub(super) fn figure(results: Vec<RunAggregationQueryResponse>) -> Result<i64, StoreError> {
    let figure = results
        .into_iter()
        .filter_map(|answer| answer.result)
        .flat_map(|result| result.aggregate_fields.into_values())
        .next()
        .ok_or(AnswerError::NoFigure)?;
    match encode::read_value(figure)? {
        Value::Integer(figure) => Ok(figure),
        // A sum past 64 bits comes as a double; the cast stops at the greatest whole number.
        Value::Double(figure) => Ok(figure as i64),
        _ => Err(AnswerError::NoFigure.into()),
    }
}

fn figure_of(aggregation: Aggregation) -> Figure {
    let operator = match aggregation {
        Aggregation::Count => Operator::Count(Count { up_to: None }),
        Aggregation::Sum(name) => Operator::Sum(Sum { field: Some(field(name)) }),
    };
    Figure { alias: "figure".to_owned(), operator: Some(operator) }
}

fn structured(documents: &str, query: &Query) -> StructuredQuery {
    let (_, collection_id) = parent_and_id(documents, &query.collection);
    StructuredQuery {
        select: query.select.map(projection),
        from: vec![CollectionSelector { collection_id, all_descendants: false }],
        r#where: all_of(&query.filters),
        order_by: order_by(query),
        start_at: query.after.as_ref().map(|id| after(documents, query, id)),
        limit: query.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)),
        ..Default::default()
    }
}

/// Adds the fields of range filters and the id. Firestore would add them by itself, but would order
/// the id in the direction of the last field, which needs another index.
fn order_by(query: &Query) -> Vec<structured_query::Order> {
    let named = |field: &str| query.order.iter().any(|order| order.field == field);
    let ranges: BTreeSet<_> = query
        .filters
        .iter()
        .filter(|filter| is_range(filter) && !named(filter.field))
        .map(|filter| filter.field)
        .collect();
    let ascending = |name: &str| by(name, Direction::Ascending);
    let order = query.order.iter().map(|order| by(order.field, order.direction));
    order.chain(ranges.into_iter().map(ascending)).chain([ascending(NAME)]).collect()
}

fn is_range(filter: &Filter) -> bool {
    filter.op != Op::Equal
}

/// The name of the collection's parent, and the collection's id.
fn parent_and_id(documents: &str, collection: &CollectionPath) -> (String, String) {
    match collection.as_str().rsplit_once('/') {
        Some((parent, id)) => (format!("{documents}/{parent}"), id.to_owned()),
        None => (documents.to_owned(), collection.as_str().to_owned()),
    }
}

/// For Firestore an empty projection means all fields, so no fields are written as the id alone.
fn projection(names: &'static [&'static str]) -> Projection {
    let names = if names.is_empty() { &[NAME] } else { names };
    Projection { fields: names.iter().copied().map(field).collect() }
}

fn field(name: &str) -> FieldReference {
    FieldReference { field_path: encode::field_path(name) }
}

fn by(name: &str, direction: Direction) -> structured_query::Order {
    let direction = match direction {
        Direction::Ascending => structured_query::Direction::Ascending,
        Direction::Descending => structured_query::Direction::Descending,
    };
    structured_query::Order { field: Some(field(name)), direction: direction.into() }
}

fn after(documents: &str, query: &Query, id: &str) -> Cursor {
    let last = query.collection.document(id.to_owned());
    Cursor {
        values: vec![wire::Value {
            value_type: Some(ValueType::ReferenceValue(encode_write::name(documents, &last))),
        }],
        before: false,
    }
}

fn all_of(filters: &[Filter]) -> Option<structured_query::Filter> {
    let mut filters: Vec<_> = filters.iter().map(filter).collect();
    match filters.len() {
        0 | 1 => filters.pop(),
        _ => Some(of_type(FilterType::CompositeFilter(CompositeFilter {
            op: composite_filter::Operator::And.into(),
            filters,
        }))),
    }
}

/// Firestore does not compare with null; it has a condition of its own for that.
fn filter(filter: &Filter) -> structured_query::Filter {
    let operand = field(filter.field);
    if (filter.op, &filter.value) == (Op::Equal, &Value::Null) {
        return of_type(FilterType::UnaryFilter(UnaryFilter {
            op: unary_filter::Operator::IsNull.into(),
            operand_type: Some(OperandType::Field(operand)),
        }));
    }
    of_type(FilterType::FieldFilter(FieldFilter {
        field: Some(operand),
        op: operator(filter.op).into(),
        value: Some(encode::value(&filter.value)),
    }))
}

fn operator(op: Op) -> field_filter::Operator {
    match op {
        Op::Equal => field_filter::Operator::Equal,
        Op::AtLeast => field_filter::Operator::GreaterThanOrEqual,
        Op::Less => field_filter::Operator::LessThan,
    }
}

fn of_type(filter: FilterType) -> structured_query::Filter {
    structured_query::Filter { filter_type: Some(filter) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Query {
        Query::all(CollectionPath::stray())
    }

    fn order_of(query: &Query) -> Vec<String> {
        order_by(query).into_iter().filter_map(|order| Some(order.field?.field_path)).collect()
    }

    #[test]
    fn a_field_of_a_range_filter_comes_between_the_order_and_the_id() {
        let query = all()
            .filter("start", Op::AtLeast, 1_i64)
            .filter("start", Op::Less, 9_i64)
            .filter("grain", Op::Equal, "day");
        assert_eq!(order_of(&query), ["start", NAME]);
        let counted = query.order_by("count", Direction::Descending);
        assert_eq!(order_of(&counted), ["count", "start", NAME]);
        let named = counted.order_by("start", Direction::Descending);
        assert_eq!(order_of(&named), ["count", "start", NAME]);
        assert_eq!(order_of(&all()), [NAME]);
    }

    #[test]
    fn a_figure_over_all_documents_has_no_order() {
        let ordered = |query: &Query| {
            let asked = aggregation("d", query, Aggregation::Count).query_type;
            let Some(aggregation_request::QueryType::StructuredAggregationQuery(asked)) = asked
            else {
                return None;
            };
            let structured_aggregation_query::QueryType::StructuredQuery(selection) =
                asked.query_type?;
            Some(!selection.order_by.is_empty())
        };
        assert_eq!(ordered(&all().filter("n", Op::Less, 1_i64)), Some(false));
        assert_eq!(ordered(&all().limit(1)), Some(true));
        assert_eq!(ordered(&all().order_by("n", Direction::Ascending)), Some(true));
    }
}
