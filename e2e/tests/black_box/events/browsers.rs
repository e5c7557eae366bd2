//! Events from the pages of any site: what a browser sends, and what the page may read.

use e2e::api::{Answer, answer};
use e2e::deployment::Deployment;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::site::{Site, assert_taken};

const ROUTES: [&str; 2] = ["/event", "/events"];
/// Every route that a page may send to.
const DOORS: [&str; 4] = ["/event", "/events", "/ingest", "/logs"];
const ORIGINS: [&str; 3] = ["https://shop.example", "http://localhost:3000", "null"];

pub(super) async fn a_beacon_is_read_as_json(deployment: &Deployment) {
    let site = Site::new(deployment);
    let types = ["text/plain;charset=UTF-8", "text/plain", "Text/Plain; charset=\"utf-8\""];
    let event = json!({"site_id": site.name, "event_type": "click", "user_id": "u"});
    for (path, media_type) in ROUTES.into_iter().flat_map(|path| types.map(|one| (path, one))) {
        let request = from_page(&site, path).header("content-type", media_type);
        let taken = answer(request.body(event.to_string())).await;
        assert_taken(&taken, &json!([path, media_type]));
        assert_readable(&taken, ORIGINS[0], media_type);
    }
    site.counts(6).await;
    let broken = from_page(&site, "/event").header("content-type", "text/plain").body("hello");
    answer(broken).await.assert_problem("a text", 400, "invalid-json");
}

pub(super) async fn a_beacon_of_every_form_is_taken(deployment: &Deployment) {
    let site = Site::new(deployment);
    let event =
        json!({"site_id": site.name, "event_type": "click", "user_id": "u", "n": "a+b&c=%41"});
    let json = event.to_string();
    let field = |name: &str, value: &str| {
        let mut query = reqwest::Url::parse("http://a").expect("a URL");
        query.query_pairs_mut().append_pair(name, value);
        query.query().unwrap_or_default().to_owned()
    };
    let part = |head: &str| {
        let head = format!("Content-Disposition: form-data; name=\"data\"{head}");
        format!("--b0\r\n{head}\r\n\r\n{json}\r\n--b0--\r\n")
    };
    let form = "application/x-www-form-urlencoded";
    let forms = [
        // A Blob of JSON, a Blob without a type, URLSearchParams, FormData, `curl -d`.
        (Some("application/json"), json.clone()),
        (None, json.clone()),
        (Some("application/x-www-form-urlencoded;charset=UTF-8"), field("data", &json)),
        (Some("multipart/form-data; boundary=b0"), part("")),
        (
            Some("multipart/form-data; boundary=b0"),
            part("; filename=\"blob\"\r\nContent-Type: application/json"),
        ),
        (Some(form), json.clone()),
        (Some(form), field(&json, "")),
    ];
    let count = 2 * forms.len();
    for (path, (kind, body)) in
        ROUTES.into_iter().flat_map(|path| forms.clone().map(|one| (path, one)))
    {
        let request = from_page(&site, path).header("cookie", "id=1").body(body);
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        let taken = answer(request).await;
        assert_taken(&taken, &json!([path, kind]));
        assert_readable(&taken, ORIGINS[0], path);
    }
    site.counts(count).await;
}

pub(super) async fn a_body_of_unknown_kind_is_refused_with_the_header_to_add(
    deployment: &Deployment,
) {
    let site = Site::new(deployment);
    for path in ROUTES {
        for kind in [None, Some("application/x-www-form-urlencoded")] {
            let request = from_page(&site, path).body("event_type=click&user_id=u");
            let request = match kind {
                Some(kind) => request.header("content-type", kind),
                None => request,
            };
            let refused = answer(request).await;
            refused.assert_problem(path, 415, "unsupported-media-type");
            let detail = refused.body["detail"].as_str().unwrap_or_default();
            assert!(detail.contains("Content-Type: application/json"), "{detail}");
        }
    }
    let text = from_page(&site, "/ingest").header("x-log-id", "1").body("a=b");
    let text = text.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(answer(text).await.status, 202);
    assert_eq!(site.api.processed_log(&site.name, "1").await["source"], "text_upload");
}

pub(super) async fn a_preflight_allows_any_origin(deployment: &Deployment) {
    let site = Site::new(deployment);
    for (path, origin) in DOORS.into_iter().flat_map(|path| ORIGINS.map(|one| (path, one))) {
        let request = site.api.request(Method::OPTIONS, path).header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        let wanted = "content-type,idempotency-key,x-tenant-id";
        let allowed = answer(request.header("access-control-request-headers", wanted)).await;
        assert!(allowed.status.is_success(), "{path} {origin}: {}", allowed.status);
        assert_readable(&allowed, origin, path);
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
        let large = "x".repeat(300_000);
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
            assert_readable(&answer, ORIGINS[0], &format!("{path} {status}"));
            let exposed = listed(&answer.headers, "access-control-expose-headers");
            let readable = ["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"];
            assert_eq!(exposed, readable, "{path} {status}");
            assert_eq!(answer.headers.contains_key("allow"), status == 405, "{path} {status}");
        }
    }
    site.counts(2).await;
}

/// Asserts that the page that asked may read it, and may have sent its cookies with it.
fn assert_readable(answer: &Answer, origin: &str, what: &str) {
    let all = |name| answer.headers.get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(all("access-control-allow-origin"), [origin], "{what}");
    assert_eq!(all("access-control-allow-credentials"), ["true"], "{what}");
    assert!(listed(&answer.headers, "vary").contains(&"origin".to_owned()), "{what}");
    assert!(!answer.headers.contains_key("set-cookie"), "{what}");
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
