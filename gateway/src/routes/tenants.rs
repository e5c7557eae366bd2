//! `GET /tenants`: the tenants that have data, for the operator's eyes.

use actix_web::http::header::{FORWARDED, HOST, X_FORWARDED_FOR};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::ON_READ;
use crate::extractors::query;
use crate::hosts::is_of_this_machine;
use crate::openapi::forms;
use crate::openapi::responses::responses;
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// The tenants that have data.
#[derive(Serialize, ToSchema)]
struct Tenants {
    /// By name.
    #[schema(value_type = Vec<forms::TenantId>)]
    tenants: Vec<String>,
}

responses! {
    /// The problems of this route.
    Problems: ON_READ, [ProblemCode::Forbidden];
}

/// Lists the tenants that have data
///
/// by name. If a read token is set, its holder may read this. If none is set, only a client on the
/// gateway's own machine may, without a proxy between them.
#[utoipa::path(
    get, path = "/tenants", tag = "service", operation_id = "listTenants",
    params(
        ("limit" = Option<u32>, Query, description = "The most tenants. Default: 100.",
            minimum = 1, maximum = 1_000),
    ),
    responses(
        (status = 200, description = "The tenants.", body = Tenants, example = json!({
            "tenants": ["acme", "shop"],
        })),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn list(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    // The edge has checked the token where one is set.
    if gateway.settings.read_token().is_none() && !is_local(&request) {
        return Err(Problem::new(ProblemCode::Forbidden, ONLY_LOCAL));
    }
    let most = query::limit(&request, DEFAULT_LIMIT, MAX_LIMIT)? as usize;
    let tenants = gateway.store.tenants(most).await?;
    let tenants = tenants.iter().map(ToString::to_string).collect();
    Ok(HttpResponse::Ok().json(Tenants { tenants }))
}

const ONLY_LOCAL: &str = "Without a READ_TOKEN, the names of tenants are listed to clients on the \
    gateway's own machine only. Set one, and send it.";

/// Whether the client runs on this machine: it connects from here, through no proxy that says so,
/// and asks for a name of this machine, so that it is not a page of another site.
fn is_local(request: &HttpRequest) -> bool {
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
