//! The HTTP client of the operator's commands.

use std::time::Duration;

use reqwest::{Client, Url};
use thiserror::Error;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// There is no client.
#[derive(Debug, Error)]
#[error("the HTTP client cannot be built")]
pub(crate) struct ClientError(#[from] reqwest::Error);

/// Nobody answers at the target.
#[derive(Debug, Error)]
#[error(
    "nothing answers at {target} ({why}).\n\
     Start a server with `cargo run`, which listens at http://127.0.0.1:8080, \
     or name another one by --target URL."
)]
pub(crate) struct NobodyThere {
    pub(crate) target: String,
    pub(crate) why: String,
}

/// Takes a deployment's base URL.
pub(crate) fn target(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must begin with http:// or https://".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must be a base URL, without a query or fragment".to_owned());
    }
    // The report names the target.
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must hold no credentials".to_owned());
    }
    Ok(url)
}

/// The base URL without a slash at its end.
pub(crate) fn base(target: &Url) -> String {
    target.as_str().trim_end_matches('/').to_owned()
}

/// A client for the deployment at `target`, which holds up to `connections` open between requests
/// and gives each request so long.
pub(crate) fn client(
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
    fn a_target_that_is_no_base_url_is_refused() {
        for text in ["nowhere", "localhost:8080", "ftp://host", "http://a:b@host", "http://host/?x"]
        {
            assert!(target(text).is_err(), "{text}");
        }
        let url = target("http://host:1/prefix/").expect("a base URL");
        assert_eq!(base(&url), "http://host:1/prefix");
    }
}
