//! Reads the events of days of a site, and adds them up.

use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate, Utc};

use crate::event::day_of;
use crate::event_listing::{Selection, each};
use crate::store::{Document, DocumentStore, StoreError};
use crate::tenant::TenantId;
use crate::time_zone::{self, TimeZone};

/// Days of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteDays {
    /// The first one.
    pub first: NaiveDate,
    /// The last one.
    pub last: NaiveDate,
    /// The time zone of the site.
    pub zone: TimeZone,
}

/// What events are added up to.
pub(crate) trait Sum {
    /// Adds an event.
    fn take(&mut self, event: &Document);

    /// How many of the events that are counted were added.
    fn found(&self) -> i64;
}

/// How events are read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// Where from.
    pub(crate) store: &'a dyn DocumentStore,
    /// Whose.
    pub(crate) tenant: &'a TenantId,
    /// Their fields, at least `timestamp`, `excluded` and `day`.
    pub(crate) fields: &'static [&'static str],
    /// How many in one answer of the store.
    pub(crate) page: u32,
}

impl SiteDays {
    /// Whether the event is counted on one of the days, as what it is.
    fn has(&self, event: &Document) -> bool {
        let is_of_days = |day| (self.first..=self.last).contains(&day);
        event.text("excluded").is_none() && day_of(event).is_some_and(is_of_days)
    }

    /// The first day after them.
    fn next(&self) -> NaiveDate {
        self.last.succ_opt().unwrap_or(self.last)
    }
}

impl Reading<'_> {
    /// Adds up the events of the days, as they are in their zone. If that is less than was `counted`, the
    /// site may have had another zone: then as the days are anywhere.
    pub(crate) async fn sum<S: Sum>(
        self,
        days: SiteDays,
        counted: i64,
        empty: impl Fn() -> S,
    ) -> Result<S, StoreError> {
        let (first, next, zone) = (days.first, days.next(), days.zone);
        let here = (zone.midnight(first), zone.midnight(next));
        let sum = self.sum_of(days, here, empty()).await?;
        if sum.found() >= counted {
            return Ok(sum);
        }
        let anywhere = (time_zone::first_midnight(first), time_zone::last_midnight(next));
        self.sum_of(days, anywhere, empty()).await
    }

    /// Adds up the events of the days that happened in this time, page by page, the latest first.
    async fn sum_of<S: Sum>(
        self,
        days: SiteDays,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        mut sum: S,
    ) -> Result<S, StoreError> {
        let (from, to, fields) = (Some(from), Some(to), Some(self.fields));
        let selection = Selection { from, to, fields, ..Selection::default() };
        each(self.store, self.tenant, &selection, self.page, |event| {
            if days.has(event) {
                sum.take(event);
            }
            ControlFlow::Continue(())
        })
        .await?;
        Ok(sum)
    }
}

/// A site whose events are stored and counted as the worker does it.
#[cfg(all(test, feature = "embedded"))]
pub(crate) mod tests {
    use chrono::TimeDelta;
    use tempfile::TempDir;

    use super::*;
    use crate::event::{self, Event};
    use crate::record::{Kind, Part, Record, RecordId};
    use crate::retention::Keep;
    use crate::rollup::of_event;
    use crate::site_dimension::Dimensions;
    use crate::store::Write;
    use crate::store::embedded::EmbeddedStore;

    pub(crate) struct Site {
        pub(crate) store: EmbeddedStore,
        pub(crate) tenant: TenantId,
        pub(crate) zone: TimeZone,
        _folder: TempDir,
    }

    pub(crate) fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    /// So many minutes after 1 May 2025 has begun in UTC.
    pub(crate) fn at(minute: i64) -> DateTime<Utc> {
        TimeZone::default().midnight(day("2025-05-01")) + TimeDelta::minutes(minute)
    }

    /// An event without any property.
    pub(crate) fn plain(event_type: &str, user: Option<u8>, minute: i64) -> Event {
        Event {
            event_type: event_type.to_owned(),
            user_id: user.map(|user| format!("u{user}")),
            path: None,
            payload: None,
            timestamp: at(minute),
            truncated: false,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        }
    }

    fn id(number: usize) -> RecordId {
        RecordId::parse(&format!("e-{number}")).expect("an id")
    }

    impl Site {
        pub(crate) fn new(zone: &str) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let store = EmbeddedStore::open(folder.path()).expect("a store");
            let tenant = TenantId::parse("acme").expect("a tenant");
            let zone = TimeZone::named(zone).expect("a zone");
            Self { store, tenant, zone, _folder: folder }
        }

        /// Stores and counts the event of this number once, however often it comes.
        pub(crate) async fn take(&self, number: usize, mut event: Event) {
            event.count_in(self.zone);
            let record = Record {
                kind: Kind::Event,
                tenant: self.tenant.clone(),
                id: id(number),
                digest: String::new(),
                source: String::new(),
                received_at: at(0),
                part: Part::WHOLE,
                traceparent: None,
                data: String::new(),
            };
            let path = event::path(&self.tenant, &record.id);
            let fields = event.fields(&record, Keep { original: true, days: None });
            let gate = Write::Create { path, fields };
            let counts = of_event(&self.tenant, &event, 0);
            let _ = self.store.commit([vec![gate], counts].concat()).await;
        }

        /// Removes the events of these numbers, as retention does.
        pub(crate) async fn expire(&self, numbers: impl Iterator<Item = usize>) {
            let delete = |number| Write::Delete { path: event::path(&self.tenant, &id(number)) };
            self.store.commit(numbers.map(delete).collect()).await.expect("removed");
        }
    }
}
