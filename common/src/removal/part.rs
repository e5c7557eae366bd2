//! What is removed of a tenant.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use crate::event::{self, Event};
use crate::event_listing::Selection;
use crate::rollup::Times;
use crate::time_zone::{self, TimeZone};

/// The part of a tenant that is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whose events, or those of which page.
    pub whose: Whose,
    /// Of which days.
    pub days: Days,
    /// The zone of the site, whose hours are removed with its days.
    pub zone: TimeZone,
}

/// Which events are removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of everybody; and then whatever else is of the days.
    Everybody,
    /// Those of the user with this id.
    User(String),
    /// Those on this path, as it is stored.
    Path(String),
}

/// Days from the first to the last; `None` leaves an end open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub first: Option<NaiveDate>,
    /// The last day.
    pub last: Option<NaiveDate>,
}

impl Part {
    /// Whether the event is of the part.
    pub(super) fn has(&self, event: &Event) -> bool {
        let is_theirs = match &self.whose {
            Whose::Everybody => true,
            Whose::User(user) => event.user_id.as_ref() == Some(user),
            Whose::Path(path) => event.path.as_ref() == Some(path),
        };
        is_theirs && self.days.have(event.day())
    }

    /// Whether the part has every day of its user.
    pub(super) fn is_all_of_a_user(&self) -> bool {
        matches!(self.whose, Whose::User(_)) && self.days == Days::default()
    }

    /// The events among which are all of the part.
    pub(super) fn selection(&self) -> Selection {
        let (user_id, path) = match &self.whose {
            Whose::Everybody => (None, None),
            Whose::User(user) => (Some(user.clone()), None),
            Whose::Path(path) => (None, Some(path.clone())),
        };
        Selection { user_id, path, ..self.days.selection() }
    }
}

impl Days {
    /// The one day.
    pub(super) fn one(day: NaiveDate) -> Self {
        Self { first: Some(day), last: Some(day) }
    }

    /// Whether the day is one of them.
    pub(super) fn have(self, day: NaiveDate) -> bool {
        self.first.is_none_or(|first| first <= day) && self.last.is_none_or(|last| day <= last)
    }

    /// Whether the time is in them, in UTC.
    pub(super) fn include(self, at: DateTime<Utc>) -> bool {
        self.have(at.date_naive())
    }

    /// Their start in UTC, and the end, which is excluded.
    pub(super) fn times(self) -> Times {
        self.times_in(TimeZone::default())
    }

    /// Their start in this zone, and the end, which is excluded.
    pub(super) fn times_in(self, zone: TimeZone) -> Times {
        (self.first.map(|day| zone.midnight(day)), self.end().map(|day| zone.midnight(day)))
    }

    /// The events among which are all that are counted on these days, with what says how they are counted:
    /// the site may have had any zone.
    pub(super) fn selection(self) -> Selection {
        let from = self.first.map(time_zone::first_midnight);
        let to = self.end().map(time_zone::last_midnight);
        Selection { from, to, fields: Some(event::COUNTED), ..Selection::default() }
    }

    /// The day after the last. A store holds no time after the year 9999.
    fn end(self) -> Option<NaiveDate> {
        self.last.and_then(|last| last.succ_opt()).filter(|day| day.year() < 10_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(first: Option<&str>, last: Option<&str>) -> Days {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        Days { first: first.map(day), last: last.map(day) }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_period_has_its_first_and_its_last_day_whole() {
        let may = days(Some("2025-05-01"), Some("2025-05-02"));
        for (time, is_in) in [
            ("2025-04-30T23:59:59.999999Z", false),
            ("2025-05-01T00:00:00Z", true),
            ("2025-05-02T23:59:59.999999Z", true),
            ("2025-05-03T00:00:00Z", false),
        ] {
            assert_eq!(may.include(at(time)), is_in, "{time}");
        }
        let times = (Some(at("2025-05-01T00:00:00Z")), Some(at("2025-05-03T00:00:00Z")));
        assert_eq!(may.times(), times);
    }

    #[test]
    fn an_end_may_be_open() {
        let since = days(Some("2025-05-01"), None);
        assert!(since.include(at("2999-01-01T00:00:00Z")));
        assert!(!since.include(at("2025-04-30T00:00:00Z")));
        assert_eq!(days(None, Some("9999-12-31")).times(), (None, None));
    }
}
