//! Many events of three tenants, sent while the worker is killed five times: afterwards every number
//! of every endpoint equals an independent count.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use rand::seq::SliceRandom as _;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::api::{Api, eventually};
use crate::binaries::Binaries;
use crate::deployment::{Cloud, Deployment};
use crate::emulators::Emulators;
use crate::relay::Faults;

const CRASHES: usize = 5;
const SITES: [&str; 3] = ["north", "south", "west"];
/// Requests in flight at once.
const AT_ONCE: usize = 64;

/// The events that `spillway generate` makes of a seed, up to the end of a day such as `2025-05-29`.
///
/// # Panics
/// If they cannot be made.
pub async fn events(number: usize, seed: u32, last_day: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.ndjson");
    let tenants = SITES.iter().flat_map(|site| ["--tenant", site]);
    let made = Command::new(Binaries::shared().await.path("spillway"))
        .args(["generate", "--target", "none", "--users", "300", "--to", last_day])
        .args(["--events", &number.to_string(), "--seed", &seed.to_string(), "--out"])
        .arg(&file)
        .args(tenants)
        .output()
        .await
        .expect("spillway runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = std::fs::read_to_string(file).expect("the file");
    let events: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(events.len(), number);
    events
}

/// Sends `number` events through the programs, whose relay delivers each message one to four times,
/// with delays.
///
/// # Panics
/// If a number is wrong, or not right after a long wait.
pub async fn assert_exact_on_the_emulators(binaries: &'static Binaries, number: usize) {
    // Few days: the emulator takes a third of a millisecond for each document of a commit, and
    // the events of a whole month would share few documents.
    let events = events(number, 2, "2025-05-03").await;
    let mut sent = events.clone();
    sent.shuffle(&mut rand::rng());
    let faults = Faults { repeats: 3, delay: Duration::from_millis(300), ..Faults::default() };
    let settings = vec![("COMMIT_INTERVAL_MS", "50".to_owned())];
    let cloud = Cloud::of(binaries, Emulators::shared().await, settings, faults).await;
    let cloud = cloud.unwrap_or_else(|error| panic!("{error}"));
    assert_exact(Deployment::Cloud(Box::new(cloud)), sent, &events).await;
}

/// Sends `sent`, which are `events` in any order and number of copies, while the worker is killed
/// again and again; then compares every number with a count of `events`.
///
/// # Panics
/// If a number is wrong, or not right after a long wait.
pub async fn assert_exact(mut deployment: Deployment, sent: Vec<Value>, events: &[Value]) {
    for n in 0..CRASHES {
        let share = sent.len() / CRASHES;
        let end = if n + 1 == CRASHES { sent.len() } else { (n + 1) * share };
        let url = deployment.url();
        let sending = send(url, &sent[n * share..end]);
        // In the middle of the flood and of the commits that follow it.
        let crash = async {
            progress(&deployment).await;
            deployment.crash_worker().await.expect("it starts again");
        };
        futures::join!(sending, crash);
    }
    let api = Api::new(deployment.url());
    for site in SITES {
        let expected = Count::of(events, site);
        expected.assert_served(&api, site).await;
    }
}

/// Sends events until each is accepted; one that a crash cuts off or refuses is sent again.
async fn send(url: String, events: &[Value]) {
    let client = reqwest::Client::new();
    let send_one = async |event: &Value| {
        eventually("the event is accepted", async || {
            let sent = client.post(format!("{url}/event")).json(event).send().await;
            let status = sent.ok()?.status();
            assert!(!status.is_client_error(), "{status}: {event}");
            (status == StatusCode::ACCEPTED).then_some(())
        })
        .await;
    };
    stream::iter(events).for_each_concurrent(AT_ONCE, send_one).await;
}

/// Waits until the worker has stored a few hundred events since its last start. One whose commit is
/// applied, but answered too late on a busy machine, is a duplicate when it is delivered again.
async fn progress(deployment: &Deployment) {
    let worker = Api::new(deployment.worker_url());
    let ended = async |outcome: &str| {
        let kind = "spillway_messages_delivered_total{kind=\"event\"";
        worker.metric(&format!("{kind},outcome=\"{outcome}\"}}")).await
    };
    eventually("some events are stored", async || {
        (ended("stored").await + ended("duplicate").await > 300.0).then_some(())
    })
    .await;
}

/// What the endpoints should answer for one site, counted from the events themselves.
#[derive(Default)]
struct Count {
    days: BTreeMap<String, Day>,
    total: Day,
}

#[derive(Default)]
struct Day {
    types: BTreeMap<String, i64>,
    paths: BTreeMap<String, i64>,
    users: BTreeSet<String>,
}

impl Count {
    fn of(events: &[Value], site: &str) -> Self {
        let mut count = Self::default();
        for event in events.iter().filter(|event| event["site_id"] == site) {
            let day = event["timestamp"].as_str().expect("a time")[..10].to_owned();
            count.days.entry(day).or_default().add(event);
            count.total.add(event);
        }
        assert!(count.days.len() >= 3, "too few days for a test");
        count
    }

    async fn assert_served(&self, api: &Api, site: &str) {
        // First the total: once it is right, everything is processed.
        let all: i64 = self.total.types.values().sum();
        let path = format!("/analytics/event-counts?tenant_id={site}");
        eventually(&format!("{site} has {all} events"), async || {
            let total = api.get(&path).await.body["total_events"].as_i64();
            assert!(total <= Some(all), "{total:?} events are counted, but only {all} were sent");
            (total == Some(all)).then_some(())
        })
        .await;
        self.total.assert_stats(api, site, None).await;
        for (day, count) in &self.days {
            count.assert_stats(api, site, Some(day)).await;
        }
        self.assert_counts(api, site).await;
    }

    async fn assert_counts(&self, api: &Api, site: &str) {
        let days: Vec<&String> = self.days.keys().collect();
        let (middle, late) = (days[days.len() / 3], days[days.len() * 2 / 3]);
        for (first, last) in
            [(None, None), (Some(middle), Some(late)), (Some(late), None), (None, Some(middle))]
        {
            let types = self.types_between(first, last);
            let given = |name: &str, day: Option<&String>| {
                day.map_or(String::new(), |day| format!("&{name}={day}"))
            };
            let period = format!("{}{}", given("start_date", first), given("end_date", last));
            let path = format!("/analytics/event-counts-by-type?tenant_id={site}{period}");
            assert_eq!(api.get(&path).await.body, json!(types), "{path}");
            for event_type in ["view", "click", "location"] {
                let path = format!(
                    "/analytics/event-counts?tenant_id={site}&event_type={event_type}{period}"
                );
                let total = types.get(event_type).copied().unwrap_or(0);
                assert_eq!(api.get(&path).await.body, json!({"total_events": total}), "{path}");
            }
        }
    }

    fn types_between(&self, first: Option<&String>, last: Option<&String>) -> BTreeMap<&str, i64> {
        let mut types = BTreeMap::new();
        for (day, count) in &self.days {
            if first.is_none_or(|first| day >= first) && last.is_none_or(|last| day <= last) {
                for (name, number) in &count.types {
                    *types.entry(name.as_str()).or_default() += number;
                }
            }
        }
        types
    }
}

impl Day {
    fn add(&mut self, event: &Value) {
        let text = |name: &str| event[name].as_str().expect("a text").to_owned();
        *self.types.entry(text("event_type")).or_default() += 1;
        self.users.insert(text("user_id"));
        if event["event_type"] == "view" {
            *self.paths.entry(text("path")).or_default() += 1;
        }
    }

    async fn assert_stats(&self, api: &Api, site: &str, day: Option<&str>) {
        let mut paths: Vec<(&String, &i64)> = self.paths.iter().collect();
        paths.sort_by_key(|(path, views)| (-**views, path.as_str()));
        let paths: Vec<Value> = paths
            .iter()
            .take(100)
            .map(|(path, views)| json!({"path": path, "views": views}))
            .collect();
        let expected = json!({
            "site_id": site,
            "date": day,
            "total_views": self.types.get("view").copied().unwrap_or(0),
            "unique_users": self.users.len(),
            "top_paths": paths,
            "excluded": {},
        });
        let date = day.map_or(String::new(), |day| format!("&date={day}"));
        let path = format!("/stats?site_id={site}&limit=100{date}");
        assert_eq!(api.get(&path).await.body, expected, "{path}");
    }
}
