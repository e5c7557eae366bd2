//! Values of each type, up to its limits.

use chrono::{DateTime, TimeDelta, Utc};
use common::store::{DocumentStore, Query, Value, fields};

use super::documents::{commit, create, get, increment, log, logs, put, select, upsert};

/// Ordinary, empty and odd values of each type, at the top and in maps.
pub async fn every_type_of_value_reads_back(store: &dyn DocumentStore) {
    let now = DateTime::from_timestamp_micros(1_763_000_000_123_456).expect("in range");
    let each = fields([
        ("null", Value::Null),
        ("true", true.into()),
        ("false", false.into()),
        ("integer", 42_i64.into()),
        ("double", Value::Double(0.1)),
        ("text", "größe 🦀 \u{202e} \0 \"'\\\n\u{7f} end".into()),
        ("empty text", "".into()),
        ("bytes", (0..=u8::MAX).collect::<Vec<_>>().into()),
        ("empty bytes", Vec::new().into()),
        ("timestamp", now.into()),
        ("empty map", fields([]).into()),
    ]);
    let mut nested = each.clone();
    nested.insert("map".to_owned(), fields([("inner", each.into())]).into());
    put(store, vec![("1", nested.clone())]).await;
    assert_eq!(get(store, log("1")).await, Some(nested.clone()));
    let selected = select(store, Query::all(logs())).await;
    assert_eq!(selected[0].fields, nested);
}

/// Nanoseconds are cut, not rounded, so that an instant never moves to the next day.
pub async fn an_instant_keeps_its_microseconds_and_no_more(store: &dyn DocumentStore) {
    let instants = [
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z",
        "2000-02-29T12:00:00.000001Z",
        "2026-01-01T00:00:00.999999Z",
        "9999-12-31T23:59:59.999999Z",
    ];
    for instant in instants.map(|text| text.parse::<DateTime<Utc>>().expect("an instant")) {
        for finer in [TimeDelta::zero(), TimeDelta::nanoseconds(999)] {
            let written = fields([("at", (instant + finer).into())]);
            commit(store, vec![upsert(log("1"), written)]).await;
            let kept = fields([("at", instant.into())]);
            assert_eq!(get(store, log("1")).await, Some(kept));
        }
    }
}

/// Attributes of a message are stored under names that clients chose.
pub async fn a_field_may_have_any_name(store: &dyn DocumentStore) {
    let odd = ["a.b", "a b", "`tick`", r"back\slash", "größe 🦀", "9", "$x", "a/b", "\"", "['a']"];
    let named = || odd.iter().map(|name| ((*name).to_owned(), Value::from(*name)));
    let mut document: common::store::Fields = named().collect();
    document.insert("attributes".to_owned(), named().collect::<common::store::Fields>().into());
    put(store, vec![("created", document.clone())]).await;
    commit(store, vec![upsert(log("upserted"), document.clone())]).await;
    commit(store, vec![upsert(log("upserted"), document.clone())]).await;
    for id in ["created", "upserted"] {
        assert_eq!(get(store, log(id)).await.as_ref(), Some(&document));
    }
    let counts: Vec<_> = odd.iter().map(|name| (*name, 1)).collect();
    commit(store, vec![increment(log("counted"), fields([]), &counts)]).await;
    let counted = odd.iter().map(|name| ((*name).to_owned(), 1_i64.into())).collect();
    assert_eq!(get(store, log("counted")).await, Some(counted));
}

/// An integer stays an integer, and a double stays a double even if it is whole.
pub async fn numbers_keep_their_type_and_their_range(store: &dyn DocumentStore) {
    let numbers = fields([
        ("least", i64::MIN.into()),
        ("greatest", i64::MAX.into()),
        ("zero", 0_i64.into()),
        ("past 2^53", 9_007_199_254_740_993_i64.into()),
        ("whole double", Value::Double(2.0)),
        ("great double", Value::Double(f64::MAX)),
        ("small double", Value::Double(-f64::MIN_POSITIVE)),
    ]);
    commit(store, vec![create(log("1"), numbers.clone())]).await;
    assert_eq!(get(store, log("1")).await, Some(numbers));
}
