//! The fields of a JSON body, taken one by one; errors are collected, so that one answer has all.

use serde_json::{Map, Value};

use crate::problem::{FieldError, Problem, ProblemCode};

/// The problems that a JSON object and its fields may have.
pub(crate) const CODES: [ProblemCode; 4] = [
    ProblemCode::InvalidBody,
    ProblemCode::InvalidJson,
    ProblemCode::MissingField,
    ProblemCode::WrongType,
];

/// A JSON object whose fields are taken one by one.
pub(crate) struct Object {
    fields: Map<String, Value>,
    /// Precedes the names of fields in errors: `payload.` in a payload.
    prefix: &'static str,
    /// The errors so far.
    pub(crate) errors: Vec<FieldError>,
}

impl Object {
    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let json = serde_json::from_slice(body)
            .map_err(|error| Problem::new(ProblemCode::InvalidJson, format!("{error}.")))?;
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

    fn require(&mut self, name: &str) {
        if self.fields.get(name).is_none_or(Value::is_null) {
            self.wrong(ProblemCode::MissingField, name, "is required");
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    fn wrong_type<T>(&mut self, name: &str, reason: &str) -> Option<T> {
        self.wrong(ProblemCode::WrongType, name, reason);
        None
    }
}
