//! The public API as a client sees it.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// A tenant that no other test has.
pub fn new_tenant() -> String {
    format!("t-{:016x}", rand::random::<u64>())
}

/// How long a test waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// The first interval at which it looks again.
const POLL: Duration = Duration::from_millis(50);
/// Later, a look each time the wait has grown by this part: looking takes cores from the work.
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
    /// The body; null if it is not JSON.
    pub body: Value,
}

impl Answer {
    /// The fields that the problem names, in order.
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map_or(&[][..], Vec::as_slice);
        errors.iter().filter_map(|error| error["field"].as_str()).collect()
    }

    /// # Panics
    /// If the answer is not a complete problem with this status and code.
    pub fn assert_problem(&self, what: &str, status: u16, code: &str) {
        let Self { headers, body, .. } = self;
        assert_eq!((self.status.as_u16(), &body["code"]), (status, &code.into()), "{what}: {body}");
        assert_eq!(headers["content-type"], "application/problem+json", "{what}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{what}");
        assert_eq!(body["type"], format!("urn:spillway:problem:{code}"), "{what}");
        assert_eq!(body["status"], status, "{what}");
        let request_id = headers["x-request-id"].to_str().expect("a text");
        assert_eq!(body["request_id"], request_id, "{what}");
        assert_eq!(body["instance"], format!("urn:spillway:request:{request_id}"), "{what}");
        let is_said = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        assert!(["title", "detail"].iter().all(|name| is_said(&body[name])), "{what}: {body}");
        let errors = body
            .get("errors")
            .map_or(&[][..], |errors| errors.as_array().expect("`errors` is a list"));
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

    /// A request to `path`, for anything that has no method here.
    pub fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// `POST /ingest` with a text in JSON.
    pub async fn ingest_json(&self, tenant: &str, log_id: &str, text: &str) -> Answer {
        self.post_json(&json!({"tenant_id": tenant, "log_id": log_id, "text": text})).await
    }

    /// `POST /ingest` with any JSON.
    pub async fn post_json(&self, body: &Value) -> Answer {
        answer(self.request(reqwest::Method::POST, "/ingest").json(body)).await
    }

    /// `POST /ingest` with a plain text.
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

    /// A processed log, once it is stored.
    pub async fn processed_log(&self, tenant: &str, log_id: &str) -> Value {
        let path = format!("/tenants/{tenant}/processed_logs/{log_id}");
        eventually(&format!("{path} is stored"), async || {
            let answer = self.get(&path).await;
            (answer.status == StatusCode::OK).then_some(answer.body)
        })
        .await
    }

    /// All items of a listing, `processed_logs` or `quarantine`, read page by page.
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

    /// All items of a listing, once there are `count`.
    pub async fn listed(&self, tenant: &str, listing: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{tenant} has {count} {listing}"), async || {
            let items = self.all(tenant, listing).await;
            (items.len() == count).then_some(items)
        })
        .await
    }

    /// Asserts that refused requests wrote nothing: a later record is the tenant's only one.
    ///
    /// # Panics
    /// If there are others.
    pub async fn assert_untouched(&self, tenant: &str) {
        self.assert_only_quarantined(tenant).await;
        assert_eq!(self.all(tenant, "quarantine").await, [] as [Value; 0], "{tenant}");
    }

    /// Asserts that earlier requests stored no log: a later one is the tenant's only one.
    ///
    /// # Panics
    /// If there are others.
    pub async fn assert_only_quarantined(&self, tenant: &str) {
        let answer = self.ingest_json(tenant, "later", "a later text").await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        self.processed_log(tenant, "later").await;
        let logs = self.all(tenant, "processed_logs").await;
        let ids: Vec<_> = logs.iter().map(|log| &log["log_id"]).collect();
        assert_eq!(ids, ["later"], "{tenant}");
    }

    /// The value of a metric with its labels, such as `name{label="x"}`; 0 if it is missing.
    pub async fn metric(&self, series: &str) -> f64 {
        let request = self.request(reqwest::Method::GET, "/metrics").send().await;
        let text = request.expect("an answer").text().await.expect("a body");
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }
}

/// Sends the request and reads the answer.
///
/// # Panics
/// If there is no answer.
pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    read(response).await
}

async fn read(response: Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.expect("a body");
    Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
}

/// Waits until the server at `url` accepts connections.
///
/// # Panics
/// If that takes longer than [`PATIENCE`].
pub async fn listening(url: &str) {
    let (host, start) = (url.trim_start_matches("http://"), Instant::now());
    while TcpStream::connect(host).await.is_err() {
        assert!(start.elapsed() < PATIENCE, "{url} did not listen within {PATIENCE:?}");
        sleep(POLL).await;
    }
}

/// Waits until `look` finds something, and returns it.
///
/// # Panics
/// If that takes longer than [`PATIENCE`].
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        let waited = start.elapsed();
        assert!(waited < PATIENCE, "did not happen within {PATIENCE:?}: {what}");
        sleep(POLL.max(waited / POLL_PART)).await;
    }
}
