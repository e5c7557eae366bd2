//! Queries for documents of a collection, and aggregations over them.

use serde::Deserialize;

use super::value::Value;
use crate::path::CollectionPath;

/// Selects and orders documents of a collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The collection, without its subcollections.
    pub collection: CollectionPath,
    /// Conditions that must all be met.
    pub filters: Vec<Filter>,
    /// The order, most significant first. It is followed by the fields with a range filter
    /// ([`Op::AtLeast`], [`Op::Less`]) that are not named here, ascending, and then by the id,
    /// ascending.
    pub order: Vec<Order>,
    /// The most documents to return.
    pub limit: Option<u32>,
    /// Only documents with a greater id. Such a query must have no `order` and no range filter.
    pub after: Option<String>,
    /// The fields to return; all of them for `None`.
    pub select: Option<&'static [&'static str]>,
}

impl Query {
    /// All documents of a collection, ordered by id.
    pub fn all(collection: CollectionPath) -> Self {
        Self {
            collection,
            filters: Vec::new(),
            order: Vec::new(),
            limit: None,
            after: None,
            select: None,
        }
    }

    /// Adds a condition.
    pub fn filter(mut self, field: &'static str, op: Op, value: impl Into<Value>) -> Self {
        self.filters.push(Filter { field, op, value: value.into() });
        self
    }

    /// Adds a less significant key to the order.
    pub fn order_by(mut self, field: &'static str, direction: Direction) -> Self {
        self.order.push(Order { field, direction });
        self
    }

    /// Returns at most `limit` documents.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Returns only documents whose id is greater than `id`.
    pub fn after(mut self, id: Option<String>) -> Self {
        self.after = id;
        self
    }

    /// Returns only these fields.
    pub fn select(mut self, fields: &'static [&'static str]) -> Self {
        self.select = Some(fields);
        self
    }
}

/// A condition on a field. A document without the field, or with a value of another type, does not
/// meet it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The field's name.
    pub field: &'static str,
    /// The comparison.
    pub op: Op,
    /// The value to compare with.
    pub value: Value,
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Equal.
    Equal,
    /// At least.
    AtLeast,
    /// Less than.
    Less,
}

/// One key of an order. Documents without the field are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field's name.
    pub field: &'static str,
    /// Ascending or descending.
    pub direction: Direction,
}

/// Ascending or descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A figure that the store computes over all documents of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// The number of documents.
    Count,
    /// The sum of a field of whole numbers; documents without it add nothing.
    Sum(&'static str),
}
