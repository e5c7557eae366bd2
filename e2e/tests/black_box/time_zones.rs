//! The days of a site are those of its time zone: counts around its midnights equal an independent
//! count.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Timelike as _, Utc};
use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::books::balanced;
use e2e::deployment::{Deployment, Settings};
use futures::{StreamExt as _, stream};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A recount is of everything that a deployment has, so this one is not shared.
mod alone {
    use super::*;

    e2e::in_both_modes!(
        no_settings;
        days_are_those_of_the_site_and_a_recount_agrees,
    );
}

e2e::on_shared_deployments!(
    today_is_the_site_s_and_a_browser_is_one_visitor_of_it,
    events_keep_the_days_by_which_they_were_counted,
);

/// Events of each site; some more are sent again.
const EVENTS: usize = 40;

fn no_settings() -> Settings {
    Vec::new()
}

/// A zone, a day whose midnights are of interest, and how far its clocks are ahead of UTC, in minutes:
/// before a moment, and from then on.
struct Place {
    zone: &'static str,
    day: &'static str,
    clocks: (i64, &'static str, i64),
}

const PLACES: [Place; 6] = [
    // On 9 March 2025 the clocks are put forward, and on 2 November they are put back.
    Place {
        zone: "America/New_York",
        day: "2025-03-09",
        clocks: (-300, "2025-03-09T07:00:00Z", -240),
    },
    Place {
        zone: "America/New_York",
        day: "2025-11-02",
        clocks: (-240, "2025-11-02T06:00:00Z", -300),
    },
    Place { zone: "Asia/Kolkata", day: "2025-05-01", clocks: (330, "2025-05-01T00:00:00Z", 330) },
    Place {
        zone: "Pacific/Kiritimati",
        day: "2025-05-01",
        clocks: (840, "2025-05-01T00:00:00Z", 840),
    },
    Place { zone: "Etc/GMT+12", day: "2025-05-01", clocks: (-720, "2025-05-01T00:00:00Z", -720) },
    Place { zone: "UTC", day: "2025-05-01", clocks: (0, "2025-05-01T00:00:00Z", 0) },
];

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl Place {
    /// The day that it is there.
    fn day_at(&self, at: DateTime<Utc>) -> String {
        let (before, moment, from) = self.clocks;
        let ahead = if at < self::at(moment) { before } else { from };
        (at + TimeDelta::minutes(ahead)).format("%Y-%m-%d").to_string()
    }

    /// When the day begins.
    fn midnight(&self, day: &str) -> DateTime<Utc> {
        let noon = at(&format!("{day}T12:00:00Z"));
        let minutes = (-30 * 60..30 * 60).map(|minute| noon + TimeDelta::minutes(minute));
        minutes.into_iter().find(|at| self.day_at(*at) == day).expect("it begins")
    }
}

/// An event, and when it happens.
struct Sent {
    at: DateTime<Utc>,
    user: Option<String>,
    path: String,
    source: Option<&'static str>,
    id: String,
}

impl Sent {
    fn body(&self, site: &str) -> Value {
        let referrer = self.source.map(|source| format!("https://{source}/"));
        json!({
            "site_id": site, "event_type": "view", "event_id": self.id, "user_id": self.user,
            "path": self.path, "timestamp": written(self.at), "payload": {"referrer": referrer},
        })
    }
}

/// Views around both midnights of the day, the nearest of them a millisecond away.
fn views(place: &Place, random: &mut StdRng) -> Vec<Sent> {
    let day: chrono::NaiveDate = place.day.parse().expect("a day");
    let next = day.succ_opt().expect("a day").to_string();
    let midnights = [place.midnight(place.day), place.midnight(&next)];
    let near = [-1, 0, 1].map(TimeDelta::milliseconds);
    let nearest = midnights.into_iter().flat_map(|midnight| near.map(|near| midnight + near));
    let around = (0..EVENTS).map(|n| {
        let seconds = random.random_range(-36 * 3_600..36 * 3_600);
        midnights[n % 2] + TimeDelta::seconds(seconds)
    });
    let times: Vec<_> = nearest.chain(around).collect();
    let view = |(n, at): (usize, DateTime<Utc>)| Sent {
        at,
        user: random.random_bool(0.9).then(|| format!("user {}", random.random_range(0..9))),
        path: format!("/{}", random.random_range(0..4)),
        source: random.random_bool(0.5).then_some("news.example"),
        id: format!("e-{n}"),
    };
    times.into_iter().enumerate().map(view).collect()
}

/// What a day must have.
#[derive(Default)]
struct Day<'a> {
    views: i64,
    users: BTreeSet<&'a str>,
    paths: BTreeMap<&'a str, i64>,
    /// Views and users that came from the one source.
    from_news: (i64, BTreeSet<&'a str>),
}

/// An independent count, by day.
fn count<'a>(place: &Place, views: &'a [Sent]) -> BTreeMap<String, Day<'a>> {
    let mut days = BTreeMap::<String, Day<'_>>::new();
    for view in views {
        let day = days.entry(place.day_at(view.at)).or_default();
        day.views += 1;
        day.users.extend(view.user.as_deref());
        *day.paths.entry(&view.path).or_default() += 1;
        if view.source.is_some() {
            day.from_news.0 += 1;
            day.from_news.1.extend(view.user.as_deref());
        }
    }
    days
}

/// A site with a zone.
struct Site<'a> {
    api: &'a Api,
    name: String,
}

impl<'a> Site<'a> {
    async fn new(api: &'a Api, zone: &str) -> Self {
        let site = Self { api, name: new_tenant() };
        site.set(zone).await;
        site
    }

    async fn set(&self, zone: &str) {
        let path = format!("/tenants/{}/settings", self.name);
        let request = self.api.request(Method::PUT, &path).json(&json!({"time_zone": zone}));
        let answer = answer(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{zone}: {}", answer.body);
    }

    async fn send(&self, view: &Sent) {
        let request = self.api.request(Method::POST, "/event").json(&view.body(&self.name));
        let answer = answer(request).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    }

    async fn get(&self, path: &str) -> Value {
        let between = if path.contains('?') { '&' } else { '?' };
        let answer = self.api.get(&format!("{path}{between}site_id={}", self.name)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.body
    }

    async fn has_events(&self, number: usize) {
        eventually(&format!("{number} events are counted"), async || {
            let count = self.get("/analytics/event-counts").await;
            (count["total_events"] == number).then_some(())
        })
        .await;
    }

    /// Compares every read by the day with the independent count.
    async fn assert_days(&self, zone: &str, days: &BTreeMap<String, Day<'_>>) {
        for (date, day) in days {
            let stats = self.get(&format!("/stats?date={date}&limit=100")).await;
            let mut paths: Vec<_> = day.paths.iter().collect();
            paths.sort_by_key(|(path, views)| (-**views, **path));
            let paths = paths.iter().map(|(path, views)| json!({"path": path, "views": views}));
            assert_eq!(stats["total_views"], day.views, "{zone}: views of {date}");
            assert_eq!(stats["unique_users"], day.users.len(), "{zone}: users of {date}");
            assert_eq!(stats["top_paths"], paths.collect::<Value>(), "{zone}: paths of {date}");
            let events = self.get(&format!("/analytics/event-counts?date={date}")).await;
            assert_eq!(events["total_events"], day.views, "{zone}: events of {date}");
            let sources = format!("/stats/breakdown?dimension=source&date={date}");
            let (views, users) = (day.from_news.0, day.from_news.1.len());
            let row = json!({"value": "news.example", "views": views, "visitors": users});
            let rows = if views == 0 { json!([]) } else { json!([row]) };
            assert_eq!(self.get(&sources).await["rows"], rows, "{zone}: sources of {date}");
        }
        let ends = days.keys().next().zip(days.keys().last()).expect("days");
        let series =
            self.get(&format!("/stats/series?grain=day&from={}&to={}", ends.0, ends.1)).await;
        let point = |(date, day): (&String, &Day<'_>)| {
            json!({
                "start": format!("{date}T00:00:00Z"), "views": day.views,
                "visitors": day.users.len(),
            })
        };
        assert_eq!(series["series"], days.iter().map(point).collect::<Value>(), "{zone}");
    }

    /// Compares the hours of a day with the events that happened in them.
    async fn assert_hours(&self, place: &Place, views: &[Sent]) {
        let series = self.get(&format!("/stats/series?date={}", place.day)).await;
        let hour = |at: DateTime<Utc>| at.with_nanosecond(0).and_then(|at| at.with_second(0));
        let hour = |at| hour(at).and_then(|at| at.with_minute(0)).expect("an hour");
        let day: chrono::NaiveDate = place.day.parse().expect("a day");
        let next = day.succ_opt().expect("a day").to_string();
        let (from, to) = (hour(place.midnight(place.day)), hour(place.midnight(&next)));
        let mut hours = BTreeMap::<_, i64>::new();
        for view in views.iter().filter(|view| (from..to).contains(&view.at)) {
            *hours.entry(hour(view.at)).or_default() += 1;
        }
        let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        assert_eq!((&series["from"], &series["to"]), (&json!(text(from)), &json!(text(to))));
        let point =
            |(start, views): (&DateTime<Utc>, &i64)| json!({"start": text(*start), "views": views});
        assert_eq!(series["series"], hours.iter().map(point).collect::<Value>(), "{}", place.zone);
    }
}

async fn days_are_those_of_the_site_and_a_recount_agrees(deployment: Deployment) {
    let api = Api::new(deployment.url());
    let mut random = StdRng::seed_from_u64(7);
    for place in &PLACES {
        let site = Site::new(&api, place.zone).await;
        let views = views(place, &mut random);
        let mut sent: Vec<&Sent> = views.iter().chain(&views[..EVENTS / 4]).collect();
        sent.shuffle(&mut random);
        stream::iter(sent).for_each_concurrent(16, |view| site.send(view)).await;
        site.has_events(views.len()).await;
        site.assert_days(place.zone, &count(place, &views)).await;
        site.assert_hours(place, &views).await;
    }
    if let Deployment::Embedded(embedded) = &deployment {
        balanced(embedded).await;
    }
}

/// A zone in which it is another day than in UTC, and that day.
fn elsewhere(now: DateTime<Utc>) -> (&'static str, String) {
    let (zone, ahead) =
        if now.hour() >= 11 { ("Pacific/Kiritimati", 14) } else { ("Etc/GMT+12", -12) };
    (zone, (now + TimeDelta::hours(ahead)).format("%Y-%m-%d").to_string())
}

async fn today_is_the_site_s_and_a_browser_is_one_visitor_of_it(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    let (zone, today) = elsewhere(Utc::now());
    let site = Site::new(&api, zone).await;
    let told = site.get("/stats/today").await;
    assert_eq!(told, json!({"site_id": site.name, "today": today, "time_zone": zone}));
    for path in ["/a", "/b"] {
        let view = json!({"site_id": site.name, "event_type": "view", "path": path});
        let request = api.request(Method::POST, "/event").json(&view);
        let request = request.header("origin", "https://shop.example");
        let request = request.header("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/140.0");
        assert_eq!(answer(request).await.status, StatusCode::ACCEPTED);
    }
    site.has_events(2).await;
    let stats = site.get(&format!("/stats?date={today}")).await;
    assert_eq!((&stats["total_views"], &stats["unique_users"]), (&json!(2), &json!(1)));
    let days = site.get("/stats/series?grain=day").await;
    assert_eq!(
        days["series"],
        json!([
            {"start": format!("{today}T00:00:00Z"), "views": 2, "visitors": 1},
        ])
    );
    let all = site.get("/stats").await;
    assert_eq!(all["unique_users"], 1);
}

async fn events_keep_the_days_by_which_they_were_counted(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    let site = Site::new(&api, "America/New_York").await;
    let view = |id: &str| Sent {
        at: at("2025-05-02T03:00:00Z"),
        user: Some("ann".to_owned()),
        path: "/".to_owned(),
        source: None,
        id: id.to_owned(),
    };
    site.send(&view("before")).await;
    site.has_events(1).await;
    site.set("Asia/Kolkata").await;
    // The first one again is no other event, whatever day it would have now.
    site.send(&view("before")).await;
    site.send(&view("after")).await;
    site.has_events(2).await;
    for (id, day) in [("before", json!("2025-05-01")), ("after", Value::Null)] {
        let path = format!("/tenants/{}/events/{id}", site.name);
        assert_eq!(api.get(&path).await.body["day"], day, "{id}");
    }
    for date in ["2025-05-01", "2025-05-02"] {
        assert_eq!(site.get(&format!("/stats?date={date}")).await["total_views"], 1, "{date}");
    }
}
