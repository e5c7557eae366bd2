//! Plausible events of a site: a few pages and users are far busier than the rest, a day has busy and
//! quiet hours, and locations are real cities. The same seed makes the same events.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};
use common::hash;
use common::record::RecordId;
use fake::Fake as _;
use fake::faker::company::en::CatchPhrase;
use rand::distr::Distribution as _;
use rand::distr::weighted::WeightedIndex;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::day_curve::DAY_CURVE;

/// How many pages the site has.
const PAGES: usize = 60;
/// The pages that every site has, the most popular first; the others are articles.
const KNOWN_PAGES: [(&str, &str); 6] = [
    ("/", "Home"),
    ("/pricing", "Pricing"),
    ("/docs", "Documentation"),
    ("/blog", "Blog"),
    ("/signup", "Sign up"),
    ("/login", "Log in"),
];
/// Buttons and links: id and text.
const BUTTONS: [(&str, &str); 7] = [
    ("nav-menu", "Menu"),
    ("cta-signup", "Start for free"),
    ("nav-pricing", "See pricing"),
    ("search", "Search"),
    ("share", "Share"),
    ("cta-demo", "Book a demo"),
    ("newsletter", "Subscribe"),
];
/// Where views come from, the most frequent first; the empty one is a page opened directly.
const REFERRERS: [&str; 5] = [
    "",
    "https://www.google.com/",
    "https://news.ycombinator.com/",
    "https://www.bing.com/",
    "https://duckduckgo.com/",
];
/// Large cities: latitude and longitude.
const CITIES: [(f64, f64); 12] = [
    (52.52, 13.40),
    (48.86, 2.35),
    (51.51, -0.13),
    (40.71, -74.01),
    (37.77, -122.42),
    (-23.55, -46.63),
    (35.68, 139.69),
    (28.61, 77.21),
    (1.35, 103.82),
    (-33.87, 151.21),
    (30.04, 31.24),
    (6.52, 3.38),
];

/// What to make.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    /// How many events.
    pub(super) events: usize,
    /// How many users the events come from.
    pub(super) users: usize,
    /// The first day, UTC.
    pub(super) first: NaiveDate,
    /// The last day, UTC.
    pub(super) last: NaiveDate,
    /// The tenants of the events; the first gets the most.
    pub(super) tenants: Vec<String>,
    /// The seed of the random numbers.
    pub(super) seed: u64,
}

impl Recipe {
    /// What distinguishes it from other recipes. The number of events is not part of that: a longer
    /// run starts with the events of a shorter one.
    fn name(&self) -> String {
        format!("{:?}", (self.seed, self.users, self.first, self.last, &self.tenants))
    }
}

/// The bodies of `POST /event`.
pub(super) struct Events {
    recipe: Recipe,
    chance: ChaCha8Rng,
    pages: Vec<Page>,
    page: WeightedIndex<f64>,
    button: WeightedIndex<f64>,
    referrer: WeightedIndex<f64>,
    user: WeightedIndex<f64>,
    tenant: WeightedIndex<f64>,
    hour: WeightedIndex<u32>,
    /// The recipe's name, which goes into every event's id.
    name: String,
    made: usize,
}

impl Events {
    /// The events of `recipe`. Fails if it has no users or no tenants.
    pub(super) fn of(recipe: Recipe) -> Result<Self, rand::distr::weighted::Error> {
        // This generator gives the same numbers in every release of its crate.
        let mut chance = ChaCha8Rng::seed_from_u64(recipe.seed);
        let pages = pages(&mut chance);
        Ok(Self {
            page: long_tail(PAGES)?,
            button: long_tail(BUTTONS.len())?,
            referrer: long_tail(REFERRERS.len())?,
            user: long_tail(recipe.users)?,
            tenant: long_tail(recipe.tenants.len())?,
            hour: WeightedIndex::new(DAY_CURVE)?,
            name: recipe.name(),
            pages,
            chance,
            recipe,
            made: 0,
        })
    }

    fn event(&mut self) -> Value {
        let tenant = self.recipe.tenants[self.tenant.sample(&mut self.chance)].clone();
        let user = self.user.sample(&mut self.chance);
        let page = self.pages[self.page.sample(&mut self.chance)].clone();
        let (event_type, payload) = match self.chance.random_range(0..100) {
            0..70 => ("view", self.view(&page)),
            70..92 => ("click", self.click()),
            _ => ("location", self.location(user)),
        };
        let mut event = json!({
            "site_id": tenant,
            "event_type": event_type,
            "path": page.path,
            "user_id": format!("user-{user:05}"),
            "timestamp": self.time().to_rfc3339_opts(SecondsFormat::Millis, true),
            "payload": payload,
        });
        event["event_id"] = self.id(&event).into();
        event
    }

    /// A UUID that depends on the content too: a server quarantines other content with a known id.
    fn id(&self, event: &Value) -> String {
        let fields = [&self.name, &self.made.to_string(), &event.to_string()];
        RecordId::uuid(hash::short(&fields)).to_string()
    }

    fn view(&mut self, page: &Page) -> Value {
        let url = format!("https://shop.example{}", page.path);
        let referrer = REFERRERS[self.referrer.sample(&mut self.chance)];
        json!({"url": url, "title": page.title, "referrer": referrer})
    }

    fn click(&mut self) -> Value {
        let (element, text) = BUTTONS[self.button.sample(&mut self.chance)];
        json!({"element_id": element, "text": text})
    }

    /// A place near the user's city.
    fn location(&mut self, user: usize) -> Value {
        let (latitude, longitude) = CITIES[user % CITIES.len()];
        let mut near = |place: f64| {
            let place = place + self.chance.random_range(-0.2..0.2);
            (place * 1e5).round() / 1e5
        };
        let (latitude, longitude) = (near(latitude), near(longitude));
        let accuracy = self.chance.random_range(5..200);
        json!({"latitude": latitude, "longitude": longitude, "accuracy": accuracy})
    }

    fn time(&mut self) -> DateTime<Utc> {
        let days = (self.recipe.last - self.recipe.first).num_days().unsigned_abs();
        let day = self.recipe.first + Days::new(self.chance.random_range(0..=days));
        let hour = self.hour.sample(&mut self.chance) as i64;
        let within = TimeDelta::milliseconds(self.chance.random_range(0..3_600_000));
        day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(hour) + within
    }
}

impl Iterator for Events {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let is_left = self.made < self.recipe.events;
        self.made += 1;
        is_left.then(|| self.event())
    }
}

/// Weights by Zipf's law: the n-th has 1/n of the first one's weight.
fn long_tail(count: usize) -> Result<WeightedIndex<f64>, rand::distr::weighted::Error> {
    WeightedIndex::new((1..=count).map(|rank| 1.0 / rank as f64))
}

/// A page and its title.
#[derive(Clone)]
struct Page {
    path: String,
    title: String,
}

fn pages(chance: &mut ChaCha8Rng) -> Vec<Page> {
    let known =
        KNOWN_PAGES.map(|(path, title)| Page { path: path.to_owned(), title: title.to_owned() });
    let articles = (known.len()..PAGES).map(|number| article(number, chance));
    known.into_iter().chain(articles).collect()
}

fn article(number: usize, chance: &mut ChaCha8Rng) -> Page {
    let title: String = CatchPhrase().fake_with_rng(chance);
    let words = title.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    Page { path: format!("/blog/{number}-{words}"), title }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use common::event::{MAX_PATH_BYTES, MAX_USER_ID_BYTES};

    use super::*;

    fn recipe(seed: u64) -> Recipe {
        let day = |day| NaiveDate::from_ymd_opt(2025, 5, day).expect("a day");
        let tenants = vec!["one".to_owned(), "two".to_owned()];
        Recipe { events: 5_000, users: 200, first: day(1), last: day(29), tenants, seed }
    }

    fn events(seed: u64) -> Vec<Value> {
        Events::of(recipe(seed)).expect("a recipe").collect()
    }

    fn by(events: &[Value], field: impl Fn(&Value) -> String) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for event in events {
            *counts.entry(field(event)).or_default() += 1;
        }
        counts
    }

    fn text(event: &Value, name: &str) -> String {
        event[name].as_str().expect("a text").to_owned()
    }

    #[test]
    fn the_same_seed_makes_the_same_events_and_another_seed_makes_others() {
        assert_eq!(events(1), events(1));
        assert_ne!(events(1), events(2));
        assert_eq!(by(&events(1), |event| text(event, "event_id")).len(), 5_000);
    }

    #[test]
    fn a_longer_run_starts_with_the_shorter_one_and_other_runs_share_no_id_with_it() {
        let events = |recipe| -> Vec<Value> { Events::of(recipe).expect("a recipe").collect() };
        let ids = |recipe| by(&events(recipe), |event| text(event, "event_id"));
        let longer = Recipe { events: 6_000, ..recipe(1) };
        assert_eq!(events(longer)[..5_000], events(recipe(1)));
        let day = NaiveDate::from_ymd_opt(2025, 5, 28).expect("a day");
        let others = [
            Recipe { users: 201, ..recipe(1) },
            Recipe { last: day, ..recipe(1) },
            Recipe { tenants: vec!["one".to_owned()], ..recipe(1) },
            recipe(2),
        ];
        let known = ids(recipe(1));
        for other in others {
            assert!(ids(other.clone()).keys().all(|id| !known.contains_key(id)), "{other:?}");
        }
    }

    #[test]
    fn some_pages_users_hours_and_tenants_are_far_busier_than_others() {
        let events = events(1);
        for name in ["path", "user_id", "site_id"] {
            let mut counts: Vec<_> = by(&events, |event| text(event, name)).into_values().collect();
            counts.sort_unstable();
            assert!(counts[counts.len() - 1] * 2 > counts[0] * 3, "{name}: {counts:?}");
            if name != "site_id" {
                assert!(counts[counts.len() - 1] > 8 * counts[counts.len() / 2], "{name}");
            }
        }
        let hours = by(&events, |event| text(event, "timestamp")[11..13].to_owned());
        assert!(hours["10"] > 4 * hours["03"], "{hours:?}");
    }

    #[test]
    fn a_page_keeps_its_title() {
        let mut titles = BTreeMap::new();
        for event in events(1).iter().filter(|event| event["event_type"] == "view") {
            let payload = &event["payload"];
            assert!(text(payload, "url").ends_with(&text(event, "path")));
            let title =
                titles.entry(text(payload, "url")).or_insert_with(|| text(payload, "title"));
            assert_eq!(*title, text(payload, "title"));
        }
        assert_eq!(titles.len(), PAGES);
    }

    #[test]
    fn every_event_is_within_the_days_and_valid_for_the_api() {
        for event in events(3) {
            let time = text(&event, "timestamp");
            DateTime::parse_from_rfc3339(&time).expect("RFC 3339");
            assert!(("2025-05-01"..="2025-05-29").contains(&&time[..10]), "{time}");
            let path = text(&event, "path");
            assert!(path.starts_with('/') && path.len() <= MAX_PATH_BYTES, "{path}");
            assert!((1..=MAX_USER_ID_BYTES).contains(&text(&event, "user_id").len()));
            assert_uuid(&text(&event, "event_id"));
            assert_payload(&event);
        }
    }

    /// RFC 9562, version 4.
    fn assert_uuid(id: &str) {
        let is_form = |(at, digit): (usize, u8)| match at {
            8 | 13 | 18 | 23 => digit == b'-',
            14 => digit == b'4',
            19 => b"89ab".contains(&digit),
            _ => digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit),
        };
        assert!(id.len() == 36 && id.bytes().enumerate().all(is_form), "{id}");
    }

    fn assert_payload(event: &Value) {
        let payload = &event["payload"];
        let within = |name: &str, most: f64| {
            payload[name].as_f64().is_some_and(|number| number.abs() <= most)
        };
        match event["event_type"].as_str().expect("a type") {
            "view" => assert!(payload["url"].is_string() && payload["referrer"].is_string()),
            "click" => assert!(payload["element_id"].is_string() && payload["text"].is_string()),
            "location" => {
                assert!(within("latitude", 90.0) && within("longitude", 180.0), "{payload}");
                assert!(payload["accuracy"].as_f64().is_some_and(|metres| metres >= 0.0));
            }
            other => panic!("{other}"),
        }
    }
}
