//! Brokers and stores that fail, stand still, or lose their answers; a stop under load; and a tenant whose
//! records can never be stored. Nothing is lost, nothing counts twice, and all goes on without a restart.

mod broker;
mod held_files;
mod poison;
mod stop;
mod store;

use std::time::{Duration, Instant};

use e2e::api::{Answer, Api, answer, eventually};
use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The longest that an answer may take.
const IN_TIME: Duration = Duration::from_secs(10);

/// The users of the events; there are at least so many events.
const USERS: usize = 2;

/// Records of one tenant: odd ones are events, even ones texts.
struct Records {
    api: Api,
    tenant: String,
    count: usize,
}

impl Records {
    fn of(api: &Api, tenant: &str, count: usize) -> Self {
        Self { api: api.clone(), tenant: tenant.to_owned(), count }
    }

    /// Sends each of them at the same time. No answer takes too long.
    async fn send(&self) -> Vec<Answer> {
        join_all((0..self.count).map(|n| self.send_one(n))).await
    }

    async fn send_one(&self, n: usize) -> Answer {
        let id = format!("record-{n:03}");
        let event = json!({"site_id": self.tenant, "event_id": id, "event_type": "view",
            "path": format!("/{}", n % 3), "user_id": format!("user-{}", n / 2 % USERS)});
        let text = json!({"tenant_id": self.tenant, "log_id": id, "text": format!("text {n}")});
        let (path, body) = if n % 2 == 1 { ("/event", event) } else { ("/ingest", text) };
        let began = Instant::now();
        let answer = answer(self.api.request(Method::POST, path).json(&body)).await;
        assert!(began.elapsed() < IN_TIME, "{path}: {:?}", began.elapsed());
        answer
    }

    async fn are_accepted(&self) {
        for answer in self.send().await {
            assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        }
    }

    /// Each is refused, under its id, so that a retry is the same record.
    async fn are_refused(&self) {
        for answer in self.send().await {
            answer.assert_problem("a record", 503, "unavailable");
            assert!(answer.headers.contains_key("retry-after"), "{}", answer.body);
            let id = answer.body.get("log_id").or(answer.body.get("event_id"));
            assert!(id.is_some_and(Value::is_string), "{}", answer.body);
        }
    }

    /// They are sent again until each is accepted. Returns how long that takes.
    async fn are_accepted_again(&self) -> Duration {
        let began = Instant::now();
        eventually("records are accepted again", async || {
            let answers = self.send().await;
            answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED).then_some(())
        })
        .await;
        began.elapsed()
    }

    /// Each is stored and counted once, and nothing is in quarantine.
    async fn are_stored_once(&self) {
        let events = self.count / 2;
        let path = format!("/stats?site_id={}", self.tenant);
        eventually("the events are counted", async || {
            let views = self.api.get(&path).await.body["total_views"].as_u64()?;
            assert!(views <= events as u64, "{views} views are counted of {events}");
            (views == events as u64).then_some(())
        })
        .await;
        let texts = self.count.div_ceil(2);
        let logs = self.api.listed(&self.tenant, "processed_logs", texts).await;
        eventually("the texts are done", async || {
            let logs = self.api.all(&self.tenant, "processed_logs").await;
            logs.iter().all(|log| log.get("processed_at").is_some()).then_some(())
        })
        .await;
        assert_eq!(logs.len(), texts);
        assert_eq!(self.api.all(&self.tenant, "events").await.len(), events);
        assert_eq!(self.api.all(&self.tenant, "quarantine").await, [] as [Value; 0]);
        let stats = self.api.get(&path).await.body;
        assert_eq!(
            (&stats["total_views"], &stats["unique_users"]),
            (&json!(events), &json!(USERS))
        );
    }
}
