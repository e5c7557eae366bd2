//! The indexes that queries need. They are declared once, in `terraform/indexes.json`: Terraform creates
//! them in Firestore, and the embedded store creates the composite ones in SQLite.

use std::collections::BTreeMap;

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

/// Everything that is declared.
#[derive(Debug, Deserialize)]
pub struct Declared {
    /// The collections whose fields have no index of their own.
    pub unindexed: Vec<String>,
    /// Except these, by collection: queries compare them for equality without an order.
    pub indexed: BTreeMap<String, Vec<String>>,
    /// The indexes of several fields.
    pub composite: Vec<Index>,
}

/// What the file declares.
pub fn declared() -> Result<Declared, serde_json::Error> {
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::path::{Collection, PARTS};
    use crate::tenant::TenantId;
    use crate::{event_listing, live_visitors, removal, rollup};

    type Shape = (Query, Option<Aggregation>);
    type Fields = BTreeMap<String, BTreeSet<String>>;

    fn all() -> Declared {
        declared().expect("a readable declaration")
    }

    fn shapes() -> Vec<Shape> {
        let tenant = TenantId::parse("acme").expect("a tenant");
        [
            rollup::shapes(&tenant),
            event_listing::shapes(&tenant),
            live_visitors::shapes(&tenant),
            removal::shapes(&tenant),
        ]
        .concat()
    }

    fn needed() -> Vec<Index> {
        shapes().iter().filter_map(|(query, figure)| Index::needed(query, *figure)).collect()
    }

    /// The fields of queries that need no composite index, and have none that begins with all of their
    /// fields and goes on with the id: Firestore puts the indexes of single fields together for them.
    fn compared_alone() -> Fields {
        let mut alone = Fields::new();
        for (query, figure) in shapes() {
            let fields = fields_of(&query);
            if Index::needed(&query, figure).is_none() && !has_composite(&query, &fields) {
                alone.entry(query.collection.name().to_owned()).or_default().extend(fields);
            }
        }
        alone.retain(|_, fields| !fields.is_empty());
        alone
    }

    fn fields_of(query: &Query) -> BTreeSet<String> {
        let filtered = query.filters.iter().map(|filter| filter.field);
        let ordered = query.order.iter().map(|order| order.field);
        filtered.chain(ordered).map(str::to_owned).collect()
    }

    fn has_composite(query: &Query, fields: &BTreeSet<String>) -> bool {
        let of_index = |index: &Index| -> BTreeSet<String> {
            let names = index.fields.iter().map(|(name, _)| name.clone());
            names.filter(|name| name != NAME).collect()
        };
        let mut declared = all().composite.into_iter();
        declared
            .any(|index| index.collection == query.collection.name() && of_index(&index) == *fields)
    }

    #[test]
    fn every_query_shape_has_a_declared_index() {
        let declared = all().composite;
        for index in needed() {
            assert!(declared.contains(&index), "not declared: {index:?}");
        }
    }

    #[test]
    fn every_declared_index_is_needed_by_a_query() {
        let needed = needed();
        for index in all().composite {
            assert!(needed.contains(&index), "not needed: {index:?}");
        }
    }

    /// The emulator indexes every field; Firestore only these.
    #[test]
    fn every_field_that_is_compared_alone_has_an_index_and_no_other() {
        let indexed = all().indexed.into_iter();
        let indexed: Fields =
            indexed.map(|(name, fields)| (name, fields.into_iter().collect())).collect();
        assert_eq!(indexed, compared_alone());
    }

    #[test]
    fn every_collection_is_exempt_from_automatic_indexes() {
        let collections = Collection::ALL.map(Collection::as_str).into_iter().chain([PARTS]);
        let collections: BTreeSet<_> = collections.map(str::to_owned).collect();
        assert_eq!(all().unindexed.into_iter().collect::<BTreeSet<_>>(), collections);
    }
}
