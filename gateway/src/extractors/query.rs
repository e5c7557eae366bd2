//! Query parameters, one by one; unknown ones are ignored.

use actix_web::HttpRequest;
use actix_web::web::Query;

use crate::problem::{FieldError, Problem, ProblemCode};

/// All values of the parameter, decoded; empty if it is missing.
pub(crate) fn parameters(request: &HttpRequest, name: &str) -> Result<Vec<String>, Problem> {
    let query = Query::<Vec<(String, String)>>::from_query(request.query_string());
    let pairs = query.map_err(|_| invalid("query", "is malformed"))?.into_inner();
    Ok(pairs.into_iter().filter(|(given, _)| given == name).map(|(_, value)| value).collect())
}

/// The parameter's value, decoded; `None` if it is missing, the last one if there are several.
pub(crate) fn parameter(request: &HttpRequest, name: &str) -> Result<Option<String>, Problem> {
    Ok(parameters(request, name)?.pop())
}

/// `limit`, 1 to `most`.
pub(crate) fn limit(request: &HttpRequest, default: u32, most: u32) -> Result<u32, Problem> {
    let Some(text) = parameter(request, "limit")? else {
        return Ok(default);
    };
    match text.parse() {
        Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
        _ => Err(invalid("limit", &format!("must be a whole number from 1 to {most}"))),
    }
}

/// A switch: `true` or `false`; false if it is missing.
pub(crate) fn flag(request: &HttpRequest, name: &str) -> Result<bool, Problem> {
    match parameter(request, name)?.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(invalid(name, "must be true or false")),
    }
}

fn invalid(field: &str, reason: &str) -> Problem {
    Problem::invalid(vec![FieldError::new(ProblemCode::InvalidQuery, field, reason)])
}
