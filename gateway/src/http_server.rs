//! The HTTP server: what it takes of a connection, and when it ends.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use actix_http::{HttpService, Request};
use actix_service::{IntoServiceFactory, ServiceFactoryExt as _};
use actix_web::dev::{AppConfig, Server, Service, ServiceFactory, ServiceResponse};
use actix_web::rt::net::TcpStream;
use actix_web::{Error, HttpResponse};

use crate::expectation::{self, Shared};

/// How long open requests may take after the server was told to stop, in seconds. Cloud Run ends
/// the process after 10 s.
const SHUTDOWN_SECONDS: u64 = 6;
/// Longest until a connection has sent the head of its first request.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may be idle between two requests.
const IDLE: Duration = Duration::from_secs(75);
/// How long the rest of a body that nobody reads is thrown away, so that its client can read the
/// answer.
const LINGER: Duration = Duration::from_secs(1);

/// Serves what `app` makes on these sockets.
pub(crate) fn serve<F, A, S>(
    sockets: Vec<TcpListener>,
    max_connections: usize,
    app: F,
) -> io::Result<Server>
where
    F: Fn() -> A + Clone + Send + 'static,
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, InitError = ()> + 'static,
    S::Service: Service<Request, Response = ServiceResponse, Error = Error> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
{
    let server = Server::build()
        .max_concurrent_connections(max_connections.div_ceil(threads()))
        .disable_signals()
        .shutdown_timeout(SHUTDOWN_SECONDS);
    let server = sockets.into_iter().try_fold(server, |server, socket| {
        let (app, address) = (app.clone(), socket.local_addr()?);
        let stopping = server.graceful_shutdown_signal();
        server.listen(format!("http {address}"), socket, move || {
            let stopping = stopping.clone();
            on_each_connection(app().into_factory(), address, move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
        })
    })?;
    Ok(server.run())
}

/// Speaks HTTP with a client.
fn on_each_connection<S, Stopping>(
    app: S,
    address: SocketAddr,
    stopping: impl Fn() -> Stopping + 'static,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), InitError = ()>
where
    S: ServiceFactory<Request, Config = AppConfig, InitError = ()> + 'static,
    S::Service: Service<Request, Response = ServiceResponse, Error = Error> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    Stopping: Future<Output = ()> + 'static,
{
    let shared = Shared::default();
    let asked = expectation::asked(Rc::clone(&shared));
    let answers = expectation::answering(app, shared);
    HttpService::build()
        .graceful_shutdown_signal(stopping)
        .keep_alive(IDLE)
        .client_request_timeout(HEAD)
        .client_disconnect_timeout(LINGER)
        .h1_allow_half_closed(true)
        .local_addr(address)
        .expect(asked)
        .finish(answers.map_err(|error| -> HttpResponse { error.error_response() }))
        .tcp()
}

/// How many threads the server has, each with its share of the connections.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
