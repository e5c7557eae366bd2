//! The files for browsers: complete, cacheable, and served only if they are switched on.

use std::process::Stdio;

use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::binaries::Binaries;
use e2e::deployment::Deployment;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::json;
use tokio::process::Command;

e2e::on_shared_deployments!(
    the_tracker_is_small_and_open_to_all_sites,
    a_page_loads_only_files_of_its_own_origin,
    a_cached_file_is_revalidated_and_not_sent_again,
);

/// Largest size of the tracker in bytes, compressed.
const MAX_TRACKER_BYTES: usize = 2_048;
const PAGES: [&str; 3] = ["/demo", "/dashboard", "/docs"];

async fn get(api: &Api, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = api.request(Method::GET, path);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("an answer")
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
}

async fn the_tracker_is_small_and_open_to_all_sites(deployment: &Deployment) {
    // A client that does not decompress.
    let client = Client::builder().no_gzip().build().expect("a client");
    let tracker = client.get(format!("{}/s.js", deployment.url()));
    let tracker = tracker.header("accept-encoding", "gzip, deflate, br").send().await;
    let tracker = tracker.expect("an answer");
    assert_eq!(tracker.status(), StatusCode::OK);
    assert_eq!(header(&tracker, "content-encoding"), "gzip");
    assert_eq!(header(&tracker, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(header(&tracker, "cross-origin-resource-policy"), "cross-origin");
    assert_eq!(header(&tracker, "access-control-allow-origin"), "*");
    assert!(header(&tracker, "cache-control").starts_with("public, max-age="));
    let bytes = tracker.bytes().await.expect("a body").len();
    assert!(bytes <= MAX_TRACKER_BYTES, "{bytes} bytes");
}

async fn a_page_loads_only_files_of_its_own_origin(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    for path in PAGES {
        let page = get(&api, path, &[]).await;
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(header(&page, "x-content-type-options"), "nosniff", "{path}");
        let policy = header(&page, "content-security-policy").to_owned();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let markup = page.text().await.expect("a page");
        assert!(!markup.contains("://") && !markup.contains("style="), "{path}: {markup}");
    }
}

async fn a_cached_file_is_revalidated_and_not_sent_again(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    for path in ["/s.js", "/dashboard", "/demo/service-worker.js", "/docs/docs.js", "/openapi.json"]
    {
        let first = get(&api, path, &[]).await;
        let tag = header(&first, "etag").to_owned();
        assert!(!tag.is_empty() && !first.text().await.expect("a body").is_empty(), "{path}");
        let again = get(&api, path, &[("if-none-match", &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(header(&again, "etag"), tag, "{path}");
        let other = get(&api, path, &[("if-none-match", "W/\"other\"")]).await;
        assert_eq!(other.status(), StatusCode::OK, "{path}");
        let posted = answer(api.request(Method::POST, path)).await;
        posted.assert_problem(path, 405, "method-not-allowed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_chosen_pages_are_served() {
    let cases = [("off", [404, 404, 404]), ("tracker,dashboard", [200, 404, 200])];
    for (setting, statuses) in cases {
        let deployment = Deployment::embedded(vec![("PAGES", setting.to_owned())]).await;
        let api = Api::new(deployment.url());
        for (path, status) in ["/s.js", "/demo", "/dashboard"].into_iter().zip(statuses) {
            assert_eq!(get(&api, path, &[]).await.status(), status, "{setting} {path}");
        }
        let file = get(&api, "/demo/style.css", &[]).await;
        assert_eq!(file.status(), statuses[1], "{setting}: a page's files are served with it");
        let event = json!({"site_id": "acme", "event_type": "view"});
        let event = answer(api.request(Method::POST, "/event").json(&event)).await;
        assert_eq!(event.status, StatusCode::ACCEPTED, "{setting}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_page_in_the_settings_prevents_the_start() {
    for program in ["spillway", "gateway"] {
        let ended = Command::new(Binaries::shared().await.path(program))
            .env("PAGES", "tracker,blog")
            .env("GOOGLE_CLOUD_PROJECT", "nowhere")
            .stdin(Stdio::null())
            .output()
            .await
            .expect("it runs");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success(), "{program}");
        for word in ["blog", "on", "off", "tracker", "demo", "dashboard", "docs"] {
            assert!(said.contains(word), "{program} does not name {word}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_the_visitor_has_the_address_that_the_proxy_saw() {
    let deployment = Deployment::embedded(vec![("TRUSTED_HOPS", "1".to_owned())]).await;
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    let heard = ["198.51.100.1, 203.0.113.1", "198.51.100.2, 203.0.113.1", "203.0.113.2"];
    for forwarded in heard {
        let event = api.request(Method::POST, "/event").header("origin", "https://shop.example");
        let event = event.header("user-agent", "a browser").header("x-forwarded-for", forwarded);
        let event = event.json(&json!({"site_id": site, "event_type": "view"}));
        assert_eq!(answer(event).await.status, StatusCode::ACCEPTED);
    }
    let stats = format!("/stats?site_id={site}");
    let is_counted = async || (api.get(&stats).await.body["total_views"] == 3).then_some(());
    eventually("three views are counted", is_counted).await;
    // Only now: the figures of one answer are read one after the other.
    let stats = api.get(&stats).await.body;
    assert_eq!(stats["unique_users"], 2, "{stats}");
}
