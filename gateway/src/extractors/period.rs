//! The period of a read: `date`, or `from` and `to`, or `start_date` and `end_date`, which mean the
//! same. If the end is a day, the whole day is included; if it is an instant, the instant is
//! excluded. A day is one of the site, and counts name it by its midnight in UTC, whatever the zone.

use actix_web::HttpRequest;
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeDelta, Utc};
use common::rollup::Period;
use common::time_zone::TimeZone;

use super::query::{self, invalid};
use crate::problem::Problem;
use crate::times;

/// The names of the start, and of the end.
const FIRST: [&str; 3] = ["date", "from", "start_date"];
const LAST: [&str; 3] = ["date", "to", "end_date"];
/// Smaller numbers of seconds are not read as times: `20250501` would be a day in 1970.
const YEAR_2000: i64 = 946_684_800;

/// The last second that a store can hold.
pub(crate) const LAST_MOMENT: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(last) => last,
    None => DateTime::UNIX_EPOCH,
};

/// A period as the client asked for it; a missing end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The first moment.
    pub(crate) from: Option<Bound>,
    /// The moment before which the period ends.
    pub(crate) to: Option<Bound>,
    /// The zone whose days are meant.
    zone: TimeZone,
}

/// One end of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The moment.
    pub(crate) at: DateTime<Utc>,
    /// The same as counts by the day write it: of a day its midnight in UTC.
    pub(crate) written: DateTime<Utc>,
    /// Whether a day was named.
    pub(crate) is_day: bool,
    /// The parameter that gave it.
    pub(crate) name: &'static str,
}

impl Asked {
    /// Reads the parameters; days are those of `zone`. All that name the same end must agree.
    pub(crate) fn read(request: &HttpRequest, zone: TimeZone) -> Result<Self, Problem> {
        let from = bound(request, zone, FIRST, Moment::start)?;
        let to = bound(request, zone, LAST, Moment::end)?;
        match (from, to) {
            (Some(from), Some(to)) if from.at >= to.at => {
                Err(invalid(from.name, &format!("must not be after {}", to.name)))
            }
            _ => Ok(Self { from, to, zone }),
        }
    }

    /// The period, if events are counted by it: whole hours, or whole days.
    pub(crate) fn of_hours(self) -> Result<Period, Problem> {
        let is_utc = self.zone == TimeZone::default();
        if self.ends().all(|end| end.is_day || (is_utc && end.is_midnight())) {
            return Ok(self.days());
        }
        match self.ends().find(|end| !is_multiple(end.at, TimeDelta::hours(1))) {
            None => Ok(Period::Hours(self.from.map(|from| from.at), self.to.map(|to| to.at))),
            Some(odd) => Err(invalid(odd.name, odd.not_on_the_hour())),
        }
    }

    /// The period, if it consists of whole days.
    pub(crate) fn of_days(self) -> Result<Period, Problem> {
        let reason = "must be a day, or midnight in UTC: pages and visitors are counted by the day; \
                      /stats/series has views by the hour";
        self.whole_days(reason)
    }

    /// The period, if it consists of whole days, which are removed with all their counts.
    pub(crate) fn of_removal(self) -> Result<Period, Problem> {
        self.whole_days("must be a day, or midnight in UTC: days are removed whole")
    }

    fn whole_days(self, reason: &str) -> Result<Period, Problem> {
        match self.ends().find(|end| !end.is_midnight()) {
            None => Ok(self.days()),
            Some(odd) => Err(invalid(odd.name, reason)),
        }
    }

    fn ends(self) -> impl Iterator<Item = Bound> {
        self.from.into_iter().chain(self.to)
    }

    fn days(self) -> Period {
        let last = |to: Bound| (to.written - TimeDelta::days(1)).date_naive();
        Period::between(self.from.map(|from| from.written.date_naive()), self.to.map(last))
    }
}

impl Bound {
    /// Whether it names a day.
    fn is_midnight(self) -> bool {
        is_multiple(self.written, TimeDelta::days(1))
    }

    /// The reason to refuse it in a period that is counted by the hour.
    fn not_on_the_hour(self) -> &'static str {
        if self.is_day {
            "falls within an hour, because of the site's time zone: both ends must be days, or both full \
             hours"
        } else {
            "must be a day or a full hour: events are counted by the hour"
        }
    }
}

/// What a parameter names.
enum Moment {
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

impl Moment {
    /// The start as it is written.
    fn start(&self) -> DateTime<Utc> {
        match self {
            Self::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
            Self::Instant(instant) => *instant,
        }
    }

    /// The end as it is written.
    fn end(&self) -> DateTime<Utc> {
        match self {
            Self::Day(_) => self.start() + TimeDelta::days(1),
            Self::Instant(instant) => *instant,
        }
    }

    fn bound(&self, written: DateTime<Utc>, zone: TimeZone, name: &'static str) -> Bound {
        let is_day = matches!(self, Self::Day(_));
        let at = if is_day { zone.midnight(written.date_naive()) } else { written };
        Bound { at, written, is_day, name }
    }
}

/// The end that the parameters name.
fn bound(
    request: &HttpRequest,
    zone: TimeZone,
    names: [&'static str; 3],
    end: impl Fn(&Moment) -> DateTime<Utc>,
) -> Result<Option<Bound>, Problem> {
    let mut one: Option<Bound> = None;
    for name in names {
        let Some(text) = query::parameter(request, name)? else { continue };
        let moment = moment(name, &text)?;
        let bound = moment.bound(end(&moment), zone, name);
        match one {
            Some(other) if other.written != bound.written => {
                let reason = format!("means the same as {}, but differs", other.name);
                return Err(invalid(name, &reason));
            }
            _ => one = Some(bound),
        }
    }
    Ok(one)
}

fn moment(name: &str, text: &str) -> Result<Moment, Problem> {
    if let Some(day) = times::day(text) {
        return Ok(Moment::Day(day));
    }
    if name == "date" {
        return Err(invalid(name, "must be a valid day, such as 2025-05-01"));
    }
    let instant = times::instant_in_query(text).filter(|instant| is_plausible(text, *instant));
    instant.map(Moment::Instant).ok_or_else(|| {
        invalid(name, "must be a day such as 2025-05-01, or a time such as 2025-05-01T10:00:00Z")
    })
}

fn is_plausible(text: &str, instant: DateTime<Utc>) -> bool {
    let is_number = !text.contains(['-', '/', ':']);
    let is_recent = !is_number || instant.timestamp() >= YEAR_2000;
    is_recent && (1970..10_000).contains(&instant.year())
}

fn is_multiple(at: DateTime<Utc>, length: TimeDelta) -> bool {
    at.timestamp_subsec_nanos() == 0 && at.timestamp().rem_euclid(length.num_seconds()) == 0
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request(query: &str) -> HttpRequest {
        TestRequest::with_uri(&format!("/stats?{query}")).to_http_request()
    }

    fn asked_in(zone: &str, query: &str) -> Result<Asked, String> {
        let zone = TimeZone::named(zone).expect("a zone");
        Asked::read(&request(query), zone).map_err(|problem| problem.to_string())
    }

    fn asked(query: &str) -> Result<Asked, String> {
        asked_in("UTC", query)
    }

    fn day(text: &str) -> Option<NaiveDate> {
        Some(times::day(text).expect("a day"))
    }

    fn hours(query: &str) -> Option<Period> {
        asked(query).ok()?.of_hours().ok()
    }

    #[test]
    fn the_three_spellings_are_one() {
        let one = Some(Period::between(day("2025-05-01"), day("2025-05-01")));
        for query in [
            "date=2025-05-01",
            "from=2025-05-01&to=2025-05-01",
            "start_date=2025-05-01&end_date=2025-05-01",
            "start_date=2025-05-01&to=2025-05-01",
            "date=2025-05-01&start_date=2025-05-01",
            "from=2025-05-01T00:00:00Z&to=2025-05-02T00:00:00Z",
            "start_date=2025-05-01T00:00:00Z&end_date=2025-05-01",
            "from=1746057600&to=1746144000000",
            "from=2025-05-01+02:00:00%2B02:00&to=2025-05-02T02:00:00+02:00",
        ] {
            assert_eq!(hours(query), one, "{query}");
        }
        assert_eq!(hours(""), Some(Period::All));
        assert_eq!(hours("from=2025-05-01"), Some(Period::between(day("2025-05-01"), None)));
        assert_eq!(hours("end_date=9999-12-31"), Some(Period::between(None, day("9999-12-31"))));
    }

    #[test]
    fn a_period_of_hours_is_not_one_of_days() {
        let query = "from=2025-05-01T10:00:00Z&to=2025-05-02";
        let at = |text: &str| times::instant(text);
        let period = Period::Hours(at("2025-05-01T10:00:00Z"), at("2025-05-03T00:00:00Z"));
        assert_eq!(hours(query), Some(period));
        let refused = asked(query).expect("a period").of_days().expect_err("it has hours");
        assert!(refused.to_string().starts_with("invalid-query: from must be a day"), "{refused}");
        assert_eq!(hours("to=2025-05-01T10:30:00Z"), None);
        assert_eq!(hours("to=2025-05-01T10:00:00.001Z"), None);
    }

    #[test]
    fn a_day_is_that_of_the_site_and_an_instant_is_the_same_everywhere() {
        let hours = |zone, query| {
            asked_in(zone, query)
                .and_then(|asked| asked.of_hours().map_err(|problem| problem.to_string()))
        };
        let at = |text: &str| times::instant(text);
        let one = Period::between(day("2025-05-01"), day("2025-05-01"));
        for zone in ["America/New_York", "Asia/Kolkata", "UTC"] {
            assert_eq!(hours(zone, "date=2025-05-01"), Ok(one), "{zone}");
            let utc = "from=2025-05-01T00:00:00Z&to=2025-05-02T00:00:00Z";
            let days = asked_in(zone, utc).expect("a period").of_days().expect("days");
            assert_eq!(days, one, "{zone}: a day is written so");
        }
        let utc = "from=2025-05-01T00:00:00Z&to=2025-05-02T00:00:00Z";
        let period = Period::Hours(at("2025-05-01T00:00:00Z"), at("2025-05-02T00:00:00Z"));
        assert_eq!(hours("America/New_York", utc), Ok(period));
        let since = "from=2025-05-01T10:00:00Z&to=2025-05-01";
        let period = Period::Hours(at("2025-05-01T10:00:00Z"), at("2025-05-02T04:00:00Z"));
        assert_eq!(hours("America/New_York", since), Ok(period));
        let odd = hours("Asia/Kolkata", since).expect_err("half an hour");
        assert!(odd.starts_with("invalid-query: to falls within an hour"), "{odd}");
        let late = "from=2025-05-02T02:00:00Z&to=2025-05-01";
        assert!(asked_in("America/New_York", late).is_ok(), "the day ends at four");
        assert!(asked_in("UTC", late).is_err());
    }

    #[test]
    fn a_period_that_contradicts_itself_is_refused() {
        for (query, field) in [
            ("date=2025-05-01&from=2025-05-02", "from"),
            ("date=2025-05-01&end_date=2025-05-02", "end_date"),
            ("from=2025-05-01&start_date=2025-05-02&to=2025-05-03", "start_date"),
            ("start_date=2025-05-02&end_date=2025-05-01", "start_date"),
            ("from=2025-05-01T10:00:00Z&to=2025-05-01T10:00:00Z", "from"),
            ("date=2025-05-01T00:00:00Z", "date"),
            ("from=20250501", "from"),
            ("from=2025", "from"),
            ("to=0", "to"),
            ("to=2025-02-29", "to"),
            ("to=", "to"),
            ("from=1969-12-31T23:00:00Z", "from"),
        ] {
            let refused = asked(query).expect_err(query);
            assert!(refused.starts_with(&format!("invalid-query: {field} ")), "{query}: {refused}");
        }
    }
}
