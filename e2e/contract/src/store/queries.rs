//! Reads: by path, by filter, in order, page by page, and with selected fields only.

use chrono::{DateTime, Utc};
use common::path::{Collection, CollectionPath};
use common::record::RecordId;
use common::store::{Aggregation, Direction, DocumentStore, Fields, Op, Query, Value, fields};

use super::documents::{
    assert_invalid, commit, create, get, ids, log, logs, number, put, select, tenant,
};

fn all() -> Query {
    Query::all(logs())
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("in range")
}

/// The place of a missing document is empty, a repeated path gets a repeated answer, and there may
/// be many.
pub async fn get_many_answers_by_position(store: &dyn DocumentStore) {
    let writes = (0..150).map(|n| create(log(&n.to_string()), number(n))).collect();
    commit(store, writes).await;
    let wanted: Vec<_> = (0..300).rev().chain([7, 7]).collect();
    let paths: Vec<_> = wanted.iter().map(|n| log(&n.to_string())).collect();
    let read = store.get_many(&paths).await.expect("a read");
    assert_eq!(read.len(), wanted.len());
    for (n, document) in wanted.into_iter().zip(read) {
        let expected = (n < 150).then(|| (n.to_string(), number(n)));
        assert_eq!(document.map(|found| (found.id, found.fields)), expected);
    }
    assert_eq!(store.get_many(&[]).await.expect("a read"), []);
}

/// It is not an error.
pub async fn a_query_of_an_empty_collection_is_empty(store: &dyn DocumentStore) {
    assert_eq!(select(store, all()).await, []);
    let filtered = all().filter("n", Op::AtLeast, 1_i64);
    assert_eq!(select(store, filtered).await, []);
}

/// By the bytes of the id, even with a filter on another field.
pub async fn a_query_without_an_order_is_ordered_by_id(store: &dyn DocumentStore) {
    let unordered = ["b", "a.b", "10", "2", "B", "a-b", "a:b", "a_b", "_a", "a"];
    put(store, unordered.map(|id| (id, number(1))).to_vec()).await;
    let ordered = ["10", "2", "B", "_a", "a", "a-b", "a.b", "a:b", "a_b", "b"];
    assert_eq!(ids(store, all()).await, ordered);
    for op in [Op::Equal, Op::AtLeast] {
        let filtered = all().filter("n", op, 1_i64);
        assert_eq!(ids(store, filtered).await, ordered);
    }
}

/// As in Firestore: a range is read in the order of its field.
pub async fn the_field_of_a_range_filter_orders_after_the_given_order_and_before_the_id(
    store: &dyn DocumentStore,
) {
    let counted = |n: i64, count: i64| fields([("n", n.into()), ("count", count.into())]);
    put(store, vec![("a", counted(3, 1)), ("b", counted(2, 2)), ("c", counted(1, 2))]).await;
    let range = all().filter("n", Op::AtLeast, 1_i64);
    assert_eq!(ids(store, range.clone()).await, ["c", "b", "a"]);
    let top = range.order_by("count", Direction::Descending);
    assert_eq!(ids(store, top.clone()).await, ["c", "b", "a"]);
    let named = top.order_by("n", Direction::Descending);
    assert_eq!(ids(store, named).await, ["b", "c", "a"]);
}

/// Three values of each type: below, equal to and above the filter's.
pub async fn each_filter_compares_values_of_each_type(store: &dyn DocumentStore) {
    let triples: [(&str, [Value; 3]); 5] = [
        ("integer", [i64::MIN.into(), (-1_i64).into(), 9_i64.into()]),
        ("double", [-1.5, 0.25, 1e300].map(Value::Double)),
        ("text", ["Z", "a", "é"].map(Value::from)),
        ("bytes", [vec![0], vec![0, 0], vec![0xff]].map(Value::from)),
        ("timestamp", [-1, 0, 1_763_000_000].map(|s| instant(s).into())),
    ];
    for (name, [below, middle, above]) in triples {
        let collection = CollectionPath::of(&tenant(name), Collection::ProcessedLogs);
        let write = |id: &str, value: &Value| {
            let id = RecordId::parse(id).expect("a record");
            create(collection.record(&id), fields([("field", value.clone())]))
        };
        commit(store, vec![write("1", &below), write("2", &middle), write("3", &above)]).await;
        let missing = RecordId::parse("missing").expect("a record");
        commit(store, vec![create(collection.record(&missing), fields([]))]).await;
        for (op, expected) in
            [(Op::Equal, vec!["2"]), (Op::AtLeast, vec!["2", "3"]), (Op::Less, vec!["1"])]
        {
            let query = Query::all(collection.clone()).filter("field", op, middle.clone());
            assert_eq!(ids(store, query).await, expected, "{name} {op:?}");
        }
    }
    put(store, vec![("no", fields([("b", false.into())])), ("yes", fields([("b", true.into())]))])
        .await;
    assert_eq!(ids(store, all().filter("b", Op::Equal, true)).await, ["yes"]);
}

/// `"1"`, `1`, `b"1"`, `true` and the first second of 1970 are five different values.
pub async fn a_filter_matches_no_value_of_another_type(store: &dyn DocumentStore) {
    let values: [(&str, Value); 5] = [
        ("bool", true.into()),
        ("bytes", b"1".to_vec().into()),
        ("integer", 1_i64.into()),
        ("text", "1".into()),
        ("timestamp", instant(1).into()),
    ];
    let documents = values.iter().map(|(id, value)| (*id, fields([("field", value.clone())])));
    put(store, documents.collect()).await;
    for (id, value) in values {
        for op in [Op::Equal, Op::AtLeast] {
            let selected = ids(store, all().filter("field", op, value.clone())).await;
            assert_eq!(selected, [id], "{op:?}");
        }
        let less = ids(store, all().filter("field", Op::Less, value)).await;
        assert!(less.is_empty(), "{id}: {less:?}");
    }
}

/// The windows of a dimension are read this way.
pub async fn all_filters_of_a_query_must_hold(store: &dyn DocumentStore) {
    let window =
        |grain: &str, start| fields([("grain", grain.into()), ("start", instant(start).into())]);
    put(
        store,
        vec![
            ("1", window("hour", 10)),
            ("2", window("hour", 20)),
            ("3", window("hour", 30)),
            ("4", window("day", 20)),
        ],
    )
    .await;
    let query = all()
        .filter("grain", Op::Equal, "hour")
        .filter("start", Op::AtLeast, instant(20))
        .filter("start", Op::Less, instant(30));
    assert_eq!(ids(store, query).await, ["2"]);
}

/// The id comes last, and always ascending.
pub async fn ties_of_an_order_are_ordered_by_id_in_both_directions(store: &dyn DocumentStore) {
    let numbers = [("d", 2), ("b", 1), ("c", 1), ("a", 2), ("e", 3)];
    put(store, numbers.map(|(id, n)| (id, number(n))).to_vec()).await;
    let ascending = all().order_by("n", Direction::Ascending);
    assert_eq!(ids(store, ascending).await, ["b", "c", "a", "d", "e"]);
    let descending = all().order_by("n", Direction::Descending);
    assert_eq!(ids(store, descending).await, ["e", "a", "d", "b", "c"]);
}

/// Top paths: by count, and paths with equal counts by name.
pub async fn a_second_field_of_an_order_decides_ties_of_the_first(store: &dyn DocumentStore) {
    let path = |count: i64, value: &str| fields([("count", count.into()), ("value", value.into())]);
    put(store, vec![("1", path(5, "/b")), ("2", path(9, "/c")), ("3", path(5, "/a"))]).await;
    let top =
        all().order_by("count", Direction::Descending).order_by("value", Direction::Ascending);
    assert_eq!(ids(store, top).await, ["2", "3", "1"]);
}

/// As in Firestore: they have no place in the order.
pub async fn an_order_leaves_out_documents_without_its_field(store: &dyn DocumentStore) {
    put(store, vec![("1", number(1)), ("2", fields([("other", 2_i64.into())]))]).await;
    for direction in [Direction::Ascending, Direction::Descending] {
        assert_eq!(ids(store, all().order_by("n", direction)).await, ["1"]);
    }
    assert_eq!(ids(store, all()).await, ["1", "2"]);
}

/// The limit applies after filters and order.
pub async fn a_limit_cuts_the_end_of_the_order(store: &dyn DocumentStore) {
    let documents = ["a", "b", "c", "d", "e"].iter().zip(0..);
    put(store, documents.map(|(id, n)| (*id, number(n))).collect()).await;
    assert_eq!(ids(store, all().limit(2)).await, ["a", "b"]);
    assert_eq!(ids(store, all().limit(100)).await.len(), 5);
    let top = all().filter("n", Op::Less, 4_i64).order_by("n", Direction::Descending).limit(2);
    assert_eq!(ids(store, top).await, ["d", "c"]);
}

/// Even with a filter, and when documents are added between two pages.
pub async fn pages_of_a_cursor_hold_every_document_once(store: &dyn DocumentStore) {
    let odd: Vec<_> = (0..25).map(|n| format!("{:02}", 2 * n + 1)).collect();
    put(store, odd.iter().map(|id| (id.as_str(), number(1))).collect()).await;
    let page = all().filter("n", Op::Equal, 1_i64).limit(10);
    let first = ids(store, page.clone()).await;
    assert_eq!(first, odd[..10]);
    // One before the cursor, and one after it.
    put(store, vec![("00", number(1)), ("20", number(1))]).await;
    let second = ids(store, page.clone().after(first.last().cloned())).await;
    assert_eq!(second[0], "20");
    assert_eq!(second[1..], odd[10..19]);
    let third = ids(store, page.clone().after(second.last().cloned())).await;
    assert_eq!(third, odd[19..]);
    assert!(ids(store, page.after(third.last().cloned())).await.is_empty());
    // A cursor is a position: it needs no document there.
    assert_eq!(ids(store, all().after(Some("0".to_owned())).limit(1)).await, ["00"]);
}

/// A cursor is an id, so nothing but the id may decide the order.
pub async fn a_cursor_in_another_order_than_by_id_is_invalid(store: &dyn DocumentStore) {
    let page = || all().after(Some("1".to_owned()));
    for query in [page().filter("n", Op::Less, 1_i64), page().order_by("n", Direction::Ascending)] {
        assert_invalid(&store.query(&query).await.map(drop));
        assert_invalid(&store.aggregate(&query, &[Aggregation::Count]).await.map(drop));
    }
}

/// A listing without texts does not read them.
pub async fn a_selection_holds_the_fields_that_were_asked_for(store: &dyn DocumentStore) {
    let whole = fields([("a", 1_i64.into()), ("b", 2_i64.into()), ("c", 3_i64.into())]);
    put(store, vec![("1", whole)]).await;
    let some = select(store, all().select(&["a", "c", "missing"])).await;
    assert_eq!(some[0].id, "1");
    assert_eq!(some[0].fields, fields([("a", 1_i64.into()), ("c", 3_i64.into())]));
    let none = select(store, all().select(&[])).await;
    assert_eq!(none[0].id, "1");
    assert_eq!(none[0].fields, Fields::new());
}

/// The parts of a log are not logs. A subcollection exists without its parent.
pub async fn a_collection_holds_no_document_of_a_subcollection(store: &dyn DocumentStore) {
    let writes = vec![
        create(log("1"), number(0)),
        create(log("1").part(1), number(1)),
        create(log("1").part(2), number(2)),
        create(log("orphan").part(1), number(3)),
    ];
    commit(store, writes).await;
    assert_eq!(ids(store, all()).await, ["1"]);
    assert_eq!(ids(store, Query::all(log("1").parts())).await, ["0001", "0002"]);
    assert_eq!(ids(store, Query::all(log("orphan").parts())).await, ["0001"]);
    assert_eq!(get(store, log("1").part(2)).await, Some(number(2)));
    assert_eq!(get(store, log("orphan")).await, None);
}

/// The tenants' names are prefixes of each other, and their documents have the same ids.
pub async fn a_tenant_sees_no_document_of_another(store: &dyn DocumentStore) {
    let id = RecordId::parse("1").expect("a record");
    let tenants = ["acme", "acme-2", "acm", "ACME", "a.c-m_e"];
    let of = |name| CollectionPath::of(&tenant(name), Collection::ProcessedLogs);
    for (name, n) in tenants.into_iter().zip(0..) {
        commit(store, vec![create(of(name).record(&id), number(n))]).await;
    }
    for (name, n) in tenants.into_iter().zip(0..) {
        let seen = select(store, Query::all(of(name))).await;
        assert_eq!(seen.len(), 1, "{name}");
        assert_eq!(seen[0].fields, number(n), "{name}");
        assert_eq!(get(store, of(name).record(&id)).await, Some(number(n)));
    }
}

/// A message without a tenant is in no tenant's quarantine.
pub async fn the_stray_collection_belongs_to_no_tenant(store: &dyn DocumentStore) {
    let stray = CollectionPath::stray();
    commit(store, vec![create(stray.hashed(&["1"]), number(1))]).await;
    assert_eq!(ids(store, Query::all(stray.clone())).await.len(), 1);
    assert_eq!(get(store, stray.hashed(&["1"])).await, Some(number(1)));
    let own = CollectionPath::of(&tenant("acme"), Collection::Quarantine);
    assert_eq!(ids(store, Query::all(own)).await.len(), 0);
}

/// Each once, whatever it has, without those outside all tenants.
pub async fn tenants_with_documents_are_listed_by_name(store: &dyn DocumentStore) {
    assert_eq!(store.tenants(10).await.expect("tenants"), []);
    let names = ["b", "a", "a-b", "B", "a.b", "a"];
    let collections = Collection::ALL.into_iter().cycle();
    let of = |(name, collection)| CollectionPath::of(&tenant(name), collection);
    let writes = names.into_iter().zip(collections).map(of).enumerate();
    let writes = writes.map(|(n, path)| create(path.hashed(&[n.to_string()]), number(1)));
    let stray = create(CollectionPath::stray().hashed(&["1"]), number(1));
    commit(store, writes.chain([stray]).collect()).await;
    let listed = async |most: usize| {
        let tenants = store.tenants(most).await.expect("tenants");
        tenants.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(listed(10).await, ["B", "a", "a-b", "a.b", "b"]);
    assert_eq!(listed(2).await, ["B", "a"]);
}
