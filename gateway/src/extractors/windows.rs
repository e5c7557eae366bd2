//! The windows of a read: `from`, `to` and `grain`.

use actix_web::HttpRequest;
use chrono::{DateTime, TimeDelta, Utc};
use common::rollup::Grain;

use super::query;
use crate::problem::{FieldError, Problem, ProblemCode};

/// A grain that a route offers; the first of several is the default.
pub(crate) struct Choice {
    pub(crate) grain: Grain,
    /// The most windows in one answer.
    pub(crate) most: i32,
    /// How long before `to` the windows begin if there is no `from`.
    pub(crate) span: TimeDelta,
}

/// Windows of `grain` that begin in `from..to`.
pub(crate) struct Windows {
    pub(crate) grain: Grain,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
}

/// Reads the parameters. Without any, the latest windows of the first choice.
pub(crate) fn read(
    request: &HttpRequest,
    choices: &[Choice],
    now: DateTime<Utc>,
) -> Result<Windows, Problem> {
    let Choice { grain, most, span } = choice(request, choices)?;
    let length = grain.length().unwrap_or(TimeDelta::days(1));
    let to = instant(request, "to")?.unwrap_or(now);
    let from = instant(request, "from")?.unwrap_or(to - *span);
    let from = grain.start(from);
    if from >= to {
        return Err(invalid("from", "must be before to"));
    }
    if to - from > length * *most {
        return Err(invalid("to", &format!("must be at most {most} windows after from")));
    }
    Ok(Windows { grain: *grain, from, to })
}

fn choice<'a>(request: &HttpRequest, choices: &'a [Choice]) -> Result<&'a Choice, Problem> {
    let name = query::parameter(request, "grain")?;
    let is_it = |choice: &&Choice| name.as_deref().is_none_or(|name| name == choice.grain.as_str());
    choices.iter().find(is_it).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|choice| choice.grain.as_str()).collect();
        invalid("grain", &format!("must be one of {}", names.join(", ")))
    })
}

fn instant(request: &HttpRequest, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = query::parameter(request, name)? else { return Ok(None) };
    // An unescaped plus sign of an offset arrives as a space.
    let instant = DateTime::parse_from_rfc3339(&text.replace(' ', "+"));
    let instant = instant.ok().map(|time| time.with_timezone(&Utc));
    let is_known = |time: &DateTime<Utc>| (1970..10_000).contains(&chrono::Datelike::year(time));
    instant
        .filter(is_known)
        .map(Some)
        .ok_or_else(|| invalid(name, "must be an RFC 3339 time, such as 2025-05-01T10:00:00Z"))
}

fn invalid(field: &str, reason: &str) -> Problem {
    Problem::invalid(vec![FieldError::new(ProblemCode::InvalidQuery, field, reason)])
}
