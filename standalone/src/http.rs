//! The HTTP client of the operator's commands.

use std::time::Duration;

use reqwest::{Client, Url};
use thiserror::Error;

/// How long one request may take, unless a command says otherwise.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no client.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    #[error("{0:?} is no base URL such as http://127.0.0.1:8080")]
    Target(String),
    #[error("the HTTP client cannot be built")]
    Build(#[source] reqwest::Error),
}

/// A client for the deployment at `target`, which holds up to `connections` open between requests.
pub(crate) fn client(name: &str, target: &str, connections: usize) -> Result<Client, ClientError> {
    let target = Url::parse(target).map_err(|_| ClientError::Target(target.to_owned()))?;
    client_within(name, &target, connections, REQUEST_TIMEOUT)
}

/// As [`client`], with another bound on the time of a request.
pub(crate) fn client_within(
    name: &str,
    target: &Url,
    connections: usize,
    request: Duration,
) -> Result<Client, ClientError> {
    // It fails only where a provider is installed already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut client = Client::builder()
        .user_agent(format!("{name}/{}", env!("CARGO_PKG_VERSION")))
        .timeout(request)
        .connect_timeout(request.min(CONNECT_TIMEOUT))
        .pool_max_idle_per_host(connections)
        .redirect(reqwest::redirect::Policy::none());
    if is_loopback(target) {
        client = client.no_proxy();
    }
    if target.scheme() != "https" {
        // No certificate is looked at, so that a machine without any can send too.
        client = client.tls_certs_only([]);
    }
    client.build().map_err(ClientError::Build)
}

fn is_loopback(target: &Url) -> bool {
    let host = target.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        let is_loopback = |url: &str| is_loopback(&Url::parse(url).expect("a URL"));
        for url in ["http://localhost:1", "http://127.0.0.1", "http://127.1.2.3", "http://[::1]:8"]
        {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["https://example.com", "http://10.0.0.1", "http://localhost.example.com"] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn a_target_that_is_none_is_a_clear_error() {
        assert!(matches!(client("test", "nowhere", 1), Err(ClientError::Target(_))));
    }
}
