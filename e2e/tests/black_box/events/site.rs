//! A site on a deployment: sends its events and reads its statistics.

use e2e::api::{Answer, Api, answer, eventually, new_tenant};
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A new site.
pub(super) struct Site {
    pub(super) api: Api,
    pub(super) name: String,
}

impl Site {
    pub(super) fn new(deployment: &Deployment) -> Self {
        Self { api: Api::new(deployment.url()), name: new_tenant() }
    }

    /// `POST /event` for this site.
    pub(super) async fn event(&self, mut event: Value) -> Answer {
        event["site_id"] = json!(self.name);
        answer(self.api.request(Method::POST, "/event").json(&event)).await
    }

    /// `POST /events` for this site.
    pub(super) async fn interaction(&self, interaction: &Value) -> Answer {
        let request = self.api.request(Method::POST, "/events");
        answer(request.header("x-tenant-id", &self.name).json(interaction)).await
    }

    /// Sends each to `POST /event`, and waits until all are counted.
    pub(super) async fn has(&self, events: impl IntoIterator<Item = Value>) {
        let mut count = 0;
        for event in events {
            assert_taken(&self.event(event.clone()).await, &event);
            count += 1;
        }
        self.counts(count).await;
    }

    /// Waits until exactly `events` are counted.
    pub(super) async fn counts(&self, events: usize) {
        eventually(&format!("{} has {events} events", self.name), async || {
            let total = self.total("").await;
            assert!(total <= events, "{total} are more than {events}");
            (total == events).then_some(())
        })
        .await;
    }

    /// `GET /analytics/event-counts`.
    pub(super) async fn total(&self, query: &str) -> usize {
        let total = self.read("/analytics/event-counts", query).await;
        total["total_events"].as_u64().expect("a count") as usize
    }

    /// `GET /analytics/event-counts-by-type`.
    pub(super) async fn types(&self, query: &str) -> Value {
        self.read("/analytics/event-counts-by-type", query).await
    }

    /// `GET /stats`.
    pub(super) async fn stats(&self, query: &str) -> Value {
        self.read("/stats", query).await
    }

    /// `GET /stats/series`.
    pub(super) async fn series(&self, query: &str) -> Value {
        self.read("/stats/series", query).await
    }

    /// The top paths of `GET /stats` with their views.
    pub(super) async fn top_paths(&self, query: &str) -> Vec<(String, u64)> {
        let stats = self.stats(query).await;
        let row = |row: &Value| Some((row["path"].as_str()?.to_owned(), row["views"].as_u64()?));
        let rows = stats["top_paths"].as_array().expect("a list");
        rows.iter().map(|one| row(one).expect("path and views")).collect()
    }

    async fn read(&self, path: &str, query: &str) -> Value {
        let answer = self.get(path, query).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} {query}: {}", answer.body);
        answer.body
    }

    /// `GET` of a path, for this site.
    pub(super) async fn get(&self, path: &str, query: &str) -> Answer {
        self.api.get(&format!("{path}?tenant_id={}{query}", self.name)).await
    }
}

/// Asserts that the event was accepted.
pub(super) fn assert_taken(answer: &Answer, what: &Value) {
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{what}: {}", answer.body);
}

/// A view of a page.
pub(super) fn view(path: &str) -> Value {
    json!({"event_type": "view", "path": path})
}

/// A click at a time.
pub(super) fn click_at(timestamp: &str) -> Value {
    json!({"event_type": "click", "timestamp": timestamp})
}
