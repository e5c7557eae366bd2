//! The names under which the server may be asked for. A page of another site can have its own name
//! point to this machine (DNS rebinding), and would then read a server that only this machine reaches.

use std::net::{IpAddr, TcpListener};

use actix_web::http::header::{HOST, HeaderMap};

use crate::problem::{Problem, ProblemCode};

/// The names that are known.
pub(crate) enum Hosts {
    /// The server can be reached from elsewhere, or the operator allows any name.
    Any,
    /// Those of this machine and of its network, and these, in lower case.
    OfThisMachine(Vec<String>),
}

impl Hosts {
    /// The names for a server on `sockets`. `allowed` are more, or `*`.
    pub(crate) fn of(sockets: &[TcpListener], allowed: &[String]) -> Self {
        if allowed.iter().any(|name| name == "*") || !are_near(sockets) {
            return Self::Any;
        }
        let names = allowed.iter().map(|name| name.trim().to_ascii_lowercase());
        Self::OfThisMachine(names.filter(|name| !name.is_empty()).collect())
    }

    /// Refuses a request for an unknown name. One without a name is from no browser.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Self::OfThisMachine(more) = self else { return Ok(()) };
        let is_known = |host: &str| {
            let name = without_port(host);
            is_of_this_machine(host)
                || has_no_domain(name)
                || more.iter().any(|known| name.eq_ignore_ascii_case(known))
        };
        let mut hosts = headers.get_all(HOST).map(|host| host.to_str().unwrap_or_default());
        if hosts.all(is_known) { Ok(()) } else { Err(unknown()) }
    }
}

/// Whether only this machine reaches the sockets.
pub(crate) fn are_near(sockets: &[TcpListener]) -> bool {
    let is_near = |socket: &TcpListener| {
        socket.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback())
    };
    sockets.iter().all(is_near)
}

/// Whether the `Host` of a request is this machine under a name that nobody else can have.
pub(crate) fn is_of_this_machine(host: &str) -> bool {
    let name = without_port(host);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether the name is of a local network, such as the machine's own. No site on the Internet has one.
fn has_no_domain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn unknown() -> Problem {
    let detail = "The server listens only on its own machine, and does not know the name in Host. \
        Use localhost, or name the host in ALLOWED_HOSTS.";
    Problem::new(ProblemCode::Forbidden, detail)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn takes(hosts: &Hosts, names: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        names.iter().for_each(|name| {
            headers.append(HOST, HeaderValue::from_str(name).expect("a value"));
        });
        hosts.check(&headers).is_ok()
    }

    fn on(address: &str, allowed: &[&str]) -> Hosts {
        let sockets = [TcpListener::bind(address).expect("a port")];
        let allowed: Vec<_> = allowed.iter().map(|name| (*name).to_owned()).collect();
        Hosts::of(&sockets, &allowed)
    }

    #[test]
    fn a_server_on_its_own_machine_knows_the_names_of_this_machine_only() {
        let hosts = on("127.0.0.1:0", &[]);
        for name in ["localhost", "LocalHost:8080", "127.0.0.1", "127.9.9.9:1", "[::1]:8080"] {
            assert!(takes(&hosts, &[name]), "{name}");
        }
        for name in ["evil.example", "evil.example:8080", "localhost.evil.example", "0.0.0.0", ""] {
            assert!(!takes(&hosts, &[name]), "{name}");
        }
        assert!(takes(&hosts, &["my-machine:8080"]), "no site has such a name");
        assert!(takes(&hosts, &[]), "no browser leaves it out");
        assert!(!takes(&hosts, &["localhost", "evil.example"]));
    }

    #[test]
    fn the_operator_may_name_more() {
        let hosts = on("127.0.0.1:0", &["Logs.example.com", ""]);
        assert!(takes(&hosts, &["logs.example.com"]) && takes(&hosts, &["LOGS.example.com:443"]));
        assert!(!takes(&hosts, &["example.com"]) && !takes(&hosts, &[""]));
        assert!(takes(&on("127.0.0.1:0", &["*"]), &["example.com"]));
    }

    #[test]
    fn a_server_that_others_reach_takes_any_name() {
        assert!(takes(&on("0.0.0.0:0", &[]), &["example.com"]));
    }
}
