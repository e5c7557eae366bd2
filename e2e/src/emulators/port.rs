//! Free ports.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// A port of this machine on which nobody listens at the moment.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
