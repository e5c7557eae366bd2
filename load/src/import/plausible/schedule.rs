//! When each visitor of a day saw a page, so that the visits of the day are as many and as long as
//! the export says.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::sums::Sums;

/// When visits begin, in UTC. All views are between 10 and 11 o'clock: in all zones from Hawaii to New
/// Zealand that is the same day as in UTC.
const FIRST: TimeDelta = TimeDelta::hours(10);
/// When a visitor's second visit begins. It is more than half an hour after the end of the first.
const SECOND: TimeDelta = TimeDelta::minutes(10 * 60 + 45);
/// The most visits of a visitor.
const MOST_VISITS: u64 = 2;
/// How long each of two visits may last, in seconds.
const LONGEST_OF_TWO: u64 = 14 * 60 + 59;
/// How long a visitor's only visit may last, in seconds.
const LONGEST: u64 = 59 * 60 + 59;
/// The longest pause within a visit, in seconds.
const LONGEST_PAUSE: u64 = 30 * 60;

/// A view before it has a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The visitor's number; none if the export knows of no visitor.
    pub(super) visitor: Option<u64>,
    /// Whether a visit begins with it.
    pub(super) is_first: bool,
    pub(super) at: DateTime<Utc>,
}

/// How the views of a day are parts of visits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    midnight: DateTime<Utc>,
    views: u64,
    pub(super) visitors: u64,
    pub(super) visits: u64,
    /// How many visits have several views; they come first.
    longer: u64,
    seconds: u64,
}

impl Schedule {
    pub(super) fn of(day: NaiveDate, sums: &Sums) -> Self {
        let views = sums.views;
        let visitors = sums.visitors.min(views);
        let visits = sums.visits.clamp(visitors, views.min(visitors.saturating_mul(MOST_VISITS)));
        let further = if visits == 0 { 0 } else { views - visits };
        // If there are further views, at least one visit has them.
        let longer = visits.saturating_sub(sums.bounces).max(1).min(further);
        let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
        Self { midnight, views, visitors, visits, longer, seconds: sums.seconds }
    }

    /// The time at which all visits begin.
    pub(super) fn begins(&self) -> DateTime<Utc> {
        self.midnight + FIRST
    }

    /// The views, visit by visit.
    pub(super) fn slots(self) -> impl Iterator<Item = Slot> {
        let mut seconds = self.seconds;
        let of_nobody = if self.visits == 0 { self.views } else { 0 };
        let nobodys = Slot { visitor: None, is_first: false, at: self.begins() };
        let visits = (0..self.visits).flat_map(move |visit| {
            let lasts = self.lasts(visit, seconds);
            seconds -= lasts;
            self.visit(visit, lasts)
        });
        visits.chain((0..of_nobody).map(move |_| nobodys))
    }

    fn visit(self, visit: u64, lasts: u64) -> impl Iterator<Item = Slot> {
        let is_second = visit >= self.visitors;
        let visitor = if is_second { visit - self.visitors } else { visit };
        let begins = self.midnight + if is_second { SECOND } else { FIRST };
        let views = self.views_of(visit);
        (0..views).map(move |view| {
            let milliseconds = (lasts * 1_000 * view).checked_div(views - 1).unwrap_or_default();
            let after = TimeDelta::milliseconds(i64::try_from(milliseconds).unwrap_or_default());
            Slot { visitor: Some(visitor), is_first: view == 0, at: begins + after }
        })
    }

    /// The views of a visit. Those beyond the first of each are spread over the longer visits.
    fn views_of(self, visit: u64) -> u64 {
        if visit >= self.longer {
            return 1;
        }
        let further = self.views - self.visits;
        1 + further / self.longer + u64::from(visit < further % self.longer)
    }

    /// How many seconds a visit lasts: its share of those that are left, if it has room for them.
    fn lasts(self, visit: u64, left: u64) -> u64 {
        if visit >= self.longer {
            return 0;
        }
        let visitor = if visit >= self.visitors { visit - self.visitors } else { visit };
        let has_two = visitor + self.visitors < self.visits;
        let longest = if has_two { LONGEST_OF_TWO } else { LONGEST };
        let pauses = (self.views_of(visit) - 1).saturating_mul(LONGEST_PAUSE);
        left.div_ceil(self.longer - visit).min(longest).min(pauses)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn slots(views: u64, visitors: u64, visits: u64, bounces: u64, seconds: u64) -> Vec<Slot> {
        let sums = Sums { views, visitors, visits, bounces, seconds, ..Sums::default() };
        let day = NaiveDate::from_ymd_opt(2025, 5, 1).expect("a day");
        Schedule::of(day, &sums).slots().collect()
    }

    /// Visitors, visits, bounces and seconds, as the server derives them.
    fn derived(slots: &[Slot]) -> (usize, usize, usize, i64) {
        let mut slots: Vec<_> = slots.iter().map(|slot| (slot.visitor, slot.at)).collect();
        slots.sort_unstable();
        let is_same = |one: &(Option<u64>, DateTime<Utc>), next: &(Option<u64>, DateTime<Utc>)| {
            one.0 == next.0 && next.1 - one.1 <= TimeDelta::minutes(30)
        };
        let visits: Vec<_> = slots.chunk_by(is_same).collect();
        let visitors: BTreeSet<_> = slots.iter().map(|(visitor, _)| visitor).collect();
        let lasted = visits.iter().map(|visit| visit[visit.len() - 1].1 - visit[0].1);
        let bounces = visits.iter().filter(|visit| visit.len() == 1).count();
        let seconds = lasted.sum::<TimeDelta>().num_milliseconds();
        (visitors.len(), visits.len(), bounces, seconds / 1_000)
    }

    #[test]
    fn visits_are_as_many_and_as_long_as_the_export_says() {
        for (views, visitors, visits, bounces, seconds) in [
            (10, 4, 5, 3, 100),
            (1, 1, 1, 1, 0),
            (100, 30, 40, 25, 3_601),
            (5, 5, 5, 5, 0),
            (9, 2, 4, 0, 2_000),
        ] {
            let slots = slots(views, visitors, visits, bounces, seconds);
            assert_eq!(slots.len() as u64, views);
            assert_eq!(slots.iter().filter(|slot| slot.is_first).count() as u64, visits);
            let [visitors, visits, bounces] =
                [visitors, visits, bounces].map(|it| usize::try_from(it).expect("small"));
            let expected = (visitors, visits, bounces, i64::try_from(seconds).expect("small"));
            assert_eq!(derived(&slots), expected);
        }
    }

    #[test]
    fn what_cannot_be_is_as_near_as_possible() {
        assert_eq!(derived(&slots(3, 5, 6, 1, 0)).0, 3, "fewer views than visitors");
        assert_eq!(derived(&slots(9, 2, 7, 7, 0)).1, 4, "two visits of each visitor");
        assert_eq!(derived(&slots(4, 2, 2, 2, 60)), (2, 2, 1, 60), "someone saw the other views");
        assert_eq!(derived(&slots(4, 1, 1, 0, 9_999)), (1, 1, 0, 3_599), "within an hour");
        let nobody = slots(2, 0, 0, 0, 0);
        assert!(nobody.len() == 2 && nobody.iter().all(|slot| slot.visitor.is_none()));
        assert!(slots(0, 3, 3, 3, 0).is_empty());
    }

    #[test]
    fn every_view_is_between_ten_and_eleven() {
        let hours = slots(500, 20, 40, 3, 90_000);
        assert!(hours.iter().all(|slot| slot.at.format("%F %H").to_string() == "2025-05-01 10"));
    }
}
