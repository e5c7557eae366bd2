//! Reads the events of a period, and adds up those that a filter selects.

use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate, Utc};

use super::filter::Filter;
use super::sums::{Filtered, Sums};
use crate::event::Event;
use crate::event_listing::{Selection, each};
use crate::store::{Document, DocumentStore, StoreError};
use crate::tenant::TenantId;
use crate::time_zone::{self, TimeZone};

/// Events in one answer of the store.
const PAGE: u32 = 5_000;
/// What is read of an event.
const FIELDS: &[&str] = &[
    "event_type",
    "user_id",
    "path",
    "timestamp",
    "excluded",
    "dimensions",
    "others",
    "day",
    "payload",
];

/// The days of a site that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first one.
    pub first: NaiveDate,
    /// The last one.
    pub last: NaiveDate,
    /// The time zone of the site.
    pub zone: TimeZone,
}

/// How many events a period may have to be read at all: a read in the store's own place takes a few
/// microseconds, and Firestore charges each.
pub fn most_events(store: &dyn DocumentStore) -> i64 {
    if store.reads_in_place() { 200_000 } else { 20_000 }
}

/// The figures of the events of `days` that `filter` selects, where so many events were `counted` before.
pub async fn read(
    store: &dyn DocumentStore,
    tenant: &TenantId,
    days: Days,
    filter: &Filter,
    counted: i64,
) -> Result<Filtered, StoreError> {
    let site = Site { store, tenant, days, filter };
    let next = days.last.succ_opt().unwrap_or(days.last);
    let (from, to) = (days.zone.midnight(days.first), days.zone.midnight(next));
    let mut sums = site.sums(from, to).await?;
    // If that is not all that is counted, the site may have had another zone.
    if sums.found < counted {
        let from = time_zone::first_midnight(days.first);
        sums = site.sums(from, time_zone::last_midnight(next)).await?;
    }
    Ok(sums.finish(counted))
}

struct Site<'a> {
    store: &'a dyn DocumentStore,
    tenant: &'a TenantId,
    days: Days,
    filter: &'a Filter,
}

impl<'a> Site<'a> {
    /// Adds up the events of the days that happened in `from..to`.
    async fn sums(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Sums<'a>, StoreError> {
        let (from, to, fields) = (Some(from), Some(to), Some(FIELDS));
        let selection = Selection { from, to, fields, ..Selection::default() };
        let mut sums = Sums::new(self.filter);
        each(self.store, self.tenant, &selection, PAGE, |document| {
            if let Some(event) = self.event(document) {
                sums.take(&event, document.text("payload"));
            }
            ControlFlow::Continue(())
        })
        .await?;
        Ok(sums)
    }

    /// The event, if it is counted on one of the days as what it is.
    fn event(&self, document: &Document) -> Option<Event> {
        let is_of_days = |event: &Event| (self.days.first..=self.days.last).contains(&event.day());
        Event::stored(document).filter(|event| event.excluded.is_none() && is_of_days(event))
    }
}

#[cfg(all(test, feature = "embedded"))]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::TimeDelta;
    use proptest::prelude::*;
    use proptest::sample::select;
    use tempfile::TempDir;

    use super::*;
    use crate::filtered::Filtered;
    use crate::keep::Keep;
    use crate::record::{Kind, Part, Record, RecordId};
    use crate::rollup::{self, Figures, Period, of_event};
    use crate::site_dimension::{Dimensions, SiteDimension};
    use crate::store::Write;
    use crate::store::embedded::EmbeddedStore;

    const SOURCES: [&str; 2] = ["Google", "news.example"];
    const SYSTEMS: [&str; 2] = ["Linux", "iOS"];
    const PATHS: [&str; 2] = ["/", "/prices"];

    /// An event: a view has a source and a system, and a signup has a plan.
    #[derive(Clone, Debug)]
    struct Made {
        number: usize,
        user: Option<u8>,
        minute: i64,
        is_view: bool,
        source: &'static str,
        system: &'static str,
        path: &'static str,
    }

    fn made() -> impl Strategy<Value = Vec<Made>> {
        let one = (
            prop::option::weighted(0.9, 0..4_u8),
            -600..3_000_i64,
            prop::bool::weighted(0.7),
            select(&SOURCES[..]),
            select(&SYSTEMS[..]),
            select(&PATHS[..]),
        );
        prop::collection::vec(one, 0..50).prop_map(|all| {
            let made = |(number, (user, minute, is_view, source, system, path))| Made {
                number,
                user,
                minute,
                is_view,
                source,
                system,
                path,
            };
            all.into_iter().enumerate().map(made).collect()
        })
    }

    impl Made {
        fn at(&self) -> DateTime<Utc> {
            TimeZone::default().midnight(day("2025-05-01")) + TimeDelta::minutes(self.minute)
        }

        fn event_type(&self) -> &'static str {
            if self.is_view { "page_view" } else { "signup" }
        }

        fn event(&self, zone: TimeZone) -> Event {
            let mut dimensions =
                Dimensions::from([(SiteDimension::Event, self.event_type().to_owned())]);
            if self.is_view {
                dimensions.insert(SiteDimension::Source, self.source.to_owned());
                dimensions.insert(SiteDimension::Os, self.system.to_owned());
            }
            let mut event = Event {
                event_type: self.event_type().to_owned(),
                user_id: self.user.map(|user| format!("u{user}")),
                path: Some(self.path.to_owned()),
                payload: (!self.is_view).then(|| format!(r#"{{"plan": "{}"}}"#, self.system)),
                timestamp: self.at(),
                truncated: false,
                excluded: None,
                dimensions,
                others: Vec::new(),
                day: None,
            };
            event.count_in(zone);
            event
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    struct Shop {
        store: EmbeddedStore,
        tenant: TenantId,
        zone: TimeZone,
        _folder: TempDir,
    }

    impl Shop {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let store = EmbeddedStore::open(folder.path()).expect("a store");
            let tenant = TenantId::parse("acme").expect("a tenant");
            let zone = TimeZone::named("Asia/Kolkata").expect("a zone");
            Self { store, tenant, zone, _folder: folder }
        }

        /// Stores and counts an event, as the worker does: once.
        async fn take(&self, made: &Made) {
            let event = made.event(self.zone);
            let record = Record {
                kind: Kind::Event,
                tenant: self.tenant.clone(),
                id: RecordId::parse(&format!("e-{}", made.number)).expect("an id"),
                digest: String::new(),
                source: String::new(),
                received_at: made.at(),
                part: Part::WHOLE,
                traceparent: None,
                data: String::new(),
            };
            let path = crate::event::path(&self.tenant, &record.id);
            let fields = event.fields(&record, Keep { original: true, days: None });
            let gate = Write::Create { path, fields };
            let counts = of_event(&self.tenant, &event, 0);
            let _ = self.store.commit([vec![gate], counts].concat()).await;
        }

        async fn read(&self, filter: &Filter, days: (&str, &str)) -> Filtered {
            let (first, last) = (day(days.0), day(days.1));
            let period = Period::Days(Some(first), Some(last));
            let counted = rollup::events(&self.store, &self.tenant, None, period).await;
            let (counted, zone) = (counted.expect("the store answers"), self.zone);
            let days = Days { first, last, zone };
            let filtered = read(&self.store, &self.tenant, days, filter, counted).await;
            filtered.expect("the store answers")
        }
    }

    /// The figures of some events, counted one by one.
    fn figures<'m>(events: impl Iterator<Item = &'m Made>) -> Figures {
        let (mut views, mut users) = (0, BTreeSet::new());
        for made in events {
            views += 1;
            users.extend(made.user);
        }
        Figures { views, visitors: i64::try_from(users.len()).expect("a number") }
    }

    /// The figures of each value of some events.
    fn by<'m>(
        events: &[&'m Made],
        value: impl Fn(&'m Made) -> &'static str,
    ) -> BTreeMap<String, Figures> {
        let values: BTreeSet<_> = events.iter().map(|made| value(made)).collect();
        let of = |one| figures(events.iter().copied().filter(|made| value(made) == one));
        values.into_iter().map(|one| (one.to_owned(), of(one))).collect()
    }

    fn map(rows: Option<&Vec<(String, Figures)>>) -> BTreeMap<String, Figures> {
        rows.cloned().unwrap_or_default().into_iter().collect()
    }

    fn assert_counted(read: &Filtered, selected: &[&Made]) {
        let views: Vec<&Made> = selected.iter().copied().filter(|made| made.is_view).collect();
        assert_eq!(read.total.views, figures(views.iter().copied()).views);
        assert_eq!(read.total.visitors, figures(selected.iter().copied()).visitors);
        assert_eq!(read.days.iter().map(|(_, day)| day.views).sum::<i64>(), read.total.views);
        assert_eq!(map(Some(&read.paths)), by(&views, |made| made.path));
        let dimension = |dimension| map(read.breakdowns.get(&dimension));
        assert_eq!(dimension(SiteDimension::Source), by(&views, |made| made.source));
        assert_eq!(dimension(SiteDimension::Os), by(&views, |made| made.system));
        assert_eq!(dimension(SiteDimension::Event), by(selected, |made| made.event_type()));
        assert_eq!(read.missing, 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn figures_are_those_of_an_independent_count(
            (events, order) in made().prop_flat_map(|made| {
                let twice = [made.clone(), made.clone()].concat();
                (Just(made), Just(twice).prop_shuffle())
            }),
        ) {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let shop = Shop::new();
                for made in &order {
                    shop.take(made).await;
                }
                for days in [("2025-05-01", "2025-05-01"), ("2025-05-01", "2025-05-02")] {
                    let of_days = |made: &&Made| {
                        (day(days.0)..=day(days.1)).contains(&shop.zone.day(made.at()))
                    };
                    let of_days: Vec<&Made> = events.iter().filter(of_days).collect();
                    let select = |is: &dyn Fn(&Made) -> bool| {
                        of_days.iter().copied().filter(|made| is(made)).collect::<Vec<_>>()
                    };
                    let google = Filter::parse("source:Google").expect("a filter");
                    let selected = select(&|made| made.is_view && made.source == "Google");
                    assert_counted(&shop.read(&google, days).await, &selected);
                    let prices = Filter::parse("path:/prices").expect("a filter");
                    let selected = select(&|made| made.path == "/prices");
                    assert_counted(&shop.read(&prices, days).await, &selected);
                    let signups = Filter::parse("event:signup").expect("a filter");
                    let selected = select(&|made| !made.is_view);
                    let read = shop.read(&signups, days).await;
                    assert_counted(&read, &selected);
                    let plans = map(read.properties.get("plan"));
                    assert_eq!(plans, by(&selected, |made| made.system));
                }
            });
        }
    }

    #[tokio::test]
    async fn what_has_expired_is_said_to_be_missing() {
        let shop = Shop::new();
        let made = |number| Made {
            number,
            user: Some(1),
            minute: 600,
            is_view: true,
            source: "Google",
            system: "Linux",
            path: "/",
        };
        for number in 0..5 {
            shop.take(&made(number)).await;
        }
        let id = RecordId::parse("e-3").expect("an id");
        let delete = Write::Delete { path: crate::event::path(&shop.tenant, &id) };
        shop.store.commit(vec![delete]).await.expect("removed");
        let filter = Filter::parse("os:Linux").expect("a filter");
        let read = shop.read(&filter, ("2025-05-01", "2025-05-01")).await;
        assert_eq!((read.total.views, read.missing), (4, 1));
    }
}
