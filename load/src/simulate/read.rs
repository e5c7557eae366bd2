//! Reads what the server has counted, through the public API.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use common::backoff::Backoff;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;
use tokio::time::{Instant, sleep};

use super::count::{Counted, Grain, Window, Windows, period};
use crate::answer::{explanation, is_passing, transport_error};

/// The metric of messages that are not acknowledged. Only a server with its own queue has it.
const BACKLOG: &str = "spillway_queue_backlog ";

/// Reads from one deployment. Failures that may pass are tried again until the deadline.
pub(super) struct Reader {
    pub(super) client: Client,
    /// The base URL, without a trailing slash.
    pub(super) base: String,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) backoff: Backoff,
    pub(super) deadline: Instant,
}

/// Why something could not be read.
#[derive(Debug, Error)]
pub(super) enum ReadError {
    #[error("{path} was not answered: {}", transport_error(error))]
    NoAnswer { path: String, error: reqwest::Error },
    #[error("{path} was answered {status}: {detail}")]
    Refused { path: String, status: u16, detail: String },
    #[error("the answer to {path} cannot be read: {why}")]
    Form { path: String, why: String },
}

#[derive(Deserialize)]
struct Stats {
    windows: Vec<Served>,
}

#[derive(Deserialize)]
struct Served {
    start: DateTime<Utc>,
    requests: i64,
    paths: Vec<PathCount>,
    user_agents: Vec<UserAgentCount>,
}

#[derive(Deserialize)]
struct PathCount {
    path: String,
    count: i64,
}

#[derive(Deserialize)]
struct UserAgentCount {
    user_agent: String,
    count: i64,
}

#[derive(Deserialize)]
struct Quarantine {
    quarantine: Vec<BTreeMap<String, Value>>,
}

impl Reader {
    /// The windows of a customer.
    pub(super) async fn windows(&self, customer: &str, grain: Grain) -> Result<Windows, ReadError> {
        let [from, to] = period().map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        let grain = grain.as_str();
        let path = format!(
            "/logs/stats?tenant_id={customer}&from={from}&to={to}&grain={grain}&limit=1000"
        );
        let Stats { windows } = self.json(&path).await?;
        Ok(windows.into_iter().map(Served::counts).collect())
    }

    /// Why one of the customer's messages is in quarantine, if any is.
    pub(super) async fn quarantined(&self, customer: &str) -> Result<Option<String>, ReadError> {
        let path = format!("/tenants/{customer}/quarantine?limit=1");
        let Quarantine { quarantine } = self.json(&path).await?;
        let reason = |one: &BTreeMap<String, Value>| {
            let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
            format!("{}: {}", text("reason"), text("detail"))
        };
        Ok(quarantine.first().map(reason))
    }

    /// How many messages are in the server's queue, or in work. `None` if it does not say: then the
    /// queue is not its own.
    pub(super) async fn backlog(&self) -> Option<u64> {
        let metrics = self.try_get("/metrics").await.ok()?;
        let line = metrics.lines().find_map(|line| line.strip_prefix(BACKLOG))?;
        line.trim().parse().ok()
    }

    /// Asks once for a read, to learn whether reads are allowed.
    pub(super) async fn probe(&self, customer: &str) -> Result<(), ReadError> {
        self.try_get(&format!("/tenants/{customer}/quarantine?limit=1")).await.map(drop)
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, ReadError> {
        let body = self.get(path).await?;
        serde_json::from_str(&body)
            .map_err(|error| ReadError::Form { path: path.to_owned(), why: error.to_string() })
    }

    async fn get(&self, path: &str) -> Result<String, ReadError> {
        let mut waits = self.backoff.waits();
        loop {
            let wait = waits.next_wait();
            match self.try_get(path).await {
                Err(error) if error.is_passing() && Instant::now() + wait < self.deadline => {
                    sleep(wait).await;
                }
                answer => return answer,
            }
        }
    }

    async fn try_get(&self, path: &str) -> Result<String, ReadError> {
        let mut request = self.client.get(format!("{}{path}", self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let no_answer = |error| ReadError::NoAnswer { path: path.to_owned(), error };
        let response = request.send().await.map_err(no_answer)?;
        let status = response.status();
        let body = response.text().await.map_err(no_answer)?;
        if status == StatusCode::OK {
            return Ok(body);
        }
        let detail = explanation(body.as_bytes());
        Err(ReadError::Refused { path: path.to_owned(), status: status.as_u16(), detail })
    }
}

impl ReadError {
    fn is_passing(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            Self::Refused { status, .. } => is_passing(*status),
            Self::Form { .. } => false,
        }
    }
}

impl Served {
    fn counts(self) -> (DateTime<Utc>, Window) {
        let paths = self.paths.into_iter().map(|it| (Counted::Path(it.path), it.count));
        let agents =
            self.user_agents.into_iter().map(|it| (Counted::UserAgent(it.user_agent), it.count));
        let all = [(Counted::Requests, self.requests)].into_iter();
        (self.start, all.chain(paths).chain(agents).collect())
    }
}
