//! A bounded, mixed load: events, texts and batches of access logs of several tenants.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::api::{Api, answer};

/// The tenants.
pub(super) const TENANTS: [&str; 3] = ["red", "green", "blue"];
/// The day of all events and access logs.
pub(super) const DAY: &str = "2025-05-01";
/// Of so many records, one is sent twice.
const TWICE: usize = 10;
/// Requests at once, when everything is sent again.
const AT_ONCE: usize = 32;

/// The records, each with an id that no other one has.
#[derive(Debug)]
pub struct Load {
    pub(super) records: Vec<Record>,
}

/// A record.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) tenant: &'static str,
    pub(super) id: String,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Event {
        kind: &'static str,
        path: String,
        user: String,
    },
    Text(String),
    /// The paths of the requests.
    Batch(Vec<String>),
}

impl Load {
    /// So many records, which depend on the seed.
    pub fn of(seed: u64, records: usize) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        Self { records: (0..records).map(|number| Record::new(number, &mut random)).collect() }
    }

    /// The ids of all records.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(|record| record.id.as_str())
    }

    /// Sends one record after the other, each after the same time, whether or not the last one was
    /// answered. Some are sent twice, as by a client that lost its answer.
    ///
    /// # Panics
    /// If one is not accepted.
    pub async fn send(&self, url: &str, every: Duration) {
        let (api, mut ticks) = (Api::new(url.to_owned()), interval(every));
        let mut sending = JoinSet::new();
        for (number, record) in self.records.iter().enumerate() {
            ticks.tick().await;
            for _ in 0..if number % TWICE == 0 { 2 } else { 1 } {
                sending.spawn(accepted(record.request(&api)));
            }
        }
        sending.join_all().await;
    }

    /// Sends all records as fast as they are taken.
    ///
    /// # Panics
    /// If one is not accepted.
    pub async fn send_again(&self, url: &str) {
        let api = Api::new(url.to_owned());
        let send = |record: &Record| accepted(record.request(&api));
        stream::iter(&self.records).for_each_concurrent(AT_ONCE, send).await;
    }
}

impl Record {
    fn new(number: usize, random: &mut StdRng) -> Self {
        let tenant = TENANTS[random.random_range(0..TENANTS.len())];
        let (kind, content) = match random.random_range(0..10) {
            0..4 => ("event", Content::event(random)),
            4..7 => ("text", Content::text(number, random)),
            _ => ("batch", Content::batch(random)),
        };
        Self { tenant, id: format!("{kind}-{number:04}"), content }
    }

    fn request(&self, api: &Api) -> reqwest::RequestBuilder {
        let (tenant, id) = (self.tenant, &self.id);
        let post = |path| api.request(Method::POST, path);
        match &self.content {
            Content::Event { kind, path, user } => post("/event").json(&json!({
                "site_id": tenant, "event_id": id, "event_type": kind, "path": path, "user_id": user,
                "timestamp": format!("{DAY}T12:00:00Z"),
            })),
            Content::Text(text) => {
                post("/ingest").json(&json!({"tenant_id": tenant, "log_id": id, "text": text}))
            }
            Content::Batch(paths) => {
                let entries: Value = paths.iter().map(|path| entry(path)).collect();
                let request = post("/logs").header("x-tenant-id", tenant);
                request.header("idempotency-key", id).json(&entries)
            }
        }
    }
}

impl Content {
    fn event(random: &mut StdRng) -> Self {
        let kind = if random.random_ratio(2, 3) { "view" } else { "click" };
        let path = format!("/page/{}", random.random_range(0..10));
        Self::Event { kind, path, user: format!("user-{}", random.random_range(0..20)) }
    }

    /// One of many is so long that it has several parts.
    fn text(number: usize, random: &mut StdRng) -> Self {
        let lines = if random.random_ratio(1, 20) { 150 } else { random.random_range(1..10) };
        let line = |line| format!("text {number}, line {line}, of a service that works\n");
        Self::Text((0..lines).map(line).collect())
    }

    /// One of many touches so many documents that SQLite's log grows.
    fn batch(random: &mut StdRng) -> Self {
        let (entries, paths) = if random.random_ratio(1, 15) { (400, 300) } else { (8, 10) };
        let entries = 1..=random.random_range(1..=entries);
        Self::Batch(entries.map(|_| format!("/file/{}", random.random_range(0..paths))).collect())
    }
}

fn entry(path: &str) -> Value {
    json!({"receivedAt": format!("{DAY}T10:00:00Z"), "method": "GET", "path": path,
        "userAgent": "curl/8.0", "status": 200, "bytes": 5})
}

async fn accepted(request: reqwest::RequestBuilder) {
    let answer = answer(request).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
}
