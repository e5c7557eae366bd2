//! The public API as a client sees it.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// A tenant that no other test has.
pub fn new_tenant() -> String {
    format!("t-{:016x}", rand::random::<u64>())
}

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// How soon it looks again at first.
const POLL: Duration = Duration::from_millis(50);
/// Afterwards, the part of the time it has waited: looking may cost what it waits for the cores.
const POLL_PART: u32 = 20;

/// A client of one deployment.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    url: String,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body; null where it is no JSON.
    pub body: Value,
}

impl Answer {
    /// The fields that the problem names, in its order.
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map_or(&[][..], Vec::as_slice);
        errors.iter().filter_map(|error| error["field"].as_str()).collect()
    }

    /// # Panics
    /// Where the answer is not the problem of that status and code, complete in all members.
    pub fn assert_problem(&self, what: &str, status: u16, code: &str) {
        let Self { headers, body, .. } = self;
        assert_eq!((self.status.as_u16(), &body["code"]), (status, &code.into()), "{what}: {body}");
        assert_eq!(headers["content-type"], "application/problem+json", "{what}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{what}");
        assert_eq!(body["type"], format!("urn:spillway:problem:{code}"), "{what}");
        assert_eq!(body["status"], status, "{what}");
        assert_eq!(body["request_id"].as_str(), headers["x-request-id"].to_str().ok(), "{what}");
        let is_said = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        assert!(["title", "detail"].iter().all(|name| is_said(&body[name])), "{what}: {body}");
        let errors =
            body.get("errors").map_or(&[][..], |errors| errors.as_array().expect("a list"));
        let is_whole = |error: &Value| is_said(&error["field"]) && is_said(&error["reason"]);
        assert!(errors.iter().all(is_whole), "{what}: {body}");
    }
}

impl Api {
    /// A client of the deployment at `url`.
    pub fn new(url: String) -> Self {
        let client = Client::builder().timeout(Duration::from_secs(30)).build();
        Self { client: client.expect("a client without TLS"), url }
    }

    /// A request to `path`, for what the other methods do not do.
    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// `POST /ingest` of a text as JSON.
    pub async fn ingest_json(&self, tenant: &str, log_id: &str, text: &str) -> Answer {
        self.post_json(&json!({"tenant_id": tenant, "log_id": log_id, "text": text})).await
    }

    /// `POST /ingest` of any JSON.
    pub async fn post_json(&self, body: &Value) -> Answer {
        answer(self.request(reqwest::Method::POST, "/ingest").json(body)).await
    }

    /// `POST /ingest` of a text as text.
    pub async fn ingest_text(&self, tenant: &str, log_id: &str, text: &str) -> Answer {
        let request = self.request(reqwest::Method::POST, "/ingest");
        let request =
            request.header("content-type", "text/plain").header("x-tenant-id", tenant.as_bytes());
        answer(request.header("x-log-id", log_id.as_bytes()).body(text.to_owned())).await
    }

    /// `GET` of a path.
    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(reqwest::Method::GET, path)).await
    }

    /// One processed log, once it is there.
    pub async fn processed_log(&self, tenant: &str, log_id: &str) -> Value {
        let path = format!("/tenants/{tenant}/processed_logs/{log_id}");
        eventually(&format!("{path} is stored"), async || {
            let answer = self.get(&path).await;
            (answer.status == StatusCode::OK).then_some(answer.body)
        })
        .await
    }

    /// All of a listing, page by page: `processed_logs` or `quarantine`.
    pub async fn all(&self, tenant: &str, listing: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let path = format!("/tenants/{tenant}/{listing}?limit=100{token}");
            let answer = self.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
            items.extend(answer.body[listing].as_array().cloned().unwrap_or_default());
            match answer.body["next_page_token"].as_str() {
                Some(next) => token = format!("&page_token={next}"),
                None => return items,
            }
        }
    }

    /// All of a listing, once it has `count` items.
    pub async fn listed(&self, tenant: &str, listing: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{tenant} has {count} {listing}"), async || {
            let items = self.all(tenant, listing).await;
            (items.len() == count).then_some(items)
        })
        .await
    }

    /// What was refused before has written nothing: a later record is all that the tenant has.
    ///
    /// # Panics
    /// Where it has more.
    pub async fn assert_untouched(&self, tenant: &str) {
        self.assert_only_quarantined(tenant).await;
        assert_eq!(self.all(tenant, "quarantine").await, [] as [Value; 0], "{tenant}");
    }

    /// What came before has stored no log: a later one is all that the tenant has.
    ///
    /// # Panics
    /// Where it has more.
    pub async fn assert_only_quarantined(&self, tenant: &str) {
        let answer = self.ingest_json(tenant, "later", "what comes later").await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        self.processed_log(tenant, "later").await;
        let logs = self.all(tenant, "processed_logs").await;
        let ids: Vec<_> = logs.iter().map(|log| &log["log_id"]).collect();
        assert_eq!(ids, ["later"], "{tenant}");
    }

    /// The value of a metric with its labels, such as `name{label="x"}`; 0 where it is missing.
    pub async fn metric(&self, series: &str) -> f64 {
        let request = self.request(reqwest::Method::GET, "/metrics").send().await;
        let text = request.expect("metrics").text().await.expect("metrics");
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }
}

/// Sends the request, and reads its answer.
///
/// # Panics
/// Where there is none.
pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    read(response).await
}

async fn read(response: Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.expect("a body");
    Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
}

/// Waits until `look` finds something.
///
/// # Panics
/// Where that is not within [`PATIENCE`].
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        let waited = start.elapsed();
        assert!(waited < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(POLL.max(waited / POLL_PART)).await;
    }
}
