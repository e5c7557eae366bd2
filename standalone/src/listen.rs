//! Binds the address that the server listens on.

use std::io::{self, ErrorKind};
use std::net::TcpListener;

use thiserror::Error;

/// Why nothing can listen there.
#[derive(Debug, Error)]
pub(crate) enum ListenError {
    #[error("cannot listen on {0}:{1}: the port is in use; choose another port with PORT")]
    InUse(String, u16, #[source] io::Error),
    #[error("cannot listen on {0}:{1}: not allowed; choose a port above 1023 with PORT")]
    NotAllowed(String, u16, #[source] io::Error),
    #[error(
        "cannot listen on {0}:{1}: this machine has no address {0}; choose another host with HOST, \
         such as 127.0.0.1, or 0.0.0.0 for every address"
    )]
    Host(String, u16, #[source] io::Error),
}

/// Binds `host:port`; port 0 takes a free one.
pub(crate) fn listen(host: &str, port: u16) -> Result<Vec<TcpListener>, ListenError> {
    gateway::bind(host, port).map_err(|error| {
        let host = host.to_owned();
        match error.kind() {
            ErrorKind::AddrInUse => ListenError::InUse(host, port, error),
            ErrorKind::PermissionDenied => ListenError::NotAllowed(host, port, error),
            _ => ListenError::Host(host, port, error),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_calls_for_another_port() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("a bound address").port();
        let told = listen("127.0.0.1", port).expect_err("it is in use").to_string();
        assert!(told.contains("choose another port with PORT"), "{told}");
    }

    #[test]
    fn a_host_that_is_not_this_machine_calls_for_another_host() {
        // A documentation network (RFC 5737).
        let told = listen("192.0.2.1", 0).expect_err("it is not here").to_string();
        assert!(told.contains("no address 192.0.2.1") && told.contains("HOST"), "{told}");
        assert!(!told.contains("PORT"), "{told}");
    }
}
