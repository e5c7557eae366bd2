//! The fields of a JSON body, taken one by one; errors are collected, so that one answer has them
//! all.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::unique_keys::Unique;
use super::{json_fault, surrogates};
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::times;

/// The problems that a JSON object and its fields may have.
pub(crate) const CODES: [ProblemCode; 4] = [
    ProblemCode::InvalidBody,
    ProblemCode::InvalidJson,
    ProblemCode::MissingField,
    ProblemCode::WrongType,
];

/// U+FEFF in UTF-8, which some editors and scripts put before a text.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json)
}

/// What to tell a client whose number can be written in several ways, or would lose digits.
const NO_ID: &str =
    "must be a string or a whole number below 2^64, without a fraction or an exponent";

/// A JSON object whose fields are taken one by one.
pub(crate) struct Object {
    fields: Map<String, Value>,
    /// Precedes the names of fields in errors: `payload.` in a payload.
    prefix: &'static str,
    /// The errors so far.
    pub(crate) errors: Vec<FieldError>,
}

impl Object {
    /// Reads a body. A byte order mark before it is ignored, and a lone surrogate is U+FFFD. No
    /// object in it may have the same key twice.
    pub(crate) fn parse(mut body: Vec<u8>) -> Result<Self, Problem> {
        surrogates::repair(&mut body);
        Self::of_body(&body)
    }

    /// Reads a body whose lone surrogates are repaired.
    pub(crate) fn of_body(body: &[u8]) -> Result<Self, Problem> {
        let json = without_mark(body);
        Self::read(json, |error| json_fault::of_body(json, error))
    }

    /// Reads a piece of a body, whose lone surrogates are repaired.
    pub(crate) fn of(piece: &[u8]) -> Result<Self, Problem> {
        Self::read(without_mark(piece), |error| format!("{error}."))
    }

    fn read(
        json: &[u8],
        words: impl FnOnce(&serde_json::Error) -> String,
    ) -> Result<Self, Problem> {
        let Unique(json) = serde_json::from_slice(json)
            .map_err(|error| Problem::new(ProblemCode::InvalidJson, words(&error)))?;
        match json {
            Value::Object(fields) => Ok(Self::new(fields, "")),
            _ => Err(Problem::new(ProblemCode::WrongType, "The body must be a JSON object.")),
        }
    }

    /// An object within a body.
    pub(crate) fn new(fields: Map<String, Value>, prefix: &'static str) -> Self {
        Self { fields, prefix, errors: Vec::new() }
    }

    /// A string; `None` if it is missing, null, or of another type.
    pub(crate) fn string(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => self.wrong_type(name, "must be a string"),
        }
    }

    /// A required string.
    pub(crate) fn required_string(&mut self, name: &str) -> Option<String> {
        self.require(name);
        self.string(name)
    }

    /// A name or an id: a string, or the digits of a whole number. Any other number can be written
    /// in several ways: to some, `42.0` is `42`, and to others it is not.
    pub(crate) fn name(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            Value::Number(_) => self.wrong_type(name, NO_ID),
            _ => self.wrong_type(name, "must be a string or a whole number"),
        }
    }

    /// An instant in any form that [`times`] knows: a string, a number, or an object around one.
    pub(crate) fn instant(&mut self, name: &str) -> Option<DateTime<Utc>> {
        let value = self.take(name)?;
        let time = times::instant_in(&value);
        match value {
            _ if time.is_some() => {}
            Value::String(_) | Value::Number(_) => {
                self.wrong(ProblemCode::OutOfRange, name, times::FORMS);
            }
            _ => return self.wrong_type(name, "must be a string or a number"),
        }
        time
    }

    /// The strings in a string with commas or in an array. Anything else does not count as a
    /// string.
    pub(crate) fn list(&mut self, name: &str) -> Vec<String> {
        match self.take(name) {
            Some(Value::String(text)) => text.split(',').map(str::to_owned).collect(),
            Some(Value::Array(values)) => {
                let text = |value: &Value| value.as_str().map(str::to_owned);
                values.iter().filter_map(text).collect()
            }
            _ => Vec::new(),
        }
    }

    /// An object.
    pub(crate) fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        match self.take(name)? {
            Value::Object(fields) => Some(fields),
            _ => self.wrong_type(name, "must be an object"),
        }
    }

    /// A required object.
    pub(crate) fn required_object(&mut self, name: &str) -> Option<Map<String, Value>> {
        self.require(name);
        self.object(name)
    }

    /// A number from `least` to `most`.
    pub(crate) fn number(&mut self, name: &str, least: f64, most: f64) -> Option<f64> {
        let Some(number) = self.take(name)?.as_f64() else {
            return self.wrong_type(name, "must be a number");
        };
        if !(least..=most).contains(&number) {
            let reason = match most {
                f64::INFINITY => format!("must be at least {least}"),
                _ => format!("must be between {least} and {most}"),
            };
            self.wrong(ProblemCode::OutOfRange, name, reason);
        }
        Some(number)
    }

    /// A required number.
    pub(crate) fn required_number(&mut self, name: &str, least: f64, most: f64) -> Option<f64> {
        self.require(name);
        self.number(name, least, most)
    }

    /// Adds an error of a field.
    pub(crate) fn wrong(&mut self, code: ProblemCode, name: &str, reason: impl ToString) {
        let field = format!("{}{name}", self.prefix);
        self.errors.push(FieldError::new(code, &field, reason));
    }

    /// A value of any type; `None` if it is missing or null.
    pub(crate) fn any(&mut self, name: &str) -> Option<Value> {
        self.take(name)
    }

    /// Whether the field is there, and neither null nor an empty string.
    pub(crate) fn says(&self, name: &str) -> bool {
        let value = self.fields.get(name).unwrap_or(&Value::Null);
        !value.is_null() && value != ""
    }

    /// Changes the value of a field, which stays at its place.
    pub(crate) fn change(&mut self, name: &str, change: impl FnOnce(&Value) -> Option<Value>) {
        if let Some(value) = self.fields.get_mut(name)
            && let Some(changed) = change(value)
        {
            *value = changed;
        }
    }

    /// The name of the first field that was not taken.
    pub(crate) fn first_name(&self) -> Option<String> {
        self.fields.keys().next().cloned()
    }

    /// The fields that were not taken.
    pub(crate) fn into_fields(self) -> Map<String, Value> {
        self.fields
    }

    /// The fields that were not taken, as JSON; `None` if they are all null.
    pub(crate) fn rest(&mut self) -> Option<String> {
        let fields = std::mem::take(&mut self.fields);
        let is_empty = fields.values().all(Value::is_null);
        (!is_empty).then(|| Value::Object(fields).to_string())
    }

    fn require(&mut self, name: &str) {
        if self.fields.get(name).is_none_or(Value::is_null) {
            self.wrong(ProblemCode::MissingField, name, "is required");
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        // The order of the others stays.
        self.fields.shift_remove(name).filter(|value| !value.is_null())
    }

    fn wrong_type<T>(&mut self, name: &str, reason: &str) -> Option<T> {
        self.wrong(ProblemCode::WrongType, name, reason);
        None
    }
}

/// Whether a body begins like an object or a list.
pub(super) fn looks_like_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_no_id_is_told_what_one_is() {
        for number in ["18446744073709551616", "42.0", "1e3"] {
            let body = format!("{{\"user_id\":{number}}}");
            let mut object = Object::parse(body.into_bytes()).expect("an object");
            assert_eq!(object.name("user_id"), None);
            assert_eq!(object.errors[0].reason, NO_ID, "{number}");
        }
        let mut largest =
            Object::parse(b"{\"user_id\":18446744073709551615}".to_vec()).expect("one");
        assert_eq!(largest.name("user_id").as_deref(), Some("18446744073709551615"));
    }
}
