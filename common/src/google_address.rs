//! Where Pub/Sub and Firestore are reached.

/// The address of a service of Google Cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoogleAddress {
    /// This URL (`https://host:port`), with the application default credentials.
    Endpoint(String),
    /// An emulator at this `host:port`, without credentials and TLS.
    Emulator(String),
}

impl GoogleAddress {
    /// What these settings mean. An emulator comes first.
    pub fn of(emulator_host: Option<&str>, endpoint: &str) -> Self {
        let emulator = emulator_host.map(|host| Self::Emulator(host.to_owned()));
        emulator.unwrap_or_else(|| Self::Endpoint(endpoint.to_owned()))
    }

    /// Whether an emulator is meant.
    pub fn is_emulator(&self) -> bool {
        matches!(self, Self::Emulator(_))
    }

    /// The URL.
    pub fn url(&self) -> String {
        match self {
            Self::Endpoint(url) => url.clone(),
            Self::Emulator(host) => format!("http://{host}"),
        }
    }
}

/// Reads the URL of an endpoint: records and tokens leave this machine only over TLS.
pub(crate) fn endpoint(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").ok_or("must begin with https://")?;
    let (host, port) = host.split_once(':').unwrap_or((host, "443"));
    let is_host = host.starts_with(|first: char| first.is_ascii_alphanumeric())
        && host.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '.' | '-'));
    if is_host && port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Ok(text.to_owned());
    }
    Err("must be https:// and a host, and nothing after it but a port".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_comes_before_an_endpoint() {
        let url = "https://pubsub.example";
        let cases = [
            (GoogleAddress::of(Some("here:1"), url), "http://here:1"),
            (GoogleAddress::of(None, url), url),
        ];
        for (address, expected) in cases {
            assert_eq!(address.url(), expected);
        }
    }

    #[test]
    fn an_endpoint_is_a_host_behind_tls() {
        for good in [
            "https://europe-west1-pubsub.googleapis.com",
            "https://pubsub-spillway.p.googleapis.com",
            "https://localhost:8443",
            "https://10.0.0.1:1",
        ] {
            assert_eq!(endpoint(good).as_deref(), Ok(good));
        }
        for bad in [
            "http://pubsub.example",
            "pubsub.example",
            "https://",
            "https://:443",
            "https://-a",
            "https://host/",
            "https://host/path",
            "https://user@host",
            "https://host:",
            "https://host:0",
            "https://host:70000",
            "https://host:x",
            "",
        ] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }
}
