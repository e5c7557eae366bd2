//! Visitors without cookies: who counts as a visitor, and who as the same one.

use e2e::api::{answer, eventually};
use e2e::deployment::Deployment;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::site::{Site, assert_taken};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15";

/// A view of the site's page, as a browser sends it.
fn view_by(site: &Site, user_agent: &str, more: Value) -> RequestBuilder {
    let mut event = json!({"site_id": site.name, "event_type": "page_view", "path": "/"});
    event.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    let request = site.api.request(Method::POST, "/event").header("user-agent", user_agent);
    let request = request.header("origin", "https://shop.example");
    request.header("content-type", "text/plain;charset=UTF-8").body(event.to_string())
}

/// A site whose visitors the gateway can tell apart. It needs a salt for that, and a slow store may
/// not give it one at first.
async fn site_with_visitors(deployment: &Deployment) -> Site {
    let unknown = "spillway_unknown_visitors_total";
    eventually("visitors are told apart", async || {
        let site = Site::new(deployment);
        let before = site.api.metric(unknown).await;
        taken(view_by(&site, FIREFOX, json!({}))).await;
        (site.api.metric(unknown).await == before).then_some(())
    })
    .await;
    Site::new(deployment)
}

async fn taken(request: RequestBuilder) {
    assert_taken(&answer(request).await, &json!("a view"));
}

async fn users(site: &Site) -> u64 {
    site.stats("").await["unique_users"].as_u64().expect("a count")
}

pub(super) async fn a_browser_without_a_user_id_is_one_visitor(deployment: &Deployment) {
    let (site, other) = (site_with_visitors(deployment).await, Site::new(deployment));
    taken(view_by(&site, FIREFOX, json!({}))).await;
    taken(view_by(&site, FIREFOX, json!({"path": "/pricing"}))).await;
    taken(view_by(&site, SAFARI, json!({}))).await;
    taken(view_by(&site, SAFARI, json!({"user_id": "ann"}))).await;
    taken(view_by(&other, FIREFOX, json!({}))).await;
    site.counts(4).await;
    other.counts(1).await;
    assert_eq!((users(&site).await, users(&other).await), (3, 1));
}

pub(super) async fn a_repeated_event_of_a_visitor_is_not_a_conflict(deployment: &Deployment) {
    let site = site_with_visitors(deployment).await;
    // On another day or from another address, the same event gets another user id.
    taken(view_by(&site, FIREFOX, json!({"event_id": "e-1"}))).await;
    taken(view_by(&site, SAFARI, json!({"event_id": "e-1"}))).await;
    site.counts(1).await;
    site.api.assert_untouched(&site.name).await;
    assert_eq!(users(&site).await, 1);
}

pub(super) async fn a_client_that_is_not_a_browser_is_not_a_visitor(deployment: &Deployment) {
    let site = Site::new(deployment);
    let event = json!({"site_id": site.name, "event_type": "page_view", "path": "/"});
    let server = site.api.request(Method::POST, "/event").header("user-agent", "curl/8.5.0");
    taken(server.json(&event)).await;
    let nameless = site.api.request(Method::POST, "/event").header("origin", "https://a.example");
    taken(nameless.json(&event)).await;
    site.counts(2).await;
    assert_eq!(users(&site).await, 0);
}

pub(super) async fn a_forged_address_does_not_make_a_visitor(deployment: &Deployment) {
    let site = site_with_visitors(deployment).await;
    for address in ["203.0.113.1", "203.0.113.2", "203.0.113.3, 203.0.113.4"] {
        taken(view_by(&site, FIREFOX, json!({})).header("x-forwarded-for", address)).await;
    }
    site.counts(3).await;
    assert_eq!(users(&site).await, 1);
}
