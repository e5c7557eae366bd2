//! Counts and sums that the store computes, so that reads do not become slower as counts grow.

use common::path::Collection;
use common::path::CollectionPath;
use common::store::{Aggregation, DocumentStore, Op, Query, fields};

use super::documents::{commit, create, log, logs, number, put, tenant};

async fn figures(
    store: &dyn DocumentStore,
    query: Query,
    aggregations: &[Aggregation],
) -> Vec<i64> {
    store.aggregate(&query, aggregations).await.expect("an aggregation")
}

/// The answers have the order of the questions, and cover the collection without its neighbours.
pub async fn a_count_and_a_sum_cover_what_the_filters_select(store: &dyn DocumentStore) {
    let rollup =
        |grain: &str, count: i64| fields([("grain", grain.into()), ("count", count.into())]);
    put(store, vec![("1", rollup("day", 5)), ("2", rollup("day", 7)), ("3", rollup("all", 100))])
        .await;
    let elsewhere = CollectionPath::of(&tenant("other"), Collection::ProcessedLogs);
    commit(
        store,
        vec![
            create(elsewhere.hashed(&["1"]), rollup("day", 1_000)),
            create(log("1").part(1), rollup("day", 1_000)),
        ],
    )
    .await;
    let both = [Aggregation::Sum("count"), Aggregation::Count, Aggregation::Sum("count")];
    let days = Query::all(logs()).filter("grain", Op::Equal, "day");
    assert_eq!(figures(store, days, &both).await, [12, 2, 12]);
    let large = Query::all(logs()).filter("count", Op::AtLeast, 6_i64);
    assert_eq!(figures(store, large, &both).await, [107, 2, 107]);
    assert_eq!(figures(store, Query::all(logs()), &both).await, [112, 3, 112]);
    assert_eq!(figures(store, Query::all(logs()), &[]).await, [0_i64; 0]);
}

/// They add nothing to the sum, but they are counted.
pub async fn a_sum_takes_documents_without_the_field_as_zero(store: &dyn DocumentStore) {
    put(store, vec![("1", number(5)), ("2", number(-7)), ("3", fields([]))]).await;
    let both = [Aggregation::Sum("n"), Aggregation::Count, Aggregation::Sum("missing")];
    assert_eq!(figures(store, Query::all(logs()), &both).await, [-2, 3, 0]);
}

/// They are not an error.
pub async fn counts_and_sums_of_an_empty_collection_are_zero(store: &dyn DocumentStore) {
    let both = [Aggregation::Count, Aggregation::Sum("n")];
    assert_eq!(figures(store, Query::all(logs()), &both).await, [0, 0]);
}
