//! Time zones: which day it is somewhere, and when a day begins there.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

/// Clocks that are put forward skip a whole number of these.
const STEP: TimeDelta = TimeDelta::minutes(15);
/// The steps of the longest gap: once, an island moved to the other side of the date line, and skipped
/// a day.
const STEPS: i32 = 24 * 4;
/// How long before its midnight in UTC a day begins in the first zone.
const AHEAD: TimeDelta = TimeDelta::hours(14);
/// How long after its midnight in UTC a day begins in the last zone.
const BEHIND: TimeDelta = TimeDelta::hours(12);

/// A time zone, by its name in the database of the IANA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeZone(Tz);

impl Default for TimeZone {
    /// UTC.
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl TimeZone {
    /// The zone of this name, such as `America/New_York`.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The day that it is there at this moment.
    pub fn day(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.0).date_naive()
    }

    /// What clocks there show at this moment, written as if it were UTC.
    pub fn clock(self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.with_timezone(&self.0).naive_local().and_utc()
    }

    /// When a day begins there: at midnight, or later where the clocks skip midnight.
    pub fn midnight(self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        let times = (0..=STEPS).filter_map(|step| midnight.checked_add_signed(STEP * step));
        let first = times.filter_map(|time| self.0.from_local_datetime(&time).earliest()).next();
        first.map_or(midnight.and_utc(), |first| first.with_timezone(&Utc))
    }
}

/// When a day begins in the first of all zones.
pub fn first_midnight(day: NaiveDate) -> DateTime<Utc> {
    TimeZone::default().midnight(day) - AHEAD
}

/// When a day begins in the last of all zones.
pub fn last_midnight(day: NaiveDate) -> DateTime<Utc> {
    TimeZone::default().midnight(day) + BEHIND
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::named(name).expect("a zone")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_day_begins_at_midnight_wherever_it_is_a_day() {
        for (name, date, begins) in [
            ("UTC", "2025-05-01", "2025-05-01T00:00:00Z"),
            ("America/New_York", "2025-05-01", "2025-05-01T04:00:00Z"),
            ("America/New_York", "2025-01-01", "2025-01-01T05:00:00Z"),
            ("Asia/Kolkata", "2025-05-01", "2025-04-30T18:30:00Z"),
            ("Asia/Kathmandu", "2025-05-01", "2025-04-30T18:15:00Z"),
            ("Pacific/Kiritimati", "2025-05-01", "2025-04-30T10:00:00Z"),
            ("Etc/GMT+12", "2025-05-01", "2025-05-01T12:00:00Z"),
            // At midnight the clocks are put forward to one o'clock.
            ("Africa/Cairo", "2025-04-25", "2025-04-24T22:00:00Z"),
            // At one o'clock they are put back to midnight.
            ("America/Havana", "2025-11-02", "2025-11-02T04:00:00Z"),
            // This day was skipped: the next one began in its place.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ] {
            assert_eq!(zone(name).midnight(day(date)), at(begins), "{name}: {date}");
        }
    }

    #[test]
    fn a_day_has_23_or_25_hours_where_the_clocks_are_changed() {
        let hours = |name, date| {
            let (zone, day) = (zone(name), day(date));
            let next = zone.midnight(day + Days::new(1));
            (next - zone.midnight(day)).num_minutes()
        };
        assert_eq!(hours("America/New_York", "2025-03-09"), 23 * 60);
        assert_eq!(hours("America/New_York", "2025-11-02"), 25 * 60);
        assert_eq!(hours("America/New_York", "2025-11-03"), 24 * 60);
        assert_eq!(hours("Australia/Lord_Howe", "2025-04-06"), 24 * 60 + 30);
    }

    #[test]
    fn only_a_name_of_the_database_is_a_zone() {
        for name in ["America/New_York", "Asia/Kolkata", "Etc/GMT-14", "UTC", "Europe/Vienna"] {
            assert_eq!(TimeZone::named(name).map(TimeZone::name), Some(name));
        }
        for name in ["", "Vienna", "america/new_york", "+02:00", "../UTC"] {
            assert_eq!(TimeZone::named(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_within_its_day(
            zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            // From 2012, when the last zone that changed its clocks just after midnight had stopped.
            seconds in 1_325_376_000_i64..4_102_444_800,
        ) {
            let zone = TimeZone(zone);
            let at = DateTime::from_timestamp(seconds, 0).expect("a time");
            let day = zone.day(at);
            prop_assert!(zone.midnight(day) <= at, "{}: {at}", zone.name());
            prop_assert!(at < zone.midnight(day + Days::new(1)), "{}: {at}", zone.name());
            let away = day - at.date_naive();
            prop_assert!(away.num_days().abs() <= 1, "{}: {at}", zone.name());
            prop_assert_eq!(zone.clock(at).date_naive(), day);
        }
    }
}
