//! The fields of a JSON body, one by one: whatever is wrong with them is found before it is said.

use serde_json::{Map, Value};

use crate::problem::{Code, FieldError, Problem};

/// What can be wrong with a JSON object and its fields.
pub(crate) const PROBLEMS: [Code; 4] =
    [Code::InvalidBody, Code::InvalidJson, Code::MissingField, Code::WrongType];

/// A JSON object whose fields are being taken.
pub(crate) struct Object {
    fields: Map<String, Value>,
    /// Goes before the names of fields in errors: `payload.` in a payload.
    prefix: &'static str,
    /// What is wrong so far.
    pub(crate) errors: Vec<FieldError>,
}

impl Object {
    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let json = serde_json::from_slice(body)
            .map_err(|error| Problem::new(Code::InvalidJson, format!("{error}.")))?;
        match json {
            Value::Object(fields) => Ok(Self::new(fields, "")),
            _ => Err(Problem::new(Code::WrongType, "The body must be a JSON object.")),
        }
    }

    /// An object within a body.
    pub(crate) fn new(fields: Map<String, Value>, prefix: &'static str) -> Self {
        Self { fields, prefix, errors: Vec::new() }
    }

    /// A string; `None` where it is missing, null, or wrong.
    pub(crate) fn string(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => self.wrong_type(name, "must be a string"),
        }
    }

    /// A string that has to be there.
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

    /// An object that has to be there.
    pub(crate) fn required_object(&mut self, name: &str) -> Option<Map<String, Value>> {
        self.require(name);
        self.object(name)
    }

    /// A number between `least` and `most`.
    pub(crate) fn number(&mut self, name: &str, least: f64, most: f64) -> Option<f64> {
        let Some(number) = self.take(name)?.as_f64() else {
            return self.wrong_type(name, "must be a number");
        };
        if !(least..=most).contains(&number) {
            let reason = match most {
                f64::INFINITY => format!("must be at least {least}"),
                _ => format!("must be between {least} and {most}"),
            };
            self.wrong(Code::OutOfRange, name, reason);
        }
        Some(number)
    }

    /// A number that has to be there.
    pub(crate) fn required_number(&mut self, name: &str, least: f64, most: f64) -> Option<f64> {
        self.require(name);
        self.number(name, least, most)
    }

    /// Something is wrong with a field.
    pub(crate) fn wrong(&mut self, code: Code, name: &str, reason: impl ToString) {
        let field = format!("{}{name}", self.prefix);
        self.errors.push(FieldError::new(code, &field, reason));
    }

    fn require(&mut self, name: &str) {
        if self.fields.get(name).is_none_or(Value::is_null) {
            self.wrong(Code::MissingField, name, "is required");
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    fn wrong_type<T>(&mut self, name: &str, reason: &str) -> Option<T> {
        self.wrong(Code::WrongType, name, reason);
        None
    }
}
