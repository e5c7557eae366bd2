//! The browser that sent a request: what tells visitors apart without a cookie.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, ORIGIN, USER_AGENT, X_FORWARDED_FOR};

/// A browser, as a request shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Browser {
    /// Its address.
    pub(crate) address: IpAddr,
    /// Its `User-Agent`.
    pub(crate) user_agent: Vec<u8>,
}

/// The browser that sent the request; `None` if no browser did. A browser says which page a POST
/// comes from, with `Origin` or `Sec-Fetch-Site`; a server, which sends for many people, sends
/// neither.
pub(crate) fn of(request: &HttpRequest, trusted_hops: u8) -> Option<Browser> {
    let headers = request.headers();
    let comes_from_page = headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site");
    let user_agent = headers.get(USER_AGENT).filter(|name| comes_from_page && !name.is_empty())?;
    let address = address_of(request, trusted_hops)?;
    Some(Browser { address, user_agent: user_agent.as_bytes().to_vec() })
}

/// The address that a request comes from.
pub(super) fn address_of(request: &HttpRequest, trusted_hops: u8) -> Option<IpAddr> {
    address(request.headers(), trusted_hops, request.peer_addr())
}

/// The address that the outermost trusted proxy saw, otherwise the connection's. Entries further
/// left in `X-Forwarded-For` may be anything that the client made up.
fn address(headers: &HeaderMap, trusted_hops: u8, peer: Option<SocketAddr>) -> Option<IpAddr> {
    let lines = headers.get_all(X_FORWARDED_FOR).filter_map(|line| line.to_str().ok());
    let seen: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let trusted = seen.get(seen.len().saturating_sub(trusted_hops.into()));
    let forwarded = trusted.and_then(|text| read(text));
    forwarded.or(peer.map(|peer| peer.ip())).map(|address| address.to_canonical())
}

/// Parses an address with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn seen(trusted_hops: u8, lines: &[&str]) -> String {
        let peer = "192.0.2.1:5000".parse().expect("an address");
        let request = TestRequest::default().peer_addr(peer);
        let request = request.insert_header(("user-agent", "x"));
        let request = request.insert_header(("origin", "https://shop.example"));
        let request = lines
            .iter()
            .fold(request, |request, line| request.append_header(("x-forwarded-for", *line)));
        let browser = of(&request.to_http_request(), trusted_hops).expect("a browser");
        browser.address.to_string()
    }

    #[test]
    fn the_address_is_the_one_that_the_outermost_trusted_proxy_saw() {
        let made_up_and_real = ["1.1.1.1, 2.2.2.2", "3.3.3.3"];
        assert_eq!(seen(0, &made_up_and_real), "192.0.2.1");
        assert_eq!(seen(1, &made_up_and_real), "3.3.3.3");
        assert_eq!(seen(2, &made_up_and_real), "2.2.2.2");
        assert_eq!(seen(9, &made_up_and_real), "1.1.1.1");
    }

    #[test]
    fn an_address_may_have_a_port_and_be_ipv4_or_ipv6() {
        let cases = [
            ("203.0.113.7:4711", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
        ];
        for (text, address) in cases {
            assert_eq!(seen(1, &[text]), address, "{text}");
        }
    }

    #[test]
    fn an_entry_that_is_not_an_address_falls_back_to_the_connection() {
        for line in ["", "unknown", "203.0.113.7, <script>", "999.1.1.1"] {
            assert_eq!(seen(1, &[line]), "192.0.2.1", "{line}");
        }
        assert_eq!(seen(1, &[]), "192.0.2.1");
    }

    #[test]
    fn a_client_without_origin_or_user_agent_is_not_a_browser() {
        let of = |headers: &[(&'static str, &'static str)]| {
            let peer = "192.0.2.1:5000".parse().expect("an address");
            let request = TestRequest::default().peer_addr(peer);
            let request =
                headers.iter().fold(request, |request, header| request.append_header(*header));
            of(&request.to_http_request(), 0).is_some()
        };
        assert!(of(&[("user-agent", "x"), ("origin", "null")]));
        assert!(of(&[("user-agent", "x"), ("sec-fetch-site", "cross-site")]));
        assert!(!of(&[("user-agent", "curl/8.5.0")]));
        assert!(!of(&[("origin", "https://shop.example")]));
        assert!(!of(&[("user-agent", ""), ("origin", "https://shop.example")]));
    }
}
