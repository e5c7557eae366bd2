//! Queries for the documents of a collection, and figures over them.

use serde::Deserialize;

use super::value::Value;
use crate::path::CollectionPath;

/// Which documents of a collection, in which order.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Where to look; subcollections are others.
    pub collection: CollectionPath,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// The order, most significant first. A field with a range filter ([`Op::AtLeast`],
    /// [`Op::Less`]) that is not named here comes after those that are, ascending; the id decides
    /// last, ascending.
    pub order: Vec<Order>,
    /// At most so many documents.
    pub limit: Option<u32>,
    /// Only documents whose id is greater; for queries without `order` and range filters.
    pub after: Option<String>,
    /// Only these fields, where set; all, where not.
    pub select: Option<&'static [&'static str]>,
}

impl Query {
    /// All of a collection, by id.
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

    /// With one more condition.
    pub fn filter(mut self, field: &'static str, op: Op, value: impl Into<Value>) -> Self {
        self.filters.push(Filter { field, op, value: value.into() });
        self
    }

    /// With one more, less significant, key of the order.
    pub fn order_by(mut self, field: &'static str, direction: Direction) -> Self {
        self.order.push(Order { field, direction });
        self
    }

    /// At most `limit` documents.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Only documents whose id is greater than `id`.
    pub fn after(mut self, id: Option<String>) -> Self {
        self.after = id;
        self
    }

    /// Only these fields.
    pub fn select(mut self, fields: &'static [&'static str]) -> Self {
        self.select = Some(fields);
        self
    }
}

/// A condition on a field. A document without the field, or with a value of another type, does
/// not meet it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The field's name.
    pub field: &'static str,
    /// How it is compared.
    pub op: Op,
    /// With what.
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

/// One key of an order. A document without the field is not in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field's name.
    pub field: &'static str,
    /// Which end comes first.
    pub direction: Direction,
}

/// Which end of an order comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// A figure over all documents that a query selects, computed by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// How many there are.
    Count,
    /// The sum of a whole-number field; documents without it add nothing.
    Sum(&'static str),
}
