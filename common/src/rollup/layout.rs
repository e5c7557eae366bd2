//! What is counted, in which windows, and in which documents.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::access_log::STATUS_CLASSES;
use crate::site_dimension::SiteDimension;

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// One day: of an event that of its site, of an access log one in UTC.
    Day,
    /// All time, in one window.
    All,
}

impl Grain {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Minute, Self::Hour, Self::Day, Self::All];

    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::All => "all",
        }
    }

    /// The length of a window; `None` for all time.
    pub fn length(self) -> Option<TimeDelta> {
        match self {
            Self::Minute => Some(TimeDelta::minutes(1)),
            Self::Hour => Some(TimeDelta::hours(1)),
            Self::Day => Some(TimeDelta::days(1)),
            Self::All => None,
        }
    }

    /// The start of the window that contains `at`; for all time, 1970.
    pub fn start(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let floor = self.length().map(|length| length.num_seconds()).and_then(|length| {
            DateTime::from_timestamp(at.timestamp().div_euclid(length) * length, 0)
        });
        floor.unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Events by type. Only summed.
    EventType,
    /// Views by the path of the page. Ordered by count.
    ViewPath,
    /// Events that are not counted otherwise, by the reason. Ordered by count.
    Excluded,
    /// Requests in access logs, with a single value. Only summed.
    Requests,
    /// Requests by method and path. Ordered by count.
    RequestPath,
    /// Requests by the family of the user agent. Ordered by count.
    UserAgent,
    /// Requests by the host of the referer. Ordered by count.
    Referer,
    /// Requests by the host that they were for. Ordered by count.
    Host,
    /// Requests by the class of the answer's status, in a field of [`Dimension::Requests`].
    Status,
    /// The bytes of all answers, in a field of [`Dimension::Requests`].
    Bytes,
    /// Views by one of their properties, or events by their type. Ordered by count.
    Site(SiteDimension),
}

/// The names in documents of [`SiteDimension::ALL`]: access logs have a `host` of their own.
const OF_SITES: [&str; SiteDimension::ALL.len()] = [
    "site_source",
    "site_referrer",
    "site_utm_source",
    "site_utm_medium",
    "site_utm_campaign",
    "site_utm_term",
    "site_utm_content",
    "site_browser",
    "site_os",
    "site_device",
    "site_language",
    "site_country",
    "site_entry_page",
    "site_host",
    "site_event",
];

/// The single value of a dimension that counts all requests.
pub(super) const ALL_REQUESTS: &str = "all";

/// The fields of a rollup: what identifies it, and then what it counts.
pub(super) const FIELDS: &[&str] = &[
    "dimension",
    "value",
    "grain",
    "start",
    "count",
    "bytes",
    "status_1xx",
    "status_2xx",
    "status_3xx",
    "status_4xx",
    "status_5xx",
];
/// Those that are read of a rollup of all requests, whose other fields are known: the start of its
/// window, and what it counts.
pub(super) const COUNTED: &[&str] = FIELDS.split_at(3).1;
/// The field that holds the count.
pub(super) const COUNT: &str = FIELDS[4];
/// The field that holds the bytes.
pub(super) const BYTES: &str = FIELDS[5];
/// The fields that count the classes of statuses, the first class first.
pub(super) const STATUSES: &[&str] = FIELDS.split_at(6).1;

/// What is counted in further fields of the rollup of all requests, and so costs no document of its
/// own: the field, the dimension and its value.
pub(super) const FURTHER: [(&str, Dimension, &str); 6] = [
    (BYTES, Dimension::Bytes, ALL_REQUESTS),
    (STATUSES[0], Dimension::Status, STATUS_CLASSES[0]),
    (STATUSES[1], Dimension::Status, STATUS_CLASSES[1]),
    (STATUSES[2], Dimension::Status, STATUS_CLASSES[2]),
    (STATUSES[3], Dimension::Status, STATUS_CLASSES[3]),
    (STATUSES[4], Dimension::Status, STATUS_CLASSES[4]),
];

impl Dimension {
    /// All but those of sites.
    const OWN: [Self; 10] = [
        Self::EventType,
        Self::ViewPath,
        Self::Excluded,
        Self::Requests,
        Self::RequestPath,
        Self::UserAgent,
        Self::Referer,
        Self::Host,
        Self::Status,
        Self::Bytes,
    ];

    /// The dimension of this name.
    pub fn named(name: &str) -> Option<Self> {
        let of_sites = SiteDimension::ALL.map(Self::Site);
        Self::OWN.into_iter().chain(of_sites).find(|dimension| dimension.as_str() == name)
    }

    /// The name in documents and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventType => "event_type",
            Self::ViewPath => "view_path",
            Self::Excluded => "excluded",
            Self::Requests => "requests",
            Self::RequestPath => "request_path",
            Self::UserAgent => "user_agent",
            Self::Referer => "referer",
            Self::Host => "host",
            Self::Status => "status",
            Self::Bytes => "bytes",
            Self::Site(dimension) => OF_SITES[dimension as usize],
        }
    }

    pub(super) fn grains(self) -> &'static [Grain] {
        match self {
            Self::EventType => &[Grain::Hour, Grain::Day, Grain::All],
            Self::ViewPath | Self::Excluded => &[Grain::Day, Grain::All],
            Self::Site(_) => &[Grain::Day],
            Self::Requests
            | Self::RequestPath
            | Self::UserAgent
            | Self::Referer
            | Self::Host
            | Self::Status
            | Self::Bytes => &[Grain::Minute, Grain::Hour, Grain::Day],
        }
    }

    /// Whether counts are only summed, never ordered by. Only then may they be spread over shards.
    pub(super) fn is_only_summed(self) -> bool {
        matches!(self, Self::EventType | Self::Requests)
    }
}

/// The start of the window of a day.
pub(super) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Identifies a rollup of a tenant, except for its shard. The value is borrowed where nobody keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key<V = String> {
    /// What is counted.
    pub dimension: Dimension,
    /// Which value of the dimension.
    pub value: V,
    /// The length of the window.
    pub grain: Grain,
    /// The start of the window.
    pub start: DateTime<Utc>,
}

impl<'a> Key<&'a str> {
    /// The keys of all windows that count a `value` that occurred `at` this time, on this `day`. The
    /// start of a day is written as its midnight in UTC, in whatever zone it is a day.
    pub(super) fn all(
        dimension: Dimension,
        value: &'a str,
        at: DateTime<Utc>,
        day: NaiveDate,
    ) -> impl Iterator<Item = Self> {
        let start = move |grain| match grain {
            Grain::Day => midnight(day),
            other => other.start(at),
        };
        dimension.grains().iter().map(move |grain| Self {
            dimension,
            value,
            grain: *grain,
            start: start(*grain),
        })
    }

    /// The same key with a value of its own.
    pub fn owned(self) -> Key {
        let Self { dimension, value, grain, start } = self;
        Key { dimension, value: value.to_owned(), grain, start }
    }
}

impl Key {
    /// The same key, whose value is borrowed.
    pub(super) fn borrowed(&self) -> Key<&str> {
        let Self { dimension, value, grain, start } = self;
        Key { dimension: *dimension, value, grain: *grain, start: *start }
    }

    /// The field of the rollup that holds the count.
    pub(super) fn field(&self) -> &'static str {
        let is_it =
            |(_, dimension, value): &&_| *dimension == self.dimension && *value == self.value;
        FURTHER.iter().find(is_it).map_or(COUNT, |(field, ..)| field)
    }

    /// The rollup that holds the count.
    pub(super) fn into_document(self) -> Self {
        match self.dimension {
            Dimension::Status | Dimension::Bytes => {
                let value = ALL_REQUESTS.to_owned();
                Self { dimension: Dimension::Requests, value, ..self }
            }
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dimension_of_a_site_has_its_own_name() {
        for dimension in SiteDimension::ALL {
            let name = Dimension::Site(dimension).as_str();
            assert_eq!(name.strip_prefix("site_"), Some(dimension.as_str()));
            assert_eq!(Dimension::named(name), Some(Dimension::Site(dimension)));
        }
    }

    #[test]
    fn every_field_that_counts_is_read_and_the_constants_name_the_right_ones() {
        assert_eq!((COUNTED[0], COUNT, BYTES), ("start", "count", "bytes"));
        assert!(FURTHER.iter().all(|(field, ..)| FIELDS.contains(field)));
        assert!(FURTHER.iter().all(|(field, ..)| COUNTED.contains(field)));
        let classes = FURTHER.iter().filter(|(_, dimension, _)| *dimension == Dimension::Status);
        let classes: Vec<_> = classes.map(|(field, _, class)| (*field, *class)).collect();
        let named = STATUSES.iter().map(|field| (*field, &field["status_".len()..]));
        assert_eq!(classes, named.collect::<Vec<_>>());
        assert_eq!(classes.len(), STATUS_CLASSES.len());
    }
}
