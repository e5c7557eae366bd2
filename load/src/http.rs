//! The HTTP client of the commands that send.

use std::time::Duration;

use reqwest::{Client, Url};
use thiserror::Error;

use crate::answer::transport_error;

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The HTTP client could not be built.
#[derive(Debug, Error)]
#[error("cannot build the HTTP client")]
pub struct ClientError(#[from] reqwest::Error);

/// No server answers at the target.
#[derive(Debug, Error)]
pub enum NobodyThere {
    /// Nothing listens there.
    #[error(
        "nothing listens on {target} ({why}); start a server with `cargo run` in another terminal, \
         or name a running one with --target"
    )]
    Connect {
        /// The base URL.
        target: String,
        /// What went wrong.
        why: String,
    },
    /// Something listens there, and gives no answer.
    #[error("{target} does not answer ({why}); try again, or name another server with --target")]
    Answer {
        /// The base URL.
        target: String,
        /// What went wrong.
        why: String,
    },
}

impl NobodyThere {
    /// Says why `target` gave no answer.
    pub fn new(target: String, error: &reqwest::Error) -> Self {
        let why = transport_error(error);
        match error.is_connect() {
            true => Self::Connect { target, why },
            false => Self::Answer { target, why },
        }
    }
}

/// Reads a deployment's base URL.
pub fn target(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must begin with http:// or https://".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must be a base URL, without a query or fragment".to_owned());
    }
    // The report prints the target.
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain credentials".to_owned());
    }
    Ok(url)
}

/// The base URL without a trailing slash.
pub fn base(target: &Url) -> String {
    target.as_str().trim_end_matches('/').to_owned()
}

/// A client for the deployment at `target`. It keeps up to `connections` open between requests, and
/// each request times out after `request`.
pub fn client(
    name: &str,
    target: &Url,
    connections: usize,
    request: Duration,
) -> Result<Client, ClientError> {
    // Fails only if a provider is installed already, which is just as good.
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
        // No certificate is needed, so a machine without certificates can send too.
        client = client.tls_certs_only([]);
    }
    Ok(client.build()?)
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
    fn loopback_addresses_are_recognized() {
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
    fn a_target_that_is_not_a_base_url_is_refused() {
        for text in ["nowhere", "localhost:8080", "ftp://host", "http://a:b@host", "http://host/?x"]
        {
            assert!(target(text).is_err(), "{text}");
        }
        let url = target("http://host:1/prefix/").expect("a base URL");
        assert_eq!(base(&url), "http://host:1/prefix");
    }
}
