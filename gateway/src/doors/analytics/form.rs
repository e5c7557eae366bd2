//! The fields of a query, or of a form.

use std::str;

use actix_web::web::Query;
use serde_json::{Map, Value};

use crate::problem::{Problem, ProblemCode};

/// The fields, decoded. If a field occurs several times, the first non-empty one counts; one that
/// is always empty is missing.
pub(super) fn fields(text: &str) -> Result<Map<String, Value>, Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(text.trim_start_matches('?'));
    let malformed = |_| Problem::new(ProblemCode::InvalidQuery, "The query is malformed.");
    let mut fields = Map::new();
    for (name, value) in pairs.map_err(malformed)?.into_inner() {
        if !value.is_empty() {
            fields.entry(name).or_insert(Value::String(value));
        }
    }
    Ok(fields)
}

/// The fields of a body.
pub(super) fn of_body(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let text = str::from_utf8(body).map_err(|error| {
        let detail = format!("The body is not UTF-8: see byte {}.", error.valid_up_to());
        Problem::new(ProblemCode::InvalidUtf8, detail)
    });
    fields(text?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_that_says_something_counts() {
        let fields = fields("?a=&a=%C3%BC+b&a=c&b=&=1").expect("fields");
        assert_eq!(fields.get("a"), Some(&Value::from("ü b")));
        assert_eq!(fields.get("b"), None);
    }
}
