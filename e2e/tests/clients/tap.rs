//! What stands between a client and Spillway: it hands each request on, once or twice, and writes down
//! what came of it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use e2e::api::eventually;
use reqwest::Method;

/// The largest body that is handed on.
const LARGEST: usize = 64 << 20;
/// How much of an answer is kept for the message of a failure.
const KEPT: usize = 300;
/// What belongs to a connection, and not to a request or an answer.
const OF_THE_CONNECTION: [&str; 6] =
    ["connection", "content-length", "expect", "host", "keep-alive", "transfer-encoding"];

/// A request that was handed on, and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    method: String,
    target: String,
    status: u16,
    answer: String,
}

/// A running tap; dropping it stops it.
pub(crate) struct Tap {
    url: String,
    shared: Data<Shared>,
    server: ServerHandle,
}

struct Shared {
    target: String,
    client: reqwest::Client,
    /// Whether each request is handed on twice.
    doubles: AtomicBool,
    open: Arc<AtomicUsize>,
    seen: Mutex<Vec<Seen>>,
}

/// A request that is not answered yet.
struct Open(Arc<AtomicUsize>);

impl Tap {
    /// A tap in front of the server at `url`.
    ///
    /// # Panics
    /// If there is no free port.
    pub(crate) fn before(url: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build();
        let shared = Data::new(Shared {
            target: url.to_owned(),
            client: client.expect("a client without TLS"),
            doubles: AtomicBool::default(),
            open: Arc::default(),
            seen: Mutex::default(),
        });
        let data = shared.clone();
        let app = move || {
            let app = App::new().app_data(data.clone()).app_data(PayloadConfig::new(LARGEST));
            app.default_service(web::to(hand_on))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0));
        let server = server.expect("a port");
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, shared, server: handle }
    }

    /// The base URL for the client.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Forgets what it has seen, and hands each further request on twice or once.
    pub(crate) fn begin(&self, doubles: bool) {
        self.shared.doubles.store(doubles, Ordering::Relaxed);
        self.shared.seen().clear();
    }

    /// Waits until no request is open.
    pub(crate) async fn is_idle(&self) {
        eventually("all requests are answered", async || {
            (self.shared.open.load(Ordering::Relaxed) == 0).then_some(())
        })
        .await;
    }

    /// Waits until Spillway has refused a request for now.
    pub(crate) async fn has_refused(&self) {
        eventually("a request is refused", async || {
            self.shared.seen().iter().any(Seen::is_refused).then_some(())
        })
        .await;
    }

    /// How many requests have brought something that was taken.
    pub(crate) fn taken(&self) -> u64 {
        let seen = self.shared.seen();
        seen.iter().filter(|seen| seen.method != "OPTIONS" && seen.status < 300).count() as u64
    }

    /// What came of the requests: of each kind of answer, the first.
    pub(crate) fn summary(&self) -> String {
        let mut kinds: Vec<(Seen, usize)> = Vec::new();
        for seen in self.shared.seen().iter() {
            match kinds.iter_mut().find(|(first, _)| first.is_like(seen)) {
                Some((_, count)) => *count += 1,
                None => kinds.push((seen.clone(), 1)),
            }
        }
        kinds.iter().map(|(seen, count)| format!("\n  {count} x {seen}")).collect()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

impl Seen {
    fn is_refused(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    fn is_like(&self, other: &Self) -> bool {
        let path = |seen: &Self| seen.target.split('?').next().map(str::to_owned);
        (&self.method, self.status, path(self)) == (&other.method, other.status, path(other))
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, target, status, answer } = self;
        write!(out, "{method} {target}: {status} {answer}")
    }
}

impl Shared {
    fn seen(&self) -> std::sync::MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the request to Spillway, and writes down the answer.
    async fn send(&self, request: &HttpRequest, body: Bytes) -> reqwest::Result<HttpResponse> {
        let method = Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or_default();
        let target = request.uri().to_string();
        let mut sent = self.client.request(method, format!("{}{target}", self.target));
        for (name, value) in request.headers() {
            if !OF_THE_CONNECTION.contains(&name.as_str()) {
                sent = sent.header(name.as_str(), value.as_bytes());
            }
        }
        let received = sent.body(body).send().await?;
        let status = received.status().as_u16();
        let headers = received.headers().clone();
        let content = received.bytes().await?;
        let kept = &content[..content.len().min(KEPT)];
        self.seen().push(Seen {
            method: request.method().to_string(),
            target,
            status,
            answer: String::from_utf8_lossy(kept).into_owned(),
        });
        let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
        let mut answer = HttpResponse::build(status);
        for (name, value) in &headers {
            if !OF_THE_CONNECTION.contains(&name.as_str()) {
                answer.append_header((name.as_str(), value.as_bytes()));
            }
        }
        Ok(answer.body(content))
    }
}

impl Open {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn hand_on(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let _open = Open::new(&shared.open);
    // What a browser asks before it sends is no record.
    if shared.doubles.load(Ordering::Relaxed) && request.method().as_str() != "OPTIONS" {
        drop(shared.send(&request, body.clone()).await);
    }
    let answer = shared.send(&request, body).await;
    answer.unwrap_or_else(|_| HttpResponse::BadGateway().finish())
}
