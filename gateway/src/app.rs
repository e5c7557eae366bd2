//! The gateway's server: what it needs, its routes, its life.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{HttpServiceFactory, Server};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig, get, head, post};
use actix_web::{App, FromRequest, Handler, HttpRequest, HttpServer, Resource, Responder};
use chrono::Utc;
use common::broker::Broker;
use common::config::IngestArgs;
use common::pages::Pages;
use common::store::DocumentStore;
use common::visitor::Salts;

use crate::edge::{edge, not_found, only};
use crate::pages;
use crate::probes::Probes;
use crate::routes::{
    analytics, event, health, ingest, log_batches, logs, metrics, processed_logs, quarantine, stats,
};

/// How long open requests may take to end after the server was told to stop, in seconds: longer
/// than a publish, shorter than what a platform waits for.
const SHUTDOWN_SECONDS: u64 = 6;

/// How often the salts of visitors are looked after.
const CARE_EVERY: Duration = Duration::from_secs(3_600);
/// How soon it is tried again where the store did not answer.
const CARE_AGAIN: Duration = Duration::from_secs(10);

/// How the gateway behaves.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Largest body of `POST /ingest`, in bytes, after decompression.
    pub max_ingest_bytes: usize,
    /// What every read but health has to bear; `None` where anybody may read.
    pub read_token: Option<String>,
    /// How many proxies stand before the gateway.
    pub trusted_hops: u8,
    /// What is served to browsers.
    pub pages: Pages,
}

impl From<IngestArgs> for GatewaySettings {
    fn from(args: IngestArgs) -> Self {
        let read_token = args.read_token.clone().filter(|token| !token.is_empty());
        let IngestArgs { max_ingest_bytes, trusted_hops, pages, .. } = args;
        Self { max_ingest_bytes: max_ingest_bytes as usize, read_token, trusted_hops, pages }
    }
}

/// What the handlers share.
pub struct Gateway {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) store: Arc<dyn DocumentStore>,
    pub(crate) settings: GatewaySettings,
    pub(crate) salts: Salts,
    pub(crate) probes: Probes,
}

impl Gateway {
    /// A gateway in front of the two ports.
    pub fn new(
        broker: Arc<dyn Broker>,
        store: Arc<dyn DocumentStore>,
        settings: GatewaySettings,
    ) -> Self {
        let salts = Salts::new(Arc::clone(&store));
        Self { broker, store, settings, salts, probes: Probes::default() }
    }

    pub(crate) fn read_token(&self) -> Option<&str> {
        self.settings.read_token.as_deref()
    }
}

/// A server that is bound and ready to run.
pub struct Application {
    server: Server,
    gateway: Data<Gateway>,
    address: SocketAddr,
}

impl Application {
    /// Binds `host:port`; port 0 takes a free one.
    pub fn build(gateway: Gateway, host: &str, port: u16) -> io::Result<Self> {
        let gateway = Data::new(gateway);
        let data = gateway.clone();
        let app = move || {
            let pages = data.settings.pages.clone();
            let app = App::new().wrap(from_fn(edge)).app_data(data.clone());
            app.configure(routes).configure(|config| browser_routes(config, &pages))
        };
        let server = HttpServer::new(app)
            .client_request_timeout(Duration::from_secs(10))
            .keep_alive(Duration::from_secs(75))
            .disable_signals()
            .shutdown_timeout(SHUTDOWN_SECONDS)
            .bind((host, port))?;
        let address = *server.addrs().first().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { server: server.run(), gateway, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready; open requests are then answered, and what the broker still
    /// buffers is sent.
    pub async fn run_until_stopped(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let handle = self.server.handle();
        let stopped = async {
            stop.await;
            handle.stop(true).await;
        };
        let caring = tokio::spawn(care_for_salts(self.gateway.clone()));
        let (served, ()) = futures::join!(self.server, stopped);
        caring.abort();
        self.gateway.broker.flush().await;
        served
    }
}

/// Has the salt of visitors' ids at hand, and destroys old ones, for as long as the server runs.
async fn care_for_salts(gateway: Data<Gateway>) {
    loop {
        let cared = gateway.salts.care(Utc::now().date_naive()).await;
        if let Err(error) = &cared {
            tracing::warn!(%error, "the salts of visitors could not be looked after");
        }
        tokio::time::sleep(if cared.is_ok() { CARE_EVERY } else { CARE_AGAIN }).await;
    }
}

/// The API.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(write("/ingest", ingest::post))
        .service(open_to_browsers("/event", event::post_site_event))
        .service(open_to_browsers("/events", event::post_interaction))
        .service(write("/logs", logs::post))
        .service(read("/logs/stats", logs::stats))
        .service(read("/stats", stats::get))
        .service(read("/stats/series", stats::series))
        .service(read("/analytics/event-counts", analytics::event_counts))
        .service(read("/analytics/event-counts-by-type", analytics::event_counts_by_type))
        .service(read("/tenants/{tenant}/processed_logs", processed_logs::list))
        .service(read("/tenants/{tenant}/processed_logs/{log_id}", processed_logs::get))
        .service(read("/tenants/{tenant}/log_batches/{batch_id}", log_batches::get))
        .service(read("/tenants/{tenant}/quarantine", quarantine::list))
        .service(read("/health", health::health))
        .service(read("/ready", health::ready))
        .service(read("/metrics", metrics::get))
        .default_service(web::to(not_found));
}

/// The files for browsers.
pub(crate) fn browser_routes(config: &mut ServiceConfig, pages: &Pages) {
    for asset in pages::served(pages) {
        let answer = async move |request: HttpRequest| asset.answer(&request);
        config.service(read(asset.path, answer));
    }
}

/// A path that takes POST.
fn write<H, Args>(path: &str, handler: H) -> Resource
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    web::resource(path).route(post().to(handler)).default_service(web::to(only("POST")))
}

/// A path that takes POST from the pages of any site: anybody may send, nobody sends credentials.
fn open_to_browsers<H, Args>(path: &str, handler: H) -> impl HttpServiceFactory
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    let cors = Cors::default()
        .allow_any_origin()
        .send_wildcard()
        .allowed_methods(["POST"])
        .allow_any_header()
        .expose_headers(["retry-after", "x-request-id"])
        .max_age(86_400);
    write(path, handler).wrap(cors)
}

/// A path that takes GET, and so HEAD.
fn read<H, Args>(path: &str, handler: H) -> Resource
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    web::resource(path)
        .route(get().to(handler.clone()))
        .route(head().to(handler))
        .default_service(web::to(only("GET, HEAD")))
}
