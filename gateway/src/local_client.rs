//! The client on the gateway's own machine, who may see and do more than others where no token is set.

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HOST, X_FORWARDED_FOR};

use crate::hosts::is_of_this_machine;

/// Whether the client runs on this machine: it connects from here, through no proxy that says so,
/// and asks for a name of this machine, so that it is not a page of another site.
pub(crate) fn is_local(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let is_forwarded = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
    let is_near = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    is_near && !is_forwarded && host.is_some_and(is_of_this_machine)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn is_local_from(peer: &str, headers: &[(&'static str, &str)]) -> bool {
        let request = TestRequest::default().peer_addr(peer.parse().expect("an address"));
        let add =
            |request: TestRequest, header: &(&'static str, &str)| request.insert_header(*header);
        is_local(&headers.iter().fold(request, add).to_http_request())
    }

    #[test]
    fn a_client_on_this_machine_is_local() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "[::1]"] {
            assert!(is_local_from("127.0.0.1:5000", &[("host", host)]), "{host}");
        }
        assert!(is_local_from("[::1]:5000", &[("host", "localhost")]));
        assert!(is_local_from("[::ffff:127.0.0.1]:5000", &[("host", "localhost")]));
    }

    #[test]
    fn a_client_elsewhere_or_behind_a_proxy_or_a_page_of_another_site_is_not() {
        let here = ("host", "localhost:8080");
        assert!(!is_local_from("192.0.2.1:5000", &[here]));
        assert!(!is_local_from("127.0.0.1:5000", &[here, ("x-forwarded-for", "127.0.0.1")]));
        assert!(!is_local_from("127.0.0.1:5000", &[here, ("forwarded", "for=127.0.0.1")]));
        for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "192.0.2.1", ""]
        {
            assert!(!is_local_from("127.0.0.1:5000", &[("host", host)]), "{host}");
        }
        assert!(!is_local_from("127.0.0.1:5000", &[]));
    }
}
