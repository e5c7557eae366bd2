//! The gateway's server: its route table, its start and its end.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{HttpServiceFactory, Server};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig, get, head, post};
use actix_web::{App, FromRequest, Handler, HttpRequest, HttpServer, Resource, Responder};
use chrono::Utc;
use common::program::chain;
use socket2::{Domain, Socket, Type};

use crate::edge::{edge, not_found, only};
use crate::pages::{self, Pages};
use crate::routes::{
    analytics, event, health, ingest, log_batches, logs, metrics, processed_logs, quarantine, stats,
    tenants,
};
use crate::state::Gateway;

/// How long open requests may take after the server was told to stop, in seconds. Cloud Run ends
/// the process after 10 s.
const SHUTDOWN_SECONDS: u64 = 6;

/// How many new connections may wait until the server accepts them.
const BACKLOG: i32 = 1_024;

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
        match listen(address) {
            Ok(socket) => sockets.push(socket),
            Err(error) => failed = error,
        }
    }
    if sockets.is_empty() { Err(failed) } else { Ok(sockets) }
}

/// The standard library's own sockets let 128 connections wait: a flood that opens more at once
/// would have to try again, a second later.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
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
        .service(write("/event", event::post_site_event))
        .service(write("/events", event::post_interaction))
        .service(write("/logs", logs::post))
        .service(read("/logs/stats", logs::stats))
        .service(read("/stats", stats::get))
        .service(read("/stats/series", stats::series))
        .service(read("/analytics/event-counts", analytics::event_counts))
        .service(read("/analytics/event-counts-by-type", analytics::event_counts_by_type))
        .service(read("/tenants", tenants::list))
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

/// A path that supports POST, also from the pages of any site. A beacon always sends the cookies that
/// the browser has, so credentials are allowed; nothing here reads them.
fn write<H, Args>(path: &str, handler: H) -> impl HttpServiceFactory
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    let cors = Cors::default()
        .allow_any_origin()
        .supports_credentials()
        .allowed_methods(["POST"])
        .allow_any_header()
        .expose_headers(["retry-after", "x-request-id"])
        .max_age(86_400);
    let only_post = web::to(only("POST"));
    web::resource(path).route(post().to(handler)).default_service(only_post).wrap(cors)
}

/// A path that supports GET and HEAD.
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
