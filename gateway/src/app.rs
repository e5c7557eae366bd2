//! The gateway's server, from its start to its end.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::time::Duration;

use actix_web::App;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use chrono::Utc;
use common::log_output;
use common::program::chain;
use socket2::{Domain, Socket, Type};

use crate::counters;
use crate::edge::edge;
use crate::hosts::{Hosts, are_near};
use crate::http_server;
use crate::open_files;
use crate::route_table::{browser_routes, routes};
use crate::state::Gateway;

/// How many new connections may wait until the server accepts them.
const BACKLOG: i32 = 1_024;

/// How long a client may take nothing of an answer before its connection is closed.
#[cfg(target_os = "linux")]
const STALLED: Duration = Duration::from_secs(15);

/// How often the salts are rotated.
const ROTATE_EVERY: Duration = Duration::from_secs(3_600);
/// How soon that is tried again if the store did not answer.
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
    // The connections that it accepts inherit it.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(STALLED))?;
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
    pub fn on(mut gateway: Gateway, sockets: Vec<TcpListener>) -> io::Result<Self> {
        counters::begin();
        gateway.hosts = Hosts::of(&sockets, &gateway.settings.allowed_hosts);
        gateway.is_near = are_near(&sockets);
        let gateway = Data::new(gateway);
        let data = gateway.clone();
        let max_connections = open_files::room_for(gateway.settings.max_connections as usize);
        let app = move || {
            let pages = data.settings.pages.clone();
            let app = App::new().wrap(from_fn(edge)).app_data(data.clone());
            app.configure(routes).configure(|config| browser_routes(config, &pages))
        };
        let address = sockets.first().ok_or(io::ErrorKind::AddrNotAvailable)?.local_addr()?;
        let server = http_server::serve(sockets, max_connections, app)?;
        Ok(Self { server, gateway, address })
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
        let rotated = gateway.salts.rotate(Utc::now()).await;
        if let Err(error) = &rotated {
            tracing::warn!(error = chain(error), "the salts could not be rotated");
        }
        tokio::time::sleep(if rotated.is_ok() { ROTATE_EVERY } else { ROTATE_AGAIN }).await;
    }
}
