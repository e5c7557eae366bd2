//! The composite indexes that queries need. They are declared once, in `terraform/indexes.json`:
//! Terraform creates them in Firestore, and the embedded store creates them in SQLite.

use serde::Deserialize;

use super::query::{Aggregation, Direction, Op, Query};

/// The name of the id in an index.
pub const NAME: &str = "__name__";

/// A declared composite index.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Index {
    /// The id of the collections, such as `rollups`.
    pub collection: String,
    /// The fields with their directions, most significant first.
    pub fields: Vec<(String, Direction)>,
}

/// All declared indexes.
pub fn declared() -> Result<Vec<Index>, serde_json::Error> {
    serde_json::from_str(include_str!("../../../terraform/indexes.json"))
}

impl Index {
    /// The index that Firestore needs for a query, or for an aggregation over it: fields compared
    /// for equality first, then ranges and order, then the summed field. `None` if Firestore's
    /// automatic indexes of single fields suffice.
    pub fn needed(query: &Query, aggregation: Option<Aggregation>) -> Option<Self> {
        let collection = query.collection.name().to_owned();
        let (equal, ranges): (Vec<_>, Vec<_>) =
            query.filters.iter().partition(|filter| filter.op == Op::Equal);
        let mut fields: Vec<(String, Direction)> = Vec::new();
        let mut add = |field: &str, direction| {
            if !fields.iter().any(|(known, _)| known == field) {
                fields.push((field.to_owned(), direction));
            }
        };
        equal.iter().for_each(|filter| add(filter.field, Direction::Ascending));
        query.order.iter().for_each(|order| add(order.field, order.direction));
        ranges.iter().for_each(|filter| add(filter.field, Direction::Ascending));
        if let Some(Aggregation::Sum(field)) = aggregation {
            add(field, Direction::Ascending);
        }
        // By itself, Firestore adds the id in the direction of the last field; the port orders it
        // ascending.
        if fields.last().is_some_and(|(_, direction)| *direction == Direction::Descending) {
            fields.push((NAME.to_owned(), Direction::Ascending));
        }
        let is_composite = fields.len() > 1 && fields.len() > equal.len();
        is_composite.then_some(Self { collection, fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::TenantId;
    use crate::{event_listing, live_visitors, removal, rollup};

    fn needed() -> Vec<Index> {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let shapes = [
            rollup::shapes(&tenant),
            event_listing::shapes(&tenant),
            live_visitors::shapes(&tenant),
            removal::shapes(&tenant),
        ]
        .concat();
        shapes.iter().filter_map(|(query, figure)| Index::needed(query, *figure)).collect()
    }

    #[test]
    fn every_query_shape_has_a_declared_index() {
        let declared = declared().expect("a readable declaration");
        for index in needed() {
            assert!(declared.contains(&index), "not declared: {index:?}");
        }
    }

    #[test]
    fn every_declared_index_is_needed_by_a_query() {
        let needed = needed();
        for index in declared().expect("a readable declaration") {
            assert!(needed.contains(&index), "not needed: {index:?}");
        }
    }
}
