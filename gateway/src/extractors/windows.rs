//! The windows that a read of access-log counts asks for: `from`, `to` and `grain`.

use actix_web::HttpRequest;
use chrono::{DateTime, TimeDelta, Utc};
use common::rollup::Grain;

use super::query;
use crate::problem::{Code, FieldError, Problem};

/// Most windows of one answer: the minutes of a day.
const MAX_WINDOWS: i64 = 1_440;

/// Windows of `grain` that begin in `from..to`.
pub(crate) struct Windows {
    pub(crate) grain: Grain,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
}

/// Reads the parameters; without any, the minutes of the last hour.
pub(crate) fn read(request: &HttpRequest, now: DateTime<Utc>) -> Result<Windows, Problem> {
    let grain = grain(request)?;
    let length = grain.length().unwrap_or(TimeDelta::days(1));
    let to = instant(request, "to")?.unwrap_or(now);
    let from = instant(request, "from")?.unwrap_or(to - TimeDelta::hours(1));
    let from = grain.start(from);
    if from >= to {
        return Err(invalid("from", "must be before to"));
    }
    if to - from > length * MAX_WINDOWS as i32 {
        return Err(invalid("to", &format!("must be at most {MAX_WINDOWS} windows after from")));
    }
    Ok(Windows { grain, from, to })
}

fn grain(request: &HttpRequest) -> Result<Grain, Problem> {
    match query::parameter(request, "grain")?.as_deref() {
        None | Some("minute") => Ok(Grain::Minute),
        Some("hour") => Ok(Grain::Hour),
        Some("day") => Ok(Grain::Day),
        Some(_) => Err(invalid("grain", "must be minute, hour or day")),
    }
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
    Problem::invalid(vec![FieldError::new(Code::InvalidQuery, field, reason)])
}
