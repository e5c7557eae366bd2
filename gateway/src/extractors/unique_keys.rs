//! JSON in which no object has the same key twice. Programs disagree on which of the two counts, so
//! one that checks a request and one that acts on it could read different requests.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// The longest key that is repeated to the client, in characters.
const SHOWN: usize = 64;

/// A value whose objects have each key once; a repeated key fails the parse.
pub(super) struct Unique(pub(super) Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            match values.entry(key) {
                Entry::Vacant(place) => place.insert(fields.next_value::<Unique>()?.0),
                Entry::Occupied(place) => return Err(twice(place.key())),
            };
        }
        Ok(values.into())
    }
}

fn twice<E: Error>(key: &str) -> E {
    let shown: String = key.chars().take(SHOWN).collect();
    E::custom(format!("the key {shown:?} appears twice"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Result<Value, String> {
        let read = serde_json::from_str(json).map(|Unique(value)| value);
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_that_comes_twice_is_an_error_at_its_place() {
        let error = |json: &str| read(json).expect_err(json);
        assert_eq!(
            error(r#"{"text":"a","text":"a"}"#),
            "the key \"text\" appears twice at line 1 column 18"
        );
        for json in [r#"[{"a":{"b":1,"b":2}}]"#, r#"{"a":1,"\u0061":2}"#, r#"{"":1,"":1}"#] {
            assert!(error(json).contains("appears twice"), "{json}");
        }
        let long = "k".repeat(10_000);
        assert!(error(&format!("{{\"{long}\":1,\"{long}\":1}}")).len() < 200);
    }

    #[test]
    fn objects_beside_each_other_may_share_keys() {
        assert!(read(r#"{"a":{"a":1},"b":[{"a":1},{"a":2}],"A":1}"#).is_ok());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            let items = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
            let fields = prop::collection::btree_map(any::<String>(), inner, 0..4);
            prop_oneof![
                items,
                fields.prop_map(|fields| Value::Object(fields.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #[test]
        fn everything_else_is_read_as_by_any_parser(json in any_json()) {
            let text = json.to_string();
            let expected: Value = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(read(&text), Ok(expected));
        }

        #[test]
        fn what_is_not_json_is_an_error_here_too(text in "[\\[\\]{},:\"\\\\a1e. -]{0,12}") {
            let is_json = serde_json::from_str::<Value>(&text).is_ok();
            match read(&text) {
                Ok(_) => prop_assert!(is_json),
                Err(error) => prop_assert!(!is_json || error.contains("appears twice")),
            }
        }
    }
}
