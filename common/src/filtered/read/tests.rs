use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::event::Event;
use crate::rollup::{self, Figures, Period};
use crate::site_days::tests::{Site, at, day, plain};
use crate::site_dimension::{Dimensions, SiteDimension};

const KOLKATA: &str = "Asia/Kolkata";
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
    fn event_type(&self) -> &'static str {
        if self.is_view { "page_view" } else { "signup" }
    }

    fn event(&self) -> Event {
        let mut dimensions =
            Dimensions::from([(SiteDimension::Event, self.event_type().to_owned())]);
        if self.is_view {
            dimensions.insert(SiteDimension::Source, self.source.to_owned());
            dimensions.insert(SiteDimension::Os, self.system.to_owned());
        }
        Event {
            path: Some(self.path.to_owned()),
            payload: (!self.is_view).then(|| format!(r#"{{"plan": "{}"}}"#, self.system)),
            dimensions,
            ..plain(self.event_type(), self.user, self.minute)
        }
    }
}

impl Site {
    async fn read(&self, filter: &Filter, days: (&str, &str)) -> Filtered {
        let days = SiteDays { first: day(days.0), last: day(days.1), zone: self.zone };
        let period = Period::Days(Some(days.first), Some(days.last));
        let counted = rollup::events(&self.store, &self.tenant, None, period).await;
        let counted = counted.expect("the store answers");
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
            let site = Site::new(KOLKATA);
            for made in &order {
                site.take(made.number, made.event()).await;
            }
            for days in [("2025-05-01", "2025-05-01"), ("2025-05-01", "2025-05-02")] {
                let of_days = |made: &&Made| {
                    (day(days.0)..=day(days.1)).contains(&site.zone.day(at(made.minute)))
                };
                let of_days: Vec<&Made> = events.iter().filter(of_days).collect();
                let select = |is: &dyn Fn(&Made) -> bool| {
                    of_days.iter().copied().filter(|made| is(made)).collect::<Vec<_>>()
                };
                let google = Filter::parse("source:Google").expect("a filter");
                let selected = select(&|made| made.is_view && made.source == "Google");
                assert_counted(&site.read(&google, days).await, &selected);
                let prices = Filter::parse("path:/prices").expect("a filter");
                let selected = select(&|made| made.path == "/prices");
                assert_counted(&site.read(&prices, days).await, &selected);
                let signups = Filter::parse("event:signup").expect("a filter");
                let selected = select(&|made| !made.is_view);
                let read = site.read(&signups, days).await;
                assert_counted(&read, &selected);
                let plans = map(read.properties.get("plan"));
                assert_eq!(plans, by(&selected, |made| made.system));
            }
        });
    }
}

#[tokio::test]
async fn what_has_expired_is_said_to_be_missing() {
    let site = Site::new(KOLKATA);
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
        site.take(number, made(number).event()).await;
    }
    site.expire([3].into_iter()).await;
    let filter = Filter::parse("os:Linux").expect("a filter");
    let read = site.read(&filter, ("2025-05-01", "2025-05-01")).await;
    assert_eq!((read.total.views, read.missing), (4, 1));
}
