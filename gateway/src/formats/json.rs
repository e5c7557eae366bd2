//! A JSON array of objects, streamed: a small body of many values needs little memory.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::error::Category;

use super::collector::Collector;
use super::entry::{Field, Raw, Reason};

use crate::problem::{Problem, ProblemCode};

pub(super) fn read(text: &str, collector: &mut Collector) -> Result<(), Problem> {
    let mut json = serde_json::Deserializer::from_str(text);
    Entries(collector).deserialize(&mut json).and_then(|()| json.end()).map_err(|error| {
        // Every value of an array is accepted, so only the array itself can have the wrong type.
        match error.classify() {
            Category::Data => {
                Problem::new(ProblemCode::WrongType, "The body must be a JSON array.")
            }
            _ => Problem::new(ProblemCode::InvalidJson, format!("{error}.")),
        }
    })
}

/// Reads the values of an array one by one.
struct Entries<'t>(&'t mut Collector);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while let Some(Item(raw)) = array.next_element()? {
            self.0.push(raw);
        }
        Ok(())
    }
}

/// Any JSON value, read as an entry.
pub(super) struct Item<'a>(pub(super) Result<Raw<'a>, Reason>);

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

fn not_an_object<'a>() -> Item<'a> {
    Item(Err("must be a JSON object".into()))
}

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(not_an_object())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(not_an_object())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(not_an_object())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(not_an_object())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(not_an_object())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(not_an_object())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(not_an_object())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut raw = Raw::default();
        while let Some((Value(name), Value(value))) = object.next_entry()? {
            if let Field::Text(name) = name {
                raw.set(&name, value);
            }
        }
        Ok(Item(Ok(raw)))
    }
}

/// Any JSON value, read as a field or as its name.
struct Value<'a>(Field<'a>);

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value(Field::Other))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value(Field::Number(number as f64)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value(Field::Number(number as f64)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value(Field::Number(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value(Field::text(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value(Field::text(text)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value(Field::Missing))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value(Field::Other))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value(Field::Other))
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::{counts, errors, read};
    use crate::problem::ProblemCode;

    const JSON: &str = "application/json";

    #[test]
    fn every_value_of_an_array_is_an_entry() {
        let valid = r#"{"receivedAt": 1431857103, "method": "get", "path": "/a?b"}"#;
        let body = format!(
            r#"[{valid}, null, 1, -1, 1.5, true, "x", [[{valid}]], {{}},
                {{"receivedAt": [1], "method": 5, "path": {{"a": [null]}}, "userAgent": false}},
                {{"receivedAt": true, "method": null, "path": "", "userAgent": null}}, {valid}]"#
        );
        let batch = read(JSON, &body).expect("it is an array");
        assert_eq!(counts(&batch), ["GET /a Other", "GET /a Other"]);
        assert_eq!(batch.rejected, 10);
        let object = |index| format!("{index} entry must be a JSON object");
        let mut expected: Vec<String> = (1..=7).map(object).collect();
        expected.extend(
            [
                "8 receivedAt is required",
                "8 method is required",
                "8 path is required",
                "9 receivedAt must be a string or a number",
                "9 method must be a string",
                "9 path must be a string",
                "9 userAgent must be a string",
                "10 receivedAt must be a string or a number",
                "10 method is required",
                "10 path is required",
            ]
            .map(str::to_owned),
        );
        assert_eq!(errors(&batch), expected);
    }

    #[test]
    fn names_and_values_may_be_escaped_and_unknown_names_are_ignored() {
        let body = r#"[{"\u0074s": "1431857103", "method": "G\u0045T", "path": "\/\u00fc",
            "user_agent": "curl\/8.4.0", "time": null, "Path": "/no", "extra": {"path": "/no"}}]"#;
        assert_eq!(counts(&read(JSON, body).expect("it is valid")), ["GET /ü curl"]);
    }

    #[test]
    fn a_body_that_is_not_an_array_is_refused() {
        let deep = "[".repeat(200_000);
        let cases = [
            (r#"{"receivedAt": 1431857103, "method": "GET", "path": "/"}"#, ProblemCode::WrongType),
            ("null", ProblemCode::WrongType),
            ("\"[]\"", ProblemCode::WrongType),
            ("", ProblemCode::InvalidJson),
            ("[", ProblemCode::InvalidJson),
            ("[{}", ProblemCode::InvalidJson),
            ("[{},]", ProblemCode::InvalidJson),
            ("[] []", ProblemCode::InvalidJson),
            ("[{\"method\": \"G", ProblemCode::InvalidJson),
            ("[1e999]", ProblemCode::InvalidJson),
            (&deep, ProblemCode::InvalidJson),
        ];
        for (body, code) in cases {
            let problem = read(JSON, body).expect_err("it is no array");
            assert_eq!(problem.code(), code, "{:.40}", body);
        }
        let closed = format!("{deep}{}", "]".repeat(200_000));
        assert_eq!(read(JSON, &closed).expect("it is an array").rejected, 1);
        assert_eq!(read(JSON, "[]").expect("it is an array"), Default::default());
    }
}
