//! What is counted, in which windows, and in which documents.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::path::{Collection, CollectionPath};
use crate::store::{Write, fields};
use crate::tenant::TenantId;

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// One day in UTC.
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
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::EventType,
        Self::ViewPath,
        Self::Excluded,
        Self::Requests,
        Self::RequestPath,
        Self::UserAgent,
    ];

    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventType => "event_type",
            Self::ViewPath => "view_path",
            Self::Excluded => "excluded",
            Self::Requests => "requests",
            Self::RequestPath => "request_path",
            Self::UserAgent => "user_agent",
        }
    }

    fn grains(self) -> &'static [Grain] {
        match self {
            Self::EventType => &[Grain::Hour, Grain::Day, Grain::All],
            Self::ViewPath | Self::Excluded => &[Grain::Day, Grain::All],
            Self::Requests | Self::RequestPath | Self::UserAgent => {
                &[Grain::Minute, Grain::Hour, Grain::Day]
            }
        }
    }

    /// Whether counts are only summed, never ordered by. Only then may they be spread over shards.
    fn is_only_summed(self) -> bool {
        matches!(self, Self::EventType | Self::Requests)
    }
}

/// Identifies a rollup of a tenant, except for its shard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What is counted.
    pub dimension: Dimension,
    /// Which value of the dimension.
    pub value: String,
    /// The length of the window.
    pub grain: Grain,
    /// The start of the window.
    pub start: DateTime<Utc>,
}

impl Key {
    /// The keys of all windows that count a `value` that occurred `at` this time.
    pub(super) fn all(
        dimension: Dimension,
        value: &str,
        at: DateTime<Utc>,
    ) -> impl Iterator<Item = Self> {
        dimension.grains().iter().map(move |grain| Self {
            dimension,
            value: value.to_owned(),
            grain: *grain,
            start: grain.start(at),
        })
    }

    fn increment(&self, tenant: &TenantId, shard: u32, by: i64) -> Write {
        let Self { dimension, value, grain, start } = self;
        let (seconds, number) = (start.timestamp().to_string(), shard.to_string());
        let identity = [dimension.as_str(), value, grain.as_str(), &seconds, &number];
        Write::Increment {
            path: CollectionPath::of(tenant, Collection::Rollups).hashed(&identity),
            fields: fields([
                ("dimension", dimension.as_str().into()),
                ("value", value.as_str().into()),
                ("grain", grain.as_str().into()),
                ("start", (*start).into()),
                ("shard", shard.into()),
            ]),
            by: [("count".to_owned(), by)].into(),
        }
    }
}

/// What a record adds to rollups.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<Key, i64>);

impl FromIterator<Key> for Counts {
    fn from_iter<T: IntoIterator<Item = Key>>(keys: T) -> Self {
        let mut counts = Self::default();
        for key in keys {
            *counts.0.entry(key).or_default() += 1;
        }
        counts
    }
}

impl Counts {
    /// One increment for each rollup; those that may be spread go to `shard`.
    pub(super) fn writes(self, tenant: &TenantId, shard: u32) -> impl Iterator<Item = Write> {
        self.0.into_iter().map(move |(key, by)| {
            key.increment(tenant, if key.dimension.is_only_summed() { shard } else { 0 }, by)
        })
    }
}
