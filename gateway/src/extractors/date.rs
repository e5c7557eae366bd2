//! Days in query parameters: ISO 8601, UTC.

use actix_web::HttpRequest;
use chrono::{Datelike as _, NaiveDate};
use common::rollup::Period;

use super::query;
use crate::problem::{FieldError, Problem, ProblemCode};

/// The day in a parameter; `None` if it is missing.
pub(crate) fn day(request: &HttpRequest, name: &str) -> Result<Option<NaiveDate>, Problem> {
    let Some(text) = query::parameter(request, name)? else { return Ok(None) };
    // The parser also accepts spaces, signs and fewer digits. Stores have these years only.
    let is_iso = |day: &NaiveDate| day.to_string() == text && (1..=9999).contains(&day.year());
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(is_iso);
    day.map(Some).ok_or_else(|| invalid(name, "must be a valid day, such as 2025-05-01"))
}

/// The days from `start_date` to `end_date`, both included; either may be missing.
pub(crate) fn period(request: &HttpRequest) -> Result<Period, Problem> {
    let (first, last) = (day(request, "start_date")?, day(request, "end_date")?);
    if let (Some(first), Some(last)) = (first, last)
        && first > last
    {
        return Err(invalid("start_date", "must not be after end_date"));
    }
    Ok(Period::between(first, last))
}

fn invalid(field: &str, reason: &str) -> Problem {
    Problem::invalid(vec![FieldError::new(ProblemCode::InvalidQuery, field, reason)])
}
