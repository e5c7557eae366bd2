//! Bounds how many values of a dimension a day counts by name. The rest is `(other)`.
//!
//! The gateway decides, before the message is published, and the message says what it decided: so a
//! redelivery, a replay and a recount of the archive count the same, and all values of a day add up to
//! its views. Which values are beyond the bound depends on the order in which they come, as it must
//! where not all can be kept.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;
use common::event::Event;
use common::hash;
use common::site_dimension::{OTHERS, SiteDimension};
use common::tenant::TenantId;

/// The most values of a dimension that one gateway counts by name on a day of a site.
pub(crate) const MOST_VALUES: usize = 1_000;
/// The most values that are remembered, of all days and sites: some 20 MB. Beyond, the days that came
/// first are forgotten.
const MOST_REMEMBERED: usize = 1 << 20;

type Day = (TenantId, NaiveDate);

/// The values that were counted by name, by day and site.
#[derive(Default)]
pub(crate) struct Named(Mutex<Known>);

#[derive(Default)]
struct Known {
    days: HashMap<Day, HashMap<SiteDimension, HashSet<u64>>>,
    /// The days in the order in which they came.
    order: VecDeque<Day>,
    /// How many values all days have.
    values: usize,
}

impl Named {
    /// Replaces the values of the event that are beyond the bound of its day.
    pub(crate) fn bound(&self, tenant: &TenantId, event: &mut Event) {
        if event.dimensions.is_empty() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget();
        let day = (tenant.clone(), event.timestamp.date_naive());
        for (dimension, value) in &mut event.dimensions {
            if !known.has_room(&day, *dimension, value) {
                OTHERS.clone_into(value);
            }
        }
    }
}

impl Known {
    /// Whether the value is known, or becomes known now.
    fn has_room(&mut self, day: &Day, dimension: SiteDimension, value: &str) -> bool {
        let hash = (hash::short(&[value]) >> 64) as u64;
        if !self.days.contains_key(day) {
            self.order.push_back(day.clone());
        }
        let values = self.days.entry(day.clone()).or_default().entry(dimension).or_default();
        if values.contains(&hash) {
            return true;
        }
        let has_room = values.len() < MOST_VALUES;
        self.values += usize::from(has_room && values.insert(hash));
        has_room
    }

    /// Forgets the oldest days until there is room for an event.
    fn forget(&mut self) {
        while self.values > MOST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            let forgotten = self.days.remove(&oldest).unwrap_or_default();
            self.values -= forgotten.values().map(HashSet::len).sum::<usize>();
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use common::site_dimension::Dimensions;

    use super::*;

    fn event(day: i64, value: &str) -> Event {
        Event {
            event_type: "view".to_owned(),
            user_id: None,
            path: None,
            payload: None,
            timestamp: DateTime::UNIX_EPOCH + TimeDelta::days(day),
            truncated: false,
            excluded: None,
            dimensions: Dimensions::from([
                (SiteDimension::Source, value.to_owned()),
                (SiteDimension::Browser, "Firefox".to_owned()),
            ]),
        }
    }

    /// The source as it is counted.
    fn counted(named: &Named, site: &str, day: i64, value: &str) -> String {
        let mut event = event(day, value);
        named.bound(&TenantId::parse(site).expect("a tenant"), &mut event);
        assert_eq!(event.dimensions[&SiteDimension::Browser], "Firefox");
        event.dimensions[&SiteDimension::Source].clone()
    }

    #[test]
    fn values_beyond_the_bound_are_others_and_known_ones_stay() {
        let named = Named::default();
        for n in 0..MOST_VALUES {
            let value = format!("s{n}");
            assert_eq!(counted(&named, "a", 0, &value), value);
        }
        assert_eq!(counted(&named, "a", 0, "late"), OTHERS);
        assert_eq!(counted(&named, "a", 0, "s0"), "s0");
        assert_eq!(counted(&named, "a", 1, "late"), "late", "another day");
        assert_eq!(counted(&named, "b", 0, "late"), "late", "another site");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let named = Named::default();
        let days = MOST_REMEMBERED / MOST_VALUES + 10;
        for day in 0..days {
            let day = i64::try_from(day).expect("a day");
            (0..MOST_VALUES).for_each(|n| drop(counted(&named, "a", day, &n.to_string())));
        }
        let known = named.0.lock().expect("no panic");
        let values = known.days.values().flat_map(HashMap::values).map(HashSet::len).sum::<usize>();
        assert_eq!((known.values, known.order.len()), (values, known.days.len()));
        assert!(known.values <= MOST_REMEMBERED + SiteDimension::ALL.len(), "{}", known.values);
        assert!(known.days.len() < days);
    }
}
