//! The visits in a stream of views that comes in the order of time, the latest first.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::figures::Visits;
use crate::hash;

/// The longest pause within a visit.
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(30);

/// Visits that began too early to go on are looked for when there are more than these, and more than
/// twice as many as were left the last time.
const MANY: usize = 1_000;

/// The visits of the views that were taken. It remembers the visitors of half an hour, and no others.
#[derive(Debug, Default)]
pub(super) struct Derivation {
    /// The visits that an earlier view may belong to, by the hash of their visitor.
    open: HashMap<u128, Visit>,
    /// How many were left when others were last closed.
    left: usize,
    closed: Visits,
}

#[derive(Clone, Copy, Debug)]
struct Visit {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    views: i64,
}

impl Derivation {
    /// Takes a view that is no later than the one before.
    pub(super) fn take(&mut self, visitor: &str, at: DateTime<Utc>) {
        let new = Visit { first: at, last: at, views: 1 };
        let visit = self.open.entry(hash::short(&[visitor])).or_insert(Visit { views: 0, ..new });
        if visit.first - at <= LONGEST_PAUSE {
            *visit = Visit { first: at, views: visit.views + 1, ..*visit };
        } else {
            let ended = std::mem::replace(visit, new);
            self.closed = self.closed + ended.counted();
        }
        self.close_ended(at);
    }

    /// The visits of all views.
    pub(super) fn finish(self) -> Visits {
        self.open.values().map(|visit| visit.counted()).fold(self.closed, |sum, one| sum + one)
    }

    fn close_ended(&mut self, now: DateTime<Utc>) {
        if self.open.len() <= MANY.max(2 * self.left) {
            return;
        }
        let closed = &mut self.closed;
        self.open.retain(|_, visit| {
            let is_open = visit.first - now <= LONGEST_PAUSE;
            if !is_open {
                *closed = *closed + visit.counted();
            }
            is_open
        });
        self.left = self.open.len();
    }
}

impl Visit {
    fn counted(self) -> Visits {
        let lasted = (self.last - self.first).num_microseconds().unwrap_or(i64::MAX);
        let bounces = i64::from(self.views == 1);
        Visits { visits: 1, bounces, views: self.views, microseconds: lasted }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Views = Vec<(u8, i64)>;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    fn derived(views: &Views) -> Visits {
        let mut views = views.clone();
        views.sort_unstable_by_key(|(_, time)| std::cmp::Reverse(*time));
        let mut derivation = Derivation::default();
        views.iter().for_each(|(visitor, time)| derivation.take(&visitor.to_string(), at(*time)));
        derivation.finish()
    }

    /// By the definition: each visitor's views in order, cut where the pause is too long.
    fn counted(views: &Views) -> Visits {
        let mut of_each = BTreeMap::<u8, Vec<i64>>::new();
        views.iter().for_each(|(visitor, time)| of_each.entry(*visitor).or_default().push(*time));
        let mut sum = Visits::default();
        for mut times in of_each.into_values() {
            times.sort_unstable();
            let visits = times.chunk_by(|one, next| next - one <= 30 * 60_000);
            for visit in visits {
                sum.visits += 1;
                sum.bounces += i64::from(visit.len() == 1);
                sum.views += i64::try_from(visit.len()).expect("a number");
                sum.microseconds += (visit[visit.len() - 1] - visit[0]) * 1_000;
            }
        }
        sum
    }

    #[test]
    fn half_an_hour_is_within_a_visit_and_a_moment_more_is_not() {
        let half = 30 * 60_000;
        let one = Visits { visits: 1, bounces: 0, views: 2, microseconds: half * 1_000 };
        assert_eq!(derived(&vec![(1, 0), (1, half)]), one);
        let two = Visits { visits: 2, bounces: 2, views: 2, microseconds: 0 };
        assert_eq!(derived(&vec![(1, 0), (1, half + 1)]), two);
        assert_eq!(derived(&vec![(1, 0), (2, 0)]), two, "two visitors");
        let both = Visits { visits: 1, bounces: 0, views: 2, microseconds: 0 };
        assert_eq!(derived(&vec![(1, 0), (1, 0)]), both, "at the same time");
        assert_eq!(derived(&vec![]), Visits::default());
    }

    #[test]
    fn only_the_visitors_of_half_an_hour_are_remembered() {
        let mut derivation = Derivation::default();
        let mut most = 0;
        for minute in (0..1_440).rev() {
            for visitor in 0..100 {
                derivation.take(&format!("{minute} {visitor}"), at(minute * 60_000));
            }
            most = most.max(derivation.open.len());
        }
        assert!(most <= 2 * 31 * 100 + 100, "{most}");
        let visits = derivation.finish();
        assert_eq!((visits.visits, visits.bounces), (144_000, 144_000));
    }

    proptest! {
        #[test]
        fn visits_are_those_of_the_definition(
            views in prop::collection::vec((0..6_u8, 0..14_400_000_i64), 0..200),
            many in 0..3_000_u16,
        ) {
            prop_assert_eq!(derived(&views), counted(&views));
            let minute = |n: u16| ((n % 251) as u8, i64::from(n) * 1_733 % 14_400_000);
            let crowd: Views = views.into_iter().chain((0..many).map(minute)).collect();
            prop_assert_eq!(derived(&crowd), counted(&crowd));
        }
    }
}
