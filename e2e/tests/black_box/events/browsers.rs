//! Events from the pages of any site: what a browser sends, and what the page may read.

use e2e::api::{Answer, answer};
use e2e::deployment::Deployment;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::site::{Site, assert_taken};

const ROUTES: [&str; 2] = ["/event", "/events"];
const ORIGINS: [&str; 3] = ["https://shop.example", "http://localhost:3000", "null"];

pub(super) async fn a_beacon_is_read_as_json(deployment: &Deployment) {
    let site = Site::new(deployment);
    let types = ["text/plain;charset=UTF-8", "text/plain", "Text/Plain; charset=\"utf-8\""];
    let event = json!({"site_id": site.name, "event_type": "click", "user_id": "u"});
    for (path, media_type) in ROUTES.into_iter().flat_map(|path| types.map(|one| (path, one))) {
        let request = from_page(&site, path).header("content-type", media_type);
        let taken = answer(request.body(event.to_string())).await;
        assert_taken(&taken, &json!([path, media_type]));
        assert_readable(&taken, media_type);
    }
    site.counts(6).await;
    let broken = from_page(&site, "/event").header("content-type", "text/plain").body("hello");
    answer(broken).await.assert_problem("a text", 400, "invalid-json");
}

pub(super) async fn a_preflight_allows_any_origin(deployment: &Deployment) {
    let site = Site::new(deployment);
    for (path, origin) in ROUTES.into_iter().flat_map(|path| ORIGINS.map(|one| (path, one))) {
        let request = site.api.request(Method::OPTIONS, path).header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        let wanted = "content-type,idempotency-key,x-tenant-id";
        let allowed = answer(request.header("access-control-request-headers", wanted)).await;
        assert!(allowed.status.is_success(), "{path} {origin}: {}", allowed.status);
        assert_readable(&allowed, path);
        assert_eq!(listed(&allowed.headers, "access-control-allow-methods"), ["post"]);
        let headers = listed(&allowed.headers, "access-control-allow-headers");
        assert_eq!(headers, ["content-type", "idempotency-key", "x-tenant-id"]);
        assert!(allowed.headers.contains_key("access-control-max-age"));
    }
}

pub(super) async fn a_page_may_read_every_answer(deployment: &Deployment) {
    let site = Site::new(deployment);
    let click = json!({"event_type": "click", "user_id": "u"});
    for path in ROUTES {
        let post = || from_page(&site, path);
        let typed = |media_type: &str| post().header("content-type", media_type);
        let large = "x".repeat(200_000);
        for (status, request) in [
            (202, post().json(&click)),
            (400, post().json(&json!({}))),
            (400, typed("application/json").body("{")),
            (400, post().header("x-tenant-id", "a/b").json(&click)),
            (413, typed("text/plain").body(large)),
            (415, typed("image/png").body("x")),
            (415, typed("application/json").header("content-encoding", "br").body("{}")),
            (405, site.api.request(Method::GET, path).header("origin", ORIGINS[0])),
            (405, site.api.request(Method::PUT, path).header("origin", ORIGINS[0])),
        ] {
            let answer = answer(request).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
            assert_readable(&answer, &format!("{path} {status}"));
            let exposed = listed(&answer.headers, "access-control-expose-headers");
            assert_eq!(exposed, ["retry-after", "x-request-id"], "{path} {status}");
            assert_eq!(answer.headers.contains_key("allow"), status == 405, "{path} {status}");
        }
    }
    site.counts(2).await;
}

/// Asserts that a page of any origin may read it, without credentials.
fn assert_readable(answer: &Answer, what: &str) {
    let origins: Vec<_> = answer.headers.get_all("access-control-allow-origin").iter().collect();
    assert_eq!(origins, ["*"], "{what}");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{what}");
}

fn from_page(site: &Site, path: &str) -> RequestBuilder {
    let request = site.api.request(Method::POST, path).header("origin", ORIGINS[0]);
    request.header("x-tenant-id", &site.name)
}

/// The names in a header, sorted.
fn listed(headers: &HeaderMap, name: &str) -> Vec<String> {
    let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut names: Vec<_> = text.split(',').map(|one| one.trim().to_lowercase()).collect();
    names.sort_unstable();
    names
}
