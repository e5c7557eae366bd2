//! The worker's HTTP server: takes pushes, and tells the broker what to do with each.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use common::program::chain;
use common::{metrics, trace};

use crate::auth::{self, Guard};
use crate::delivery::Worker;
use crate::outcome::Disposition;
use crate::push::{Push, PushError};

/// Largest push: a message of 10 MB in Base64, with its envelope.
const MAX_PUSH_BYTES: usize = 16 << 20;
/// How long Pub/Sub waits for an answer: the subscriptions have the longest ack deadline.
const ACK_DEADLINE: Duration = Duration::from_secs(600);
/// How long an idle connection stays open. Google's front ends reuse theirs for up to 600 s: if the
/// worker closed one first, a push on it could fail.
const KEEP_ALIVE: Duration = Duration::from_secs(620);
/// How long connections may take to end after the worker stopped, in seconds. Cloud Run kills the
/// process after 10 s.
const SHUTDOWN_SECONDS: u64 = 7;

/// A server that is bound to its port and ready to run.
pub struct Application {
    server: Server,
    worker: Arc<Worker>,
    address: SocketAddr,
}

impl Application {
    /// Binds `host:port`; port 0 takes a free one. `guard` says who may push.
    pub fn build(worker: Arc<Worker>, guard: Guard, host: &str, port: u16) -> io::Result<Self> {
        auth::begin_counters();
        let (data, guard) = (Data::from(Arc::clone(&worker)), Data::new(guard));
        let app =
            move || App::new().app_data(data.clone()).app_data(guard.clone()).configure(routes);
        let server = HttpServer::new(app)
            .client_request_timeout(Duration::from_secs(30))
            .keep_alive(KEEP_ALIVE)
            .disable_signals()
            .shutdown_timeout(SHUTDOWN_SECONDS)
            .bind((host, port))?;
        let address = *server.addrs().first().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { server: server.run(), worker, address })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready. Then gives unfinished texts back, and waits for commits.
    pub async fn run_until_stopped(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let (handle, worker) = (self.server.handle(), self.worker);
        let stopped = async {
            stop.await;
            worker.stop();
            handle.stop(true).await;
        };
        let (served, ()) = futures::join!(self.server, stopped);
        served
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(MAX_PUSH_BYTES))
        .service(
            web::resource("/dead-letter")
                .wrap(from_fn(auth::guard))
                .route(web::post().to(dead_letter)),
        )
        .service(web::resource("/push").wrap(from_fn(auth::guard)).route(web::post().to(push)))
        .route("/health", web::get().to(health))
        .route("/ready", web::get().to(ready))
        .route("/metrics", web::get().to(metrics));
}

async fn push(worker: Data<Worker>, body: Bytes) -> HttpResponse {
    answer(match Push::parse(&body) {
        Ok(Push { message, attempts }) => {
            let parent = message.attributes.get("traceparent").map(String::as_str);
            let trace = trace::of_headers(parent, None);
            trace::within(trace, worker.deliver(&message, attempts)).await
        }
        Err(error) => refuse(&worker, error, &body).await,
    })
}

async fn dead_letter(worker: Data<Worker>, body: Bytes) -> HttpResponse {
    answer(match Push::parse(&body) {
        Ok(push) => worker.dead_letter(&push.message, push.failed_deliveries(), ACK_DEADLINE).await,
        Err(error) => refuse(&worker, error, &body).await,
    })
}

/// Quarantines a body that is not an envelope, like any message that cannot be read: after a nack
/// it would come back again and again, and slow down the subscription.
async fn refuse(worker: &Worker, error: PushError, body: &[u8]) -> Disposition {
    let detail = chain(&error);
    tracing::warn!(error = detail, "a push could not be read");
    worker.refuse(&error.into_message(body), detail).await
}

fn answer(disposition: Disposition) -> HttpResponse {
    match disposition {
        Disposition::Acknowledge => HttpResponse::NoContent().finish(),
        Disposition::Retry | Disposition::Release => {
            HttpResponse::ServiceUnavailable().insert_header(("retry-after", "1")).finish()
        }
    }
}

async fn health() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}

async fn ready(worker: Data<Worker>) -> HttpResponse {
    let probe = tokio::time::timeout(Duration::from_secs(3), worker.probe()).await;
    match probe {
        Ok(Ok(())) => HttpResponse::Ok().json(serde_json::json!({"status": "ready"})),
        Ok(Err(_)) | Err(_) => HttpResponse::ServiceUnavailable()
            .json(serde_json::json!({"status": "not-ready", "probes": {"store": "failed"}})),
    }
}

async fn metrics() -> HttpResponse {
    match metrics::render() {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text),
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cloud Run's front end keeps idle connections for up to 600 s: the worker never closes one first.
    #[test]
    fn connections_outlive_those_of_googles_front_end_and_the_ack_deadline() {
        let front_end = Duration::from_secs(600);
        assert!(KEEP_ALIVE > front_end && KEEP_ALIVE > ACK_DEADLINE, "{KEEP_ALIVE:?}");
    }
}
