//! Random events and parts of them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use common::event::{Bounded, Event, Exclusion};
use common::removal::{Days, Part, Whose};
use common::site_dimension::{Dimensions, SiteDimension};
use common::time_zone::TimeZone;
use proptest::prelude::*;

/// An event as it was drawn.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    user: Option<usize>,
    path: Option<&'static str>,
    kind: &'static str,
    /// Hours since the first day.
    hour: i64,
    browser: Option<&'static str>,
    is_other: bool,
    is_excluded: bool,
    zone: usize,
}

/// Users enough that a page has more than are looked up one by one.
const USERS: usize = 14;
const PATHS: [&str; 3] = ["/a", "/b", "/c?id=7"];
const DAYS: i64 = 4;
/// The zones that the site had, with their minutes ahead of UTC.
const ZONES: [(&str, i64); 3] = [("UTC", 0), ("Asia/Kolkata", 330), ("America/New_York", -240)];

pub(crate) fn drawn() -> impl Strategy<Value = Drawn> {
    let who = (prop::option::weighted(0.9, 0..USERS), prop::option::weighted(0.9, path()));
    let what = (prop::sample::select(&["view", "page_view", "click"][..]), 0..DAYS * 24);
    let browser = prop::option::of(prop::sample::select(&["Firefox", "Chrome"][..]));
    let how = (browser, prop::bool::weighted(0.1), prop::bool::weighted(0.1), 0..ZONES.len());
    (who, what, how).prop_map(|(who, (kind, hour), (browser, is_other, is_excluded, zone))| {
        let (user, path) = who;
        Drawn { user, path, kind, hour, browser, is_other, is_excluded, zone }
    })
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&PATHS[..])
}

pub(crate) fn part() -> impl Strategy<Value = Part> {
    let whose = prop_oneof![
        (0..USERS).prop_map(|user| Whose::User(name(user))),
        path().prop_map(|path| Whose::Path(path.to_owned())),
    ];
    let alone = (whose.clone(), Just(Days::default()));
    let within = (whose, days());
    let period = (Just(Whose::Everybody), days());
    let part = |((whose, days), number)| Part { whose, days, zone: zone(number) };
    (prop_oneof![alone, within, period], 0..ZONES.len()).prop_map(part)
}

fn days() -> impl Strategy<Value = Days> {
    (0..DAYS, 0..DAYS, any::<bool>(), any::<bool>()).prop_map(|(one, other, is_open, is_first)| {
        let (first, last) = (Some(day(one.min(other))), Some(day(one.max(other))));
        match (is_open, is_first) {
            (false, _) => Days { first, last },
            (true, true) => Days { first, last: None },
            (true, false) => Days { first: None, last },
        }
    })
}

pub(crate) fn page(path: &str) -> Part {
    Part { whose: Whose::Path(path.to_owned()), days: Days::default(), zone: zone(0) }
}

pub(crate) fn period(first: i64, last: i64) -> Part {
    let days = Days { first: Some(day(first)), last: Some(day(last)) };
    Part { whose: Whose::Everybody, days, zone: zone(0) }
}

fn zone(number: usize) -> TimeZone {
    TimeZone::named(ZONES[number].0).expect("a zone")
}

fn day(number: i64) -> NaiveDate {
    start().date_naive() + TimeDelta::days(number)
}

fn start() -> DateTime<Utc> {
    "2025-05-01T00:30:00Z".parse().expect("a time")
}

fn name(user: usize) -> String {
    format!("user-{user}")
}

impl Drawn {
    /// A view of one of the users, the same each time.
    pub(crate) fn numbered(number: usize) -> Self {
        Self {
            user: Some(number % USERS),
            path: Some(PATHS[number / 2 % PATHS.len()]),
            kind: "view",
            hour: i64::try_from(number / 7).expect("a number") % (DAYS * 24),
            browser: Some(["Firefox", "Chrome"][number / 3 % 2]),
            is_other: false,
            is_excluded: false,
            zone: 0,
        }
    }

    pub(crate) fn event(&self) -> Event {
        let browser = self.browser.map(|name| (SiteDimension::Browser, name.to_owned()));
        let mut event = Event {
            event_type: self.kind.to_owned(),
            user_id: self.user.map(name),
            path: self.path.map(str::to_owned),
            payload: Some("{}".to_owned()),
            timestamp: start() + TimeDelta::hours(self.hour),
            truncated: false,
            excluded: None,
            dimensions: browser.into_iter().collect::<Dimensions>(),
            others: if self.is_other { vec![Bounded::Path] } else { Vec::new() },
            day: None,
        };
        event.count_in(zone(self.zone));
        if self.is_excluded { event.excluded_for(Exclusion::Bot) } else { event }
    }

    /// Whether the part has the event, reckoned apart from the code.
    pub(crate) fn is_of(&self, part: &Part) -> bool {
        let minutes = TimeDelta::hours(self.hour) + TimeDelta::minutes(ZONES[self.zone].1);
        let day = (start() + minutes).date_naive();
        let is_in = part.days.first.is_none_or(|first| day >= first)
            && part.days.last.is_none_or(|last| day <= last);
        let (user, path) = if self.is_excluded { (None, None) } else { (self.user, self.path) };
        is_in
            && match &part.whose {
                Whose::Everybody => true,
                Whose::User(id) => user.map(name).as_ref() == Some(id),
                Whose::Path(name) => path == Some(name.as_str()),
            }
    }
}
