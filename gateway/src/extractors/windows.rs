//! The windows of a read: its period and its `grain`.

use actix_web::HttpRequest;
use chrono::{DateTime, TimeDelta, Utc};
use common::rollup::Grain;

use super::period::{Asked, Bound, LAST_MOMENT};
use super::query::{self, invalid};
use crate::problem::Problem;

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

/// Reads the parameters. Without any parameters, these are the latest windows of the first grain.
pub(crate) fn read(
    request: &HttpRequest,
    choices: &[Choice],
    now: DateTime<Utc>,
) -> Result<Windows, Problem> {
    let Choice { grain, most, span } = choice(request, choices)?;
    let length = grain.length().unwrap_or(TimeDelta::days(1));
    let asked = Asked::read(request)?;
    let named = |bound: Option<Bound>, default| bound.map_or(default, |bound| bound.name);
    // Stores have no later times, and the last day would end after the last one.
    let to = asked.to.map_or(now, |to| to.at.min(LAST_MOMENT));
    let from = grain.start(asked.from.map_or_else(|| to - *span, |from| from.at));
    if from >= to {
        return Err(invalid(named(asked.from, "from"), "must be before the end of the period"));
    }
    if to - from > length * *most {
        let reason = format!(
            "must be at most {most} windows of a {} after the start; use a larger grain or a \
             shorter period",
            grain.as_str()
        );
        return Err(invalid(named(asked.to, "to"), &reason));
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
