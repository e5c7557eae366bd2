//! Random values for tests.

use chrono::DateTime;
use proptest::prelude::*;

use crate::store::Value;

pub(super) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        prop_oneof![any::<f64>(), Just(f64::INFINITY)].prop_map(Value::Double),
        prop_oneof![any::<String>(), "[0-9a-f]{14,20}"].prop_map(Value::Text),
        any::<Vec<u8>>().prop_map(Value::Bytes),
        (-9_000_000_000_000_i64..9_000_000_000_000_000).prop_map(|micros| Value::Timestamp(
            DateTime::from_timestamp_micros(micros).expect("a time")
        )),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(Value::Map)
    })
}
