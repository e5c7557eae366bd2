//! `READ_ORIGINS`: the sites whose pages may read.

use e2e::api::{Answer, Api, answer};
use e2e::deployment::{Deployment, Settings};
use reqwest::{Method, StatusCode};

const TOKEN: &str = "the-token-of-all-readers";
const KNOWN: &str = "https://stats.example";
const OTHER: &str = "https://evil.example";

e2e::in_both_modes!(
    with_origins;
    a_page_of_a_known_site_may_read_and_others_may_not,
    a_page_of_a_known_site_may_change_nothing,
);

fn with_origins() -> Settings {
    let origins = format!("http://localhost:5173, {KNOWN}");
    vec![("READ_ORIGINS", origins), ("READ_TOKEN", TOKEN.to_owned())]
}

async fn preflight(api: &Api, path: &str, origin: &str, method: &str) -> Answer {
    let request = api.request(Method::OPTIONS, path).header("origin", origin);
    let request = request.header("access-control-request-method", method);
    answer(request.header("access-control-request-headers", "authorization,x-tenant-id")).await
}

async fn read(api: &Api, path: &str, origin: &str, token: Option<&str>) -> Answer {
    let request = api.request(Method::GET, path).header("origin", origin);
    answer(token.into_iter().fold(request, |request, token| request.bearer_auth(token))).await
}

fn said<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let values = answer.headers.get_all(name).into_iter();
    values.flat_map(|value| value.to_str().expect("a text").split(", ")).collect()
}

/// Whether a browser lets a page of this origin read the answer.
fn allows(answer: &Answer, origin: &str) -> bool {
    said(answer, "access-control-allow-origin") == [origin]
}

async fn a_page_of_a_known_site_may_read_and_others_may_not(deployment: Deployment) {
    let api = Api::new(deployment.url());
    for path in ["/stats?site_id=acme", "/tenants/acme/events", "/tenants", "/metrics"] {
        for origin in [KNOWN, "http://localhost:5173"] {
            let asked = preflight(&api, path, origin, "GET").await;
            assert_eq!(asked.status, StatusCode::NO_CONTENT, "{path}: {}", asked.body);
            assert!(allows(&asked, origin), "{path}: {:?}", asked.headers);
            assert_eq!(said(&asked, "access-control-allow-methods"), ["GET", "HEAD"]);
            let headers = asked.headers["access-control-allow-headers"].to_str().expect("a text");
            assert_eq!(headers, "authorization,x-tenant-id");
            let answer = read(&api, path, origin, Some(TOKEN)).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(allows(&answer, origin), "{path}: {:?}", answer.headers);
            assert!(said(&answer, "vary").contains(&"origin"), "{path}: {:?}", answer.headers);
            assert!(said(&answer, "access-control-expose-headers").contains(&"link"), "{path}");
            assert!(said(&answer, "access-control-allow-credentials").is_empty(), "{path}");
            let refused = read(&api, path, origin, None).await;
            refused.assert_problem(path, 401, "unauthorized");
            assert!(allows(&refused, origin), "{path}: the page sees why");
        }
        let asked = preflight(&api, path, OTHER, "GET").await;
        assert!(asked.status.is_client_error() && !allows(&asked, OTHER), "{path}");
        let answer = read(&api, path, OTHER, Some(TOKEN)).await;
        assert_eq!(said(&answer, "access-control-allow-origin"), [] as [&str; 0], "{path}");
        assert!(said(&answer, "vary").contains(&"origin"), "{path}: {:?}", answer.headers);
    }
}

async fn a_page_of_a_known_site_may_change_nothing(deployment: Deployment) {
    let api = Api::new(deployment.url());
    for (path, method) in [("/tenants/acme/settings", "PUT"), ("/tenants/acme", "DELETE")] {
        let asked = preflight(&api, path, KNOWN, method).await;
        assert!(asked.status.is_client_error(), "{method}: {}", asked.status);
        assert_eq!(said(&asked, "access-control-allow-methods"), [] as [&str; 0], "{method}");
    }
    // Events come from any site, as ever.
    let asked = preflight(&api, "/event", OTHER, "POST").await;
    assert!(allows(&asked, OTHER), "{:?}", asked.headers);
}

#[tokio::test]
async fn nobody_elses_page_may_read_by_default() {
    for deployment in [e2e::deployment::embedded(), e2e::deployment::cloud()] {
        let api = Api::new(deployment.url());
        let answer = read(&api, "/stats?site_id=acme", KNOWN, None).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(said(&answer, "access-control-allow-origin"), [] as [&str; 0]);
        assert_eq!(said(&answer, "vary"), ["accept-encoding"]);
        let asked = preflight(&api, "/stats?site_id=acme", KNOWN, "GET").await;
        asked.assert_problem("a preflight", 405, "method-not-allowed");
    }
}
