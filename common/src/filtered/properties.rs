//! The properties of events: the texts, numbers and truth values at the top of their payloads.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::tally::Tally;
use crate::site_dimension::OTHERS;

/// Names of properties that are told; further ones are left out.
const MOST_NAMES: usize = 50;
/// Values of a property that are told; all others are `(other)`.
const MOST_VALUES: usize = 1_000;
/// The longest value that is told, in bytes; a longer one is `(other)`.
const LONGEST: usize = 256;

/// What was counted by each property.
#[derive(Debug, Default)]
pub(super) struct Properties(pub(super) BTreeMap<String, HashMap<String, Tally>>);

impl Properties {
    /// Counts an event with this payload.
    pub(super) fn take(&mut self, payload: &str, user: Option<u64>) {
        let Ok(payload) = serde_json::from_str::<Map<String, Value>>(payload) else { return };
        for (name, value) in payload {
            if let Some(value) = text(value) {
                self.add(name, value, user);
            }
        }
    }

    fn add(&mut self, name: String, value: String, user: Option<u64>) {
        if self.0.len() >= MOST_NAMES && !self.0.contains_key(&name) {
            return;
        }
        let values = self.0.entry(name).or_default();
        let is_told = value.len() <= LONGEST
            && (values.len() < MOST_VALUES || values.contains_key(value.as_str()));
        let value = if is_told { value } else { OTHERS.to_owned() };
        values.entry(value).or_default().add(1, user);
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_true) => Some(is_true.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(
        payloads: impl IntoIterator<Item = String>,
    ) -> BTreeMap<String, HashMap<String, i64>> {
        let mut properties = Properties::default();
        for (user, payload) in (0..).zip(payloads) {
            properties.take(&payload, Some(user));
        }
        let counts = |values: HashMap<String, Tally>| {
            values.into_iter().map(|(value, tally)| (value, tally.figures().views)).collect()
        };
        properties.0.into_iter().map(|(name, values)| (name, counts(values))).collect()
    }

    #[test]
    fn texts_numbers_and_truth_values_are_counted() {
        let payload = r#"{"plan": "pro", "seats": 3, "trial": true, "no": null, "list": [1], "in": {"a": 1}}"#;
        let counts =
            counted([payload, payload, r#"{"plan": "free"}"#, "[1]", "no JSON"].map(str::to_owned));
        let names: Vec<_> = counts.keys().map(String::as_str).collect();
        assert_eq!(names, ["plan", "seats", "trial"]);
        assert_eq!(counts["plan"], HashMap::from([("pro".to_owned(), 2), ("free".to_owned(), 1)]));
        assert_eq!(counts["seats"]["3"], 2);
        assert_eq!(counts["trial"]["true"], 2);
    }

    #[test]
    fn names_and_values_are_bounded() {
        let many = |n: usize| format!(r#"{{"id": "{n}"}}"#);
        let counts = counted((0..MOST_VALUES + 10).map(many));
        assert_eq!((counts["id"].len(), counts["id"][OTHERS]), (MOST_VALUES + 1, 10));
        let counts = counted((0..MOST_NAMES + 10).map(|n| format!(r#"{{"p{n}": 1}}"#)));
        assert_eq!(counts.len(), MOST_NAMES);
        let long = format!(r#"{{"id": "{}"}}"#, "x".repeat(LONGEST + 1));
        assert_eq!(counted([long])["id"][OTHERS], 1);
    }
}
