//! A test server with the part of the API that a flood uses, and with faults on demand.

mod behaviour;
mod ingest;
mod reads;
mod server;
mod state;

use actix_web::web::Data;

pub(super) use behaviour::{Behaviour, Fault};
pub(super) use server::Peer;
pub(super) use state::other;

use crate::test_server::serve;

/// Starts a server, and returns it with its base URL.
pub(super) fn start(behaviour: Behaviour) -> (Data<Peer>, String) {
    let peer = Data::new(Peer::new(behaviour));
    let url = serve(&peer, |app| {
        ingest::routes(app);
        reads::routes(app);
    });
    (peer, url)
}
