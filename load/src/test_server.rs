//! The commands' test servers listen on a free port of this machine.

use std::net::TcpListener;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};

/// Starts a server with this state and these routes, and returns its base URL.
pub(crate) fn serve<T: Send + Sync + 'static>(
    state: &Data<T>,
    routes: fn(&mut ServiceConfig),
) -> String {
    let (listener, url) = free_port();
    let state = Data::clone(state);
    let app = move || App::new().app_data(Data::clone(&state)).configure(routes);
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
    tokio::spawn(server.expect("a listening socket").run());
    url
}

/// A base URL at which nothing listens.
pub(crate) fn nowhere() -> String {
    free_port().1
}

fn free_port() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    (listener, format!("http://{address}"))
}
