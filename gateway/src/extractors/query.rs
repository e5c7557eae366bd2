//! Query parameters: which ones a read knows, and their values one by one.
//!
//! A read refuses a parameter that it does not know, because it would answer a different question
//! from the one that was asked. A POST ignores it: some clients add one to get around caches, and a
//! page sends its event only once.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Query;

use crate::problem::{FieldError, Problem, ProblemCode};

/// Names of parameters that belong together.
pub(crate) type Names = &'static [&'static str];

/// The three names of the tenant. They are checked by [`super::tenant`].
pub(crate) const TENANT: Names = &["tenant_id", "site_id", "customer_id"];
/// The names of a period, in [`super::period`].
pub(crate) const PERIOD: Names = &["date", "from", "to", "start_date", "end_date"];
/// The names of a page of a listing.
pub(crate) const PAGE: Names = &["limit", "page_token"];

/// How similar a name must be to be suggested, from 0 to 1.
const SIMILAR: f64 = 0.75;
/// The longest unknown name that is repeated to the client, in characters.
const SHOWN: usize = 64;

/// Refuses parameters that are not in `known`, and parameters that are given twice with different
/// values.
pub(crate) fn check(query: &str, known: &[Names]) -> Result<(), Problem> {
    let mut unknown = Vec::new();
    let mut values: HashMap<String, String> = HashMap::new();
    for (name, value) in pairs(query)? {
        if !known.iter().any(|names| names.contains(&name.as_str())) {
            unknown.push(name);
        } else if let Some(other) = values.insert(name.clone(), value.clone())
            && other != value
            && !TENANT.contains(&name.as_str())
        {
            return Err(invalid(&name, "is given twice, with different values"));
        }
    }
    if unknown.is_empty() { Ok(()) } else { Err(refuse(&unknown, known)) }
}

/// All values of the parameter, decoded; empty if it is missing.
pub(crate) fn parameters(request: &HttpRequest, name: &str) -> Result<Vec<String>, Problem> {
    let pairs = pairs(request.query_string())?;
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

/// A problem with one parameter.
pub(crate) fn invalid(field: &str, reason: &str) -> Problem {
    Problem::invalid(vec![FieldError::new(ProblemCode::InvalidQuery, field, reason)])
}

fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let pairs = Query::<Vec<(String, String)>>::from_query(query);
    Ok(pairs.map_err(|_| invalid("query", "is malformed"))?.into_inner())
}

fn refuse(unknown: &[String], known: &[Names]) -> Problem {
    let known = known.concat();
    let mut details = Vec::new();
    let mut errors: Vec<FieldError> = Vec::new();
    for name in unknown {
        let (shown, hint) = (name.chars().take(SHOWN).collect::<String>(), hint(name, &known));
        if errors.iter().all(|error| error.field != shown) {
            details.push(match name.is_empty() {
                true => format!("a parameter has no name; {hint}"),
                false => format!("there is no parameter {shown}; {hint}"),
            });
            let reason = format!("is not a parameter of this path; {hint}");
            errors.push(FieldError::new(ProblemCode::InvalidQuery, &shown, reason));
        }
    }
    Problem::new(ProblemCode::InvalidQuery, details.join("; ")).because(errors)
}

/// What the client may have meant.
fn hint(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(meant) => format!("did you mean {meant}?"),
        None if known.is_empty() => "this path takes none".to_owned(),
        None if known.len() == 1 => format!("the only parameter of this path is {}", known[0]),
        None => format!("the parameters of this path are {}", known.join(", ")),
    }
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('-', "_");
    let likeness = |known: &str| {
        let is_part = name.len() > 2 && known.split('_').any(|word| word == name);
        // A whole word of a name counts as more similar than any spelling.
        if is_part { 1.0 } else { strsim::jaro_winkler(&name, known) }
    };
    let rated = known.iter().map(|known| (likeness(known), *known));
    let (likeness, meant) = rated.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness >= SIMILAR).then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATS: [Names; 3] = [TENANT, PERIOD, &["limit"]];

    /// The code, the details and the fields of the problem.
    fn refused(query: &str) -> (ProblemCode, String, Vec<String>) {
        let problem = check(query, &STATS).expect_err(query);
        let shown = serde_json::to_value(problem.details("")).expect("JSON");
        let errors = shown["errors"].as_array().cloned().unwrap_or_default();
        let field = |error: &serde_json::Value| error["field"].as_str().unwrap_or("").to_owned();
        let detail = shown["detail"].as_str().unwrap_or("").to_owned();
        (problem.code(), detail, errors.iter().map(field).collect())
    }

    #[test]
    fn a_known_parameter_may_be_repeated_but_not_contradicted() {
        assert!(check("", &STATS).is_ok());
        assert!(check("site_id=a&date=2025-05-01&limit=5", &STATS).is_ok());
        assert!(check("limit=5&limit=5", &STATS).is_ok());
        assert!(check("site_id=a&site_id=b", &STATS).is_ok(), "the tenant's check answers that");
        let (code, detail, fields) = refused("limit=5&limit=6");
        assert_eq!(code, ProblemCode::InvalidQuery);
        assert_eq!(detail, "limit is given twice, with different values");
        assert_eq!(fields, ["limit"]);
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_nearest_known_one() {
        let cases = [
            ("start_dat", "start_date"),
            ("Start_Date", "start_date"),
            ("start-date", "start_date"),
            ("startDate", "start_date"),
            ("start", "start_date"),
            ("end", "end_date"),
            ("end_day", "end_date"),
            ("day", "date"),
            ("siteid", "site_id"),
            ("site", "site_id"),
            ("tenant", "tenant_id"),
            ("customer", "customer_id"),
            ("limits", "limit"),
        ];
        for (name, meant) in cases {
            let (code, detail, fields) = refused(&format!("site_id=a&{name}=1"));
            assert_eq!(code, ProblemCode::InvalidQuery);
            assert_eq!(detail, format!("there is no parameter {name}; did you mean {meant}?"));
            assert_eq!(fields, [name]);
        }
    }

    #[test]
    fn an_unknown_parameter_that_is_like_none_is_refused_with_all_known_ones() {
        let (_, detail, fields) = refused("period=7d&period=8d&x=");
        assert!(detail.starts_with("there is no parameter period; the parameters"), "{detail}");
        assert!(STATS.concat().iter().all(|name| detail.contains(name)), "{detail}");
        assert_eq!(fields, ["period", "x"]);
        let none = check("x=1", &[]).expect_err("there is no such parameter");
        assert!(none.to_string().ends_with("there is no parameter x; this path takes none"));
        assert_eq!(refused(&format!("{}=1", "é".repeat(100))).2, ["é".repeat(64)]);
    }
}
