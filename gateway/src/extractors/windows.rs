//! The windows of a read: its period and its `grain`.

use actix_web::HttpRequest;
use chrono::{DateTime, TimeDelta, Utc};
use common::rollup::Grain;
use common::time_zone::TimeZone;

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

/// Reads the parameters; days are those of `zone`. Without any parameters, these are the latest windows of
/// the first grain.
pub(crate) fn read(
    request: &HttpRequest,
    choices: &[Choice],
    zone: TimeZone,
    now: DateTime<Utc>,
) -> Result<Windows, Problem> {
    let Choice { grain, most, span } = choice(request, choices)?;
    let length = grain.length().unwrap_or(TimeDelta::days(1));
    let asked = Asked::read(request, zone)?;
    let named = |bound: Option<Bound>, default| bound.map_or(default, |bound| bound.name);
    let now = if *grain == Grain::Day { zone.clock(now) } else { now };
    // Stores have no later times, and the last day would end after the last one.
    let to = asked.to.map_or(now, |to| end(to, *grain).min(LAST_MOMENT));
    let from = grain.start(asked.from.map_or_else(|| to - *span, |from| start(from, *grain)));
    if from >= to {
        return Err(invalid(named(asked.from, "from"), "must be before the end of the period"));
    }
    if to - from > length * *most {
        let reason = format!(
            "must be at most {most} {}s after the start; use a larger grain or a shorter period",
            grain.as_str()
        );
        return Err(invalid(named(asked.to, "to"), &reason));
    }
    Ok(Windows { grain: *grain, from, to })
}

/// The first moment, as windows of `grain` write it.
fn start(from: Bound, grain: Grain) -> DateTime<Utc> {
    if grain == Grain::Day { from.written } else { from.at }
}

/// The end, as windows of `grain` write it. A day that ends within an hour leaves that hour to the day
/// that begins in it.
fn end(to: Bound, grain: Grain) -> DateTime<Utc> {
    match grain {
        Grain::Day => to.written,
        _ if to.is_day => grain.start(to.at),
        _ => to.at,
    }
}

fn choice<'a>(request: &HttpRequest, choices: &'a [Choice]) -> Result<&'a Choice, Problem> {
    let name = query::parameter(request, "grain")?;
    let is_it = |choice: &&Choice| name.as_deref().is_none_or(|name| name == choice.grain.as_str());
    choices.iter().find(is_it).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|choice| choice.grain.as_str()).collect();
        invalid("grain", &format!("must be one of {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const GRAINS: [Choice; 2] = [
        Choice { grain: Grain::Hour, most: 744, span: TimeDelta::hours(24) },
        Choice { grain: Grain::Day, most: 366, span: TimeDelta::days(30) },
    ];

    fn windows(zone: &str, query: &str) -> (String, String) {
        let request = TestRequest::with_uri(&format!("/stats/series?{query}")).to_http_request();
        let zone = TimeZone::named(zone).expect("a zone");
        let now = "2025-05-01T23:30:00Z".parse().expect("an instant");
        let Windows { from, to, .. } = read(&request, &GRAINS, zone, now).expect("windows");
        let text = |at: DateTime<Utc>| at.format("%m-%d %H:%M").to_string();
        (text(from), text(to))
    }

    #[test]
    fn hours_of_a_day_are_those_that_begin_in_it() {
        for (zone, date, from, to) in [
            ("UTC", "2025-05-01", "05-01 00:00", "05-02 00:00"),
            ("America/New_York", "2025-05-01", "05-01 04:00", "05-02 04:00"),
            ("America/New_York", "2025-03-09", "03-09 05:00", "03-10 04:00"),
            ("America/New_York", "2025-11-02", "11-02 04:00", "11-03 05:00"),
            ("Asia/Kolkata", "2025-05-01", "04-30 18:00", "05-01 18:00"),
        ] {
            let found = windows(zone, &format!("date={date}"));
            assert_eq!(found, (from.to_owned(), to.to_owned()), "{zone}: {date}");
        }
    }

    #[test]
    fn the_latest_days_end_with_the_day_that_it_is_at_the_site() {
        let days = |zone| windows(zone, "grain=day");
        assert_eq!(days("UTC"), ("04-01 00:00".to_owned(), "05-01 23:30".to_owned()));
        assert_eq!(days("Asia/Tokyo"), ("04-02 00:00".to_owned(), "05-02 08:30".to_owned()));
        assert_eq!(windows("Asia/Tokyo", "").1, "05-01 23:30", "hours are the same everywhere");
        let named = windows("Asia/Tokyo", "grain=day&from=2025-05-01&to=2025-05-02");
        assert_eq!(named, ("05-01 00:00".to_owned(), "05-03 00:00".to_owned()));
    }
}
