//! Bounds how many values of a dimension a day counts by name. The rest is `(other)`.
//!
//! The gateway decides, before the message is published, and the message says what it decided: so a
//! redelivery, a replay and a recount of the archive count the same, and all values of a day add up to
//! its views. Which values are beyond the bound depends on the order in which they come, as it must
//! where not all can be kept.

use std::borrow::Cow;
use std::collections::hash_map::Entry as Place;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use common::access_log::{Chosen, Entry};
use common::event::{Bounded, Event};
use common::rollup::Dimension;
use common::site_dimension::OTHERS;
use common::tenant::TenantId;

/// The most values of a dimension that one gateway counts by name on a day of a site.
pub(crate) const MOST_VALUES: usize = 1_000;
/// The most values that are remembered, of all days and tenants: some 20 MB for events, and as much for
/// access logs. Beyond, the days that came first are forgotten.
const MOST_REMEMBERED: usize = 1 << 20;

type Day = (TenantId, NaiveDate);

/// The values that were counted by name, by day and tenant.
#[derive(Clone)]
pub(crate) struct Named {
    /// The most pages and event types of a day.
    most_of_events: usize,
    /// The most values of a day's access logs, by what they are.
    most_of_entries: usize,
    events: Arc<Mutex<Known<Dimension>>>,
    entries: Arc<Mutex<Known<Chosen>>>,
}

/// The hashes of the values that a day counts by name, by dimension.
type Values<D> = HashMap<D, HashSet<u64>>;

struct Known<D> {
    days: HashMap<Day, Values<D>>,
    /// The days in the order in which they came.
    order: VecDeque<Day>,
    /// How many values all days have.
    values: usize,
    hashes: RandomState,
}

/// The values of one day.
struct KnownOfDay<'k, D> {
    values: &'k mut Values<D>,
    /// How many values all days have.
    of_all_days: &'k mut usize,
    hashes: &'k RandomState,
}

impl<D> Default for Known<D> {
    fn default() -> Self {
        let (days, order) = (HashMap::new(), VecDeque::new());
        Self { days, order, values: 0, hashes: RandomState::new() }
    }
}

impl Named {
    /// Counts by name: of events, so many pages and types of a day; of access logs, so many paths,
    /// referers and hosts.
    pub(crate) fn new(most_of_events: u32, most_of_entries: u32) -> Self {
        let (events, entries) = (Arc::default(), Arc::default());
        let [most_of_events, most_of_entries] =
            [most_of_events, most_of_entries].map(|most| most as usize);
        Self { most_of_events, most_of_entries, events, entries }
    }

    /// Replaces the dimensions of the event that are beyond the bound of its day, and marks its page and
    /// its type, which it keeps.
    pub(crate) fn bound(&self, tenant: &TenantId, event: &mut Event) {
        if event.excluded.is_some() {
            return;
        }
        let mut known = lock(&self.events);
        let mut day = known.day((tenant.clone(), event.day()));
        for (dimension, value) in &mut event.dimensions {
            if !day.has_room(Dimension::Site(*dimension), value, MOST_VALUES) {
                OTHERS.clone_into(value);
            }
        }
        let texts = [
            (Bounded::EventType, Dimension::EventType, Some(event.event_type.as_str())),
            (Bounded::Path, Dimension::ViewPath, event.viewed_path()),
        ];
        let mut is_other = |dimension, text: Option<&str>| {
            text.is_some_and(|text| !day.has_room(dimension, text, self.most_of_events))
        };
        let others = texts.into_iter().filter(|(_, dimension, text)| is_other(*dimension, *text));
        event.others = others.map(|(what, ..)| what).collect();
    }

    /// Marks what the entry is counted by as `(other)`: values beyond the bound of its day.
    pub(crate) fn bound_entry(&self, tenant: &TenantId, entry: &mut Entry) {
        let mut known = lock(&self.entries);
        let mut day = known.day((tenant.clone(), entry.at.date_naive()));
        let other = |(what, value): (Chosen, Cow<'_, str>)| {
            (!day.has_room(what, &value, self.most_of_entries)).then_some(what)
        };
        entry.others = entry.chosen().filter_map(other).collect();
    }
}

fn lock<T>(known: &Mutex<T>) -> MutexGuard<'_, T> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<D: Copy + Eq + Hash> Known<D> {
    /// The values of a day. If there are too many of all days, the oldest are forgotten first.
    fn day(&mut self, day: Day) -> KnownOfDay<'_, D> {
        self.forget();
        let values = match self.days.entry(day) {
            Place::Occupied(known) => known.into_mut(),
            Place::Vacant(new) => {
                self.order.push_back(new.key().clone());
                new.insert(Values::new())
            }
        };
        KnownOfDay { values, of_all_days: &mut self.values, hashes: &self.hashes }
    }

    /// Forgets the oldest days until there is room for another record.
    fn forget(&mut self) {
        while self.values > MOST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            let forgotten = self.days.remove(&oldest).unwrap_or_default();
            self.values -= forgotten.values().map(HashSet::len).sum::<usize>();
        }
    }
}

impl<D: Copy + Eq + Hash> KnownOfDay<'_, D> {
    /// Whether the value is known, or becomes known now.
    fn has_room(&mut self, dimension: D, value: &str, most: usize) -> bool {
        let hash = self.hashes.hash_one(value);
        let values = self.values.entry(dimension).or_default();
        if values.contains(&hash) {
            return true;
        }
        let has_room = values.len() < most;
        *self.of_all_days += usize::from(has_room && values.insert(hash));
        has_room
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use common::site_dimension::{Dimensions, SiteDimension};

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
            others: Vec::new(),
            day: None,
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
        let named = Named::new(1, 1);
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
    fn an_event_keeps_its_page_and_its_type_and_says_which_are_counted_as_others() {
        let (named, tenant) = (Named::new(2, 1), TenantId::default());
        let others = |day, path: &str, event_type: &str| {
            let (path, event_type) = (Some(path.to_owned()), event_type.to_owned());
            let mut event = Event { path, event_type, ..event(day, "x") };
            named.bound(&tenant, &mut event);
            event.others
        };
        assert_eq!(others(0, "/a", "view"), []);
        assert_eq!(others(0, "/b", "view"), []);
        assert_eq!(others(0, "/c", "view"), [Bounded::Path]);
        assert_eq!(others(0, "/c", "click"), [], "only a viewed page is counted by its path");
        assert_eq!(others(0, "/d", "page_view"), [Bounded::EventType, Bounded::Path]);
        assert_eq!(others(0, "/a", "view"), [], "it is known");
        assert_eq!(others(1, "/c", "view"), [], "another day");
    }

    #[test]
    fn an_entry_keeps_its_values_and_says_which_are_counted_as_others() {
        let (named, tenant) = (Named::new(2, 2), TenantId::default());
        let entry = |n: i64, day: i64| Entry {
            at: DateTime::UNIX_EPOCH + TimeDelta::days(day),
            request: format!("GET /{n}"),
            referer: Some(format!("https://{n}.example/")),
            host: Some("www.example".to_owned()),
            ..Entry::default()
        };
        let mut entries = [entry(0, 0), entry(1, 0), entry(2, 0), entry(1, 0), entry(2, 1)];
        entries.iter_mut().for_each(|entry| named.bound_entry(&tenant, entry));
        let others = entries.each_ref().map(|entry| entry.others.as_slice());
        assert_eq!(others, [&[][..], &[], &[Chosen::Path, Chosen::Referer], &[], &[]]);
        assert_eq!(entries[2].request, "GET /2");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let named = Named::new(1, 1);
        let days = MOST_REMEMBERED / MOST_VALUES + 10;
        for day in 0..days {
            let day = i64::try_from(day).expect("a day");
            (0..MOST_VALUES).for_each(|n| drop(counted(&named, "a", day, &n.to_string())));
        }
        let known = lock(&named.events);
        let values = known.days.values().flat_map(HashMap::values).map(HashSet::len).sum::<usize>();
        assert_eq!((known.values, known.order.len()), (values, known.days.len()));
        assert!(known.values <= MOST_REMEMBERED + SiteDimension::ALL.len(), "{}", known.values);
        assert!(known.days.len() < days);
    }
}
