//! Adds up the events that a filter selects.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::filter::Filter;
use super::properties::Properties;
use super::tally::Tally;
use crate::event::{Event, VIEWS};
use crate::hash;
use crate::rollup::{Dimension, Figures, values_of};
use crate::site_days::Sum;
use crate::site_dimension::SiteDimension;
use crate::store::Document;

/// Values with their figures, most views first; ties are ordered by value.
pub type Rows = Vec<(String, Figures)>;

/// The figures of the events that a filter selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filtered {
    /// All of them.
    pub total: Figures,
    /// Those of each day that has some.
    pub days: Vec<(NaiveDate, Figures)>,
    /// Those of each page.
    pub paths: Rows,
    /// Those of each value of each dimension.
    pub breakdowns: BTreeMap<SiteDimension, Rows>,
    /// Those of each value of each property, if the filter is on the type of events: events, not views.
    pub properties: BTreeMap<String, Rows>,
    /// How many events of the period were counted, and have expired since: they are in no figure.
    pub missing: i64,
}

/// What was added up so far.
#[derive(Debug)]
pub(super) struct Sums<'f> {
    filter: &'f Filter,
    /// All events, whether selected or not.
    found: i64,
    total: Tally,
    days: BTreeMap<NaiveDate, Tally>,
    paths: HashMap<String, Tally>,
    breakdowns: BTreeMap<SiteDimension, HashMap<String, Tally>>,
    properties: Properties,
}

impl<'f> Sums<'f> {
    pub(super) fn new(filter: &'f Filter) -> Self {
        Self {
            filter,
            found: 0,
            total: Tally::default(),
            days: BTreeMap::new(),
            paths: HashMap::new(),
            breakdowns: BTreeMap::new(),
            properties: Properties::default(),
        }
    }

    /// Adds an event with this payload, if the filter selects it.
    fn add(&mut self, event: &Event, payload: Option<&str>) {
        if !self.filter.has(event) {
            return;
        }
        let user = event.user_id.as_deref().map(user);
        let views = i64::from(is_counted_as_view(event));
        self.total.add(views, user);
        self.days.entry(event.day()).or_default().add(views, user);
        for (dimension, value) in values_of(event) {
            if let Some(values) = self.values(dimension) {
                add(values, value, user);
            }
        }
        if let Some(payload) = payload.filter(|_| self.filter.is_on_type()) {
            self.properties.take(payload, user);
        }
    }

    fn values(&mut self, dimension: Dimension) -> Option<&mut HashMap<String, Tally>> {
        match dimension {
            Dimension::ViewPath => Some(&mut self.paths),
            Dimension::EventType => Some(self.breakdowns.entry(SiteDimension::Event).or_default()),
            // The same once more, where the site counts that dimension.
            Dimension::Site(SiteDimension::Event) => None,
            Dimension::Site(dimension) => Some(self.breakdowns.entry(dimension).or_default()),
            _ => None,
        }
    }

    /// The figures, where so many events were `counted`.
    pub(super) fn finish(self, counted: i64) -> Filtered {
        let days = self.days.into_iter().map(|(day, tally)| (day, tally.figures()));
        let breakdowns = self.breakdowns.into_iter();
        let properties = self.properties.0.into_iter();
        Filtered {
            total: self.total.figures(),
            days: days.collect(),
            paths: rows(self.paths),
            breakdowns: breakdowns.map(|(name, values)| (name, rows(values))).collect(),
            properties: properties.map(|(name, values)| (name, rows(values))).collect(),
            missing: (counted - self.found).max(0),
        }
    }
}

impl Sum for Sums<'_> {
    fn take(&mut self, document: &Document) {
        let Some(event) = Event::stored(document) else { return };
        self.found += 1;
        self.add(&event, document.text("payload"));
    }

    fn found(&self) -> i64 {
        self.found
    }
}

fn add(values: &mut HashMap<String, Tally>, value: &str, user: Option<u64>) {
    if let Some(tally) = values.get_mut(value) {
        return tally.add(1, user);
    }
    values.entry(value.to_owned()).or_default().add(1, user);
}

fn rows(values: HashMap<String, Tally>) -> Rows {
    let row = |(value, tally): (String, Tally)| (value, tally.figures());
    let mut rows: Rows = values.into_iter().map(row).collect();
    rows.sort_unstable_by(|(one, these), (other, those)| {
        those.views.cmp(&these.views).then_with(|| one.cmp(other))
    });
    rows
}

/// Half of the hash of a user. Two users of a period share it once in many million periods.
fn user(id: &str) -> u64 {
    u64::try_from(hash::short(&[id]) >> 64).unwrap_or_default()
}

/// As the rollups have it: by the type that the event is counted as.
fn is_counted_as_view(event: &Event) -> bool {
    values_of(event)
        .any(|(dimension, value)| dimension == Dimension::EventType && VIEWS.contains(&value))
}
