//! Visits: `GET /stats/visits` equals an independent count, however events come, and what is stored goes
//! with its tenant.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::deployment::Deployment;
use futures::{StreamExt as _, stream};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

e2e::on_shared_deployments!(
    visits_are_exact_however_events_come,
    late_events_change_the_visits_of_a_stored_day,
    a_site_without_visits_has_no_rates_and_bad_questions_are_refused,
    visits_are_exported_and_removed_with_their_tenant,
    visits_of_today_are_there_at_once,
);

/// A view: its number, its user and its time in seconds after 1 May 2025 in UTC.
#[derive(Clone)]
struct View {
    number: usize,
    user: Option<u32>,
    second: i64,
}

fn at(second: i64) -> DateTime<Utc> {
    "2025-05-01T00:00:00Z".parse::<DateTime<Utc>>().expect("a time") + TimeDelta::seconds(second)
}

struct Site<'d> {
    api: Api,
    name: String,
    deployment: &'d Deployment,
}

impl<'d> Site<'d> {
    fn new(deployment: &'d Deployment) -> Self {
        Self { api: Api::new(deployment.url()), name: new_tenant(), deployment }
    }

    async fn post(&self, body: &Value) {
        let answer = answer(self.api.request(Method::POST, "/event").json(body)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    }

    async fn send(&self, view: &View) {
        let time = at(view.second).to_rfc3339_opts(SecondsFormat::Secs, true);
        let user = view.user.map(|user| format!("user {user}"));
        self.post(&json!({
            "site_id": self.name, "event_type": "page_view", "event_id": format!("e-{}", view.number),
            "user_id": user, "path": "/", "timestamp": time,
        }))
        .await;
    }

    async fn has_views(&self, number: usize) {
        let path = format!("/stats?site_id={}", self.name);
        eventually(&format!("{number} views are counted"), async || {
            (self.api.get(&path).await.body["total_views"] == number).then_some(())
        })
        .await;
    }

    async fn visits(&self, query: &str) -> Value {
        let path = format!("/stats/visits?site_id={}{query}", self.name);
        let answer = self.api.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        assert_eq!(answer.headers["cache-control"], "no-store");
        answer.body
    }

    /// The ids of the documents in which visits are stored.
    async fn stored(&self) -> Vec<String> {
        let path = format!("/tenants/{}/export", self.name);
        let export = self.api.request(Method::GET, &path).send().await.expect("an answer");
        let lines = export.text().await.expect("an export");
        let documents =
            lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let visits = documents.filter(|document| document["collection"] == "visits");
        visits.map(|document| document["id"].as_str().expect("an id").to_owned()).collect()
    }
}

/// The figures by the definition: each user's views of a day in order, cut where a pause is longer than
/// half an hour.
fn count(views: &[View], days: std::ops::RangeInclusive<i64>) -> Value {
    let mut of_each = BTreeMap::<(u32, i64), Vec<i64>>::new();
    for view in views {
        let day = view.second.div_euclid(86_400) + 1;
        if let Some(user) = view.user.filter(|_| days.contains(&day)) {
            of_each.entry((user, day)).or_default().push(view.second);
        }
    }
    let (mut visits, mut bounces, mut seconds, mut all) = (0_i64, 0_i64, 0_i64, 0_i64);
    for mut times in of_each.into_values() {
        times.sort_unstable();
        for visit in times.chunk_by(|one, next| next - one <= 1_800) {
            visits += 1;
            bounces += i64::from(visit.len() == 1);
            seconds += visit[visit.len() - 1] - visit[0];
            all += visit.len() as i64;
        }
    }
    let rate = |sum: i64| {
        let thousandths = (sum as f64 / visits as f64 * 1_000.0).round();
        if visits > 0 { json!(thousandths / 1_000.0) } else { Value::Null }
    };
    json!({
        "visits": visits, "bounces": bounces, "bounce_rate": rate(bounces),
        "average_seconds": rate(seconds), "views_per_visit": rate(all), "missing_days": 0,
    })
}

/// What an answer must have.
fn assert_figures(answer: &Value, expected: &Value, what: &str) {
    for (name, value) in expected.as_object().expect("figures") {
        assert_eq!(&answer[name], value, "{what}: {name}");
    }
}

/// Views of four days. Users come back after pauses around half an hour.
fn views(random: &mut StdRng, number: usize) -> Vec<View> {
    let mut last = [0; 12];
    let view = |number| {
        let user = random.random_range(0..12_u32);
        let pause = match random.random_range(0..4) {
            0 => 1_800,
            1 => 1_801,
            2 => random.random_range(0..1_800),
            _ => random.random_range(0..40_000),
        };
        let second = &mut last[user as usize];
        *second = (*second + pause) % (4 * 86_400);
        View { number, user: random.random_bool(0.95).then_some(user), second: *second }
    };
    (0..number).map(view).collect()
}

async fn visits_are_exact_however_events_come(deployment: &Deployment) {
    let (site, mut random) = (Site::new(deployment), StdRng::seed_from_u64(11));
    let views = views(&mut random, 160);
    let mut sent: Vec<&View> = views.iter().chain(&views[..40]).collect();
    sent.shuffle(&mut random);
    stream::iter(sent).for_each_concurrent(16, |view| site.send(view)).await;
    // A click is no view, and a visit has none.
    site.post(&json!({
        "site_id": site.name, "event_type": "click", "user_id": "user 1",
        "timestamp": "2025-05-01T12:00:00Z",
    }))
    .await;
    site.has_views(views.len()).await;
    for day in 1..=4 {
        let found = site.visits(&format!("&date=2025-05-{day:02}")).await;
        assert_figures(&found, &count(&views, day..=day), &format!("of {day} May"));
    }
    assert_figures(&site.visits("").await, &count(&views, 1..=4), "of all time");
    let compared = site.visits("&from=2025-05-03&to=2025-05-04&compare=previous").await;
    assert_figures(&compared, &count(&views, 3..=4), "of two days");
    assert_figures(&compared["previous"], &count(&views, 1..=2), "of two days before");
    assert_eq!(compared["from"], "2025-05-03T00:00:00Z");
    assert_eq!(compared["to"], "2025-05-05T00:00:00Z");
    assert_eq!(site.stored().await.len(), 4, "a document for each day");
    assert_figures(&site.visits("").await, &count(&views, 1..=4), "from what is stored");
}

async fn late_events_change_the_visits_of_a_stored_day(deployment: &Deployment) {
    let site = Site::new(deployment);
    let view = |number, second| View { number, user: Some(1), second };
    // Two visits, an hour and 20 minutes apart.
    let mut views = vec![view(0, 36_000), view(1, 36_060), view(2, 40_860)];
    for view in &views {
        site.send(view).await;
    }
    site.has_views(3).await;
    assert_figures(&site.visits("&date=2025-05-01").await, &count(&views, 1..=1), "at first");
    let before = site.stored().await;
    // Both halves of the pause are half an hour or less, so one visit is left.
    for late in [view(3, 37_860), view(4, 39_660)] {
        site.send(&late).await;
        site.send(&late).await;
        views.push(late);
    }
    site.has_views(5).await;
    let after = site.visits("&date=2025-05-01").await;
    assert_figures(&after, &count(&views, 1..=1), "with late events");
    assert_eq!(after["visits"], 1);
    let stored = site.stored().await;
    assert!(stored.len() == 1 && stored != before, "{before:?}, then {stored:?}");
}

async fn a_site_without_visits_has_no_rates_and_bad_questions_are_refused(deployment: &Deployment) {
    let site = Site::new(deployment);
    let nothing = site.visits("&date=2025-05-01&compare=previous").await;
    assert_figures(&nothing, &count(&[], 1..=1), "of nothing");
    assert_figures(&nothing["previous"], &count(&[], 1..=1), "of nothing before");
    site.send(&View { number: 0, user: None, second: 0 }).await;
    site.has_views(1).await;
    assert_figures(&site.visits("").await, &count(&[], 1..=1), "of nobody's view");
    for (query, field) in [
        ("compare=previous", "compare"),
        ("compare=next", "compare"),
        ("from=2025-05-01T10:00:00Z", "from"),
        ("limit=1", "limit"),
    ] {
        let path = format!("/stats/visits?site_id={}&{query}", site.name);
        let answer = site.api.get(&path).await;
        answer.assert_problem(query, 400, "invalid-query");
        assert_eq!(answer.fields(), [field], "{query}");
    }
    site.api.get("/stats/visits").await.assert_problem("no site", 400, "missing-tenant");
}

async fn visits_are_exported_and_removed_with_their_tenant(deployment: &Deployment) {
    let site = Site::new(deployment);
    site.send(&View { number: 0, user: Some(1), second: 0 }).await;
    site.has_views(1).await;
    site.visits("").await;
    assert_eq!(site.stored().await, ["2025-05-01.1-1"]);
    let path = format!("/tenants/{}", site.name);
    let removed = eventually("everything is removed", async || {
        let removed = answer(site.api.request(Method::DELETE, &path)).await;
        (removed.status == StatusCode::OK).then_some(removed.body)
    })
    .await;
    assert_eq!(removed["removed"]["visits"], 1, "{removed}");
    assert!(site.stored().await.is_empty());
    assert_figures(&site.visits("").await, &count(&[], 1..=1), "of nothing");
    assert!(site.stored().await.is_empty(), "of {}", site.deployment.url());
}

async fn visits_of_today_are_there_at_once(deployment: &Deployment) {
    let site = Site::new(deployment);
    for number in 1..=3 {
        let id = format!("e-{number}");
        let body =
            json!({"site_id": site.name, "event_type": "view", "user_id": "ann", "event_id": id});
        site.post(&body).await;
        site.has_views(number).await;
        let visits = site.visits("").await;
        assert_eq!(
            (&visits["visits"], &visits["views_per_visit"]),
            (&json!(1), &json!(number as f64))
        );
    }
}
