//! The gateway's server: its route table, its start and its end.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::time::Duration;

use actix_cors::Cors;
use actix_web::body::BoxBody;
use actix_web::dev::{HttpServiceFactory, Server, ServiceRequest};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig, get, head, post};
use actix_web::{App, FromRequest, Handler, HttpRequest, HttpServer, Resource, Responder};
use chrono::Utc;
use common::log_output;
use common::program::chain;

use crate::counters;
use crate::edge::{edge, not_found, only};
use crate::extractors::query::{self, Names, PAGE, PERIOD, TENANT};
use crate::pages::{self, Pages};
use crate::routes::{
    analytics, event, events, health, ingest, log_batches, logs, metrics, processed_logs,
    quarantine, root, stats,
};
use crate::state::Gateway;

/// How long open requests may take after the server was told to stop, in seconds. Cloud Run ends
/// the process after 10 s.
const SHUTDOWN_SECONDS: u64 = 6;

/// How often the salts are rotated.
const ROTATE_EVERY: Duration = Duration::from_secs(3_600);
/// How soon that is retried if the store did not answer.
const ROTATE_AGAIN: Duration = Duration::from_secs(10);

/// Binds every address of `host` on `port`; port 0 takes a free one. One address that can be bound
/// is enough: a machine may have no IPv6.
pub fn bind(host: &str, port: u16) -> io::Result<Vec<TcpListener>> {
    let mut sockets = Vec::new();
    let mut failed = io::ErrorKind::AddrNotAvailable.into();
    for address in (host, port).to_socket_addrs()? {
        match TcpListener::bind(address) {
            Ok(socket) => sockets.push(socket),
            Err(error) => failed = error,
        }
    }
    if sockets.is_empty() { Err(failed) } else { Ok(sockets) }
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
        Self::on(gateway, bind(host, port)?)
    }

    /// Serves on sockets that are bound already.
    pub fn on(gateway: Gateway, sockets: Vec<TcpListener>) -> io::Result<Self> {
        counters::begin();
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
            .shutdown_timeout(SHUTDOWN_SECONDS);
        let server = sockets.into_iter().try_fold(server, HttpServer::listen)?;
        let address = *server.addrs().first().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { server: server.run(), gateway, address })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready. Then it answers open requests and flushes the broker.
    pub async fn run_until_stopped(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let handle = self.server.handle();
        let stopped = async {
            stop.await;
            handle.stop(true).await;
        };
        let rotating = tokio::spawn(rotate_salts(self.gateway.clone()));
        let (served, ()) = futures::join!(self.server, stopped);
        rotating.abort();
        self.gateway.broker.flush().await;
        log_output::flush();
        served
    }
}

/// Reads the salt of the day before an event needs it, and destroys old ones, while the server
/// runs.
async fn rotate_salts(gateway: Data<Gateway>) {
    loop {
        let rotated = gateway.salts.rotate(Utc::now().date_naive()).await;
        if let Err(error) = &rotated {
            tracing::warn!(error = chain(error), "the salts could not be rotated");
        }
        tokio::time::sleep(if rotated.is_ok() { ROTATE_EVERY } else { ROTATE_AGAIN }).await;
    }
}

/// The API.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(write("/ingest", ingest::post))
        .service(open_to_browsers("/event", event::post_site_event))
        .service(open_to_browsers("/events", event::post_interaction))
        .service(write("/logs", logs::post))
        .service(query("/logs/stats", &[TENANT, PERIOD, &["grain", "limit"]], logs::stats))
        .service(query("/stats", &[TENANT, PERIOD, &["limit"]], stats::get))
        .service(query("/stats/series", &[TENANT, PERIOD, &["grain"]], stats::series))
        .service(query(
            "/analytics/event-counts",
            &[TENANT, PERIOD, &["event_type"]],
            analytics::event_counts,
        ))
        .service(query(
            "/analytics/event-counts-by-type",
            &[TENANT, PERIOD],
            analytics::event_counts_by_type,
        ))
        .service(query("/tenants/{tenant}/processed_logs", &[TENANT, PAGE], processed_logs::list))
        .service(query("/tenants/{tenant}/processed_logs/{log_id}", &[TENANT], processed_logs::get))
        .service(query("/tenants/{tenant}/log_batches/{batch_id}", &[TENANT], log_batches::get))
        .service(query(
            "/tenants/{tenant}/events",
            &[TENANT, PERIOD, PAGE, &["type"]],
            events::list,
        ))
        .service(query("/tenants/{tenant}/events/{event_id}", &[TENANT], events::get))
        .service(query("/tenants/{tenant}/quarantine", &[TENANT, PAGE], quarantine::list))
        .service(read("/", root::root))
        .service(read("/robots.txt", root::robots))
        .service(read("/favicon.ico", root::favicon))
        .service(read("/health", health::health))
        .service(read("/ready", health::ready))
        .service(query("/metrics", &[], metrics::get))
        .default_service(web::to(not_found));
}

/// The files for browsers.
pub(crate) fn browser_routes(config: &mut ServiceConfig, pages: &Pages) {
    for asset in pages::served(pages) {
        let answer = async move |request: HttpRequest| asset.answer(&request);
        config.service(read(asset.path, answer));
    }
}

/// A path that supports POST.
fn write<H, Args>(path: &str, handler: H) -> Resource
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    counters::begin_route(path, "POST", "202");
    web::resource(path).route(post().to(handler)).default_service(web::to(only("POST")))
}

/// A path that supports POST from the pages of any site, without credentials.
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

/// A read of data: a path that supports GET and HEAD, with the parameters in `known` and no others.
fn query<H, Args>(path: &str, known: &'static [Names], handler: H) -> impl HttpServiceFactory
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    let check = move |request: ServiceRequest, next: Next<BoxBody>| async move {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match query::check(request.query_string(), known) {
            Err(problem) if is_read => Ok(request.error_response(problem)),
            _ => next.call(request).await,
        }
    };
    read(path, handler).wrap(from_fn(check))
}

/// A path that supports GET and HEAD.
fn read<H, Args>(path: &str, handler: H) -> Resource
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    counters::begin_route(path, "GET", "200");
    web::resource(path)
        .route(get().to(handler.clone()))
        .route(head().to(handler))
        .default_service(web::to(only("GET, HEAD")))
}
