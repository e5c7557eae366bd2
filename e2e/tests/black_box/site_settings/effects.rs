//! What settings do to the events of a site.

use e2e::api::answer;
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::site::Site;

pub(super) async fn what_a_site_leaves_out_counts_as_excluded(deployment: &Deployment) {
    let site = Site::new(deployment);
    site.set(json!({"hosts": ["shop.example"], "excluded_paths": ["/admin*", "/login"]})).await;
    let here = json!({"url": "https://www.shop.example/"});
    let elsewhere = json!({"url": "https://staging.example/"});
    for (path, payload, reason) in [
        ("/", &here, None),
        ("/admin/users", &here, Some("path")),
        ("/login/?next=/", &here, Some("path")),
        ("/log", &here, None),
        ("/", &elsewhere, Some("host")),
        ("/admin", &elsewhere, Some("path")),
        ("/", &json!({}), None),
    ] {
        let told = site.view(path, payload.clone()).await;
        assert_eq!(told.as_deref(), reason, "{path} {payload}");
    }
    let excluded = json!({"host": 1, "path": 3});
    let stats = site
        .stats("each is counted", |it| it["excluded"] == excluded && it["total_views"] == 3)
        .await;
    assert_eq!(
        stats["top_paths"],
        json!([{"path": "/", "views": 2}, {"path": "/log", "views": 1}])
    );
    // Nothing of the visit is kept.
    let events = site.api.listed(&site.name, "events", 7).await;
    let excluded = events.iter().filter(|event| event.get("excluded").is_some());
    assert!(excluded.clone().all(|event| event["path"].is_null() && event["payload"].is_null()));
    assert_eq!(excluded.count(), 4);
}

pub(super) async fn an_excluded_address_counts_nowhere(deployment: &Deployment) {
    let site = Site::new(deployment);
    site.set(json!({"excluded_addresses": ["127.0.0.0/8"]})).await;
    assert_eq!(site.view("/", json!({})).await.as_deref(), Some("address"));
    site.set(json!({"excluded_addresses": ["192.0.2.0/24", "2001:db8::/32"]})).await;
    site.views(&["/"]).await;
    let stats = site.has_paths(json!([{"path": "/", "views": 1}])).await;
    assert_eq!(stats["excluded"], json!({"address": 1}));
}

pub(super) async fn chosen_parameters_and_slashes_tell_pages_apart(deployment: &Deployment) {
    let site = Site::new(deployment);
    let pages = ["/item/?id=1&ref=x", "/item/?id=2", "/item/?ref=y&id=1", "/item?id=1"];
    site.views(&pages).await;
    site.has_paths(json!([{"path": "/item", "views": 4}])).await;
    site.set(json!({"query_parameters": ["id"], "keep_trailing_slash": true})).await;
    site.views(&pages).await;
    site.has_paths(json!([
        {"path": "/item", "views": 4}, {"path": "/item/?id=1", "views": 2},
        {"path": "/item/?id=2", "views": 1}, {"path": "/item?id=1", "views": 1},
    ]))
    .await;
}

pub(super) async fn a_site_may_count_index_pages_as_their_folders(deployment: &Deployment) {
    let site = Site::new(deployment);
    let pages = ["/docs/index.html", "/docs/", "/docs/a.html"];
    site.views(&pages).await;
    site.has_paths(json!([
        {"path": "/docs", "views": 1}, {"path": "/docs/a.html", "views": 1},
        {"path": "/docs/index.html", "views": 1},
    ]))
    .await;
    site.set(json!({"merge_index_pages": true})).await;
    site.views(&pages).await;
    site.has_paths(json!([
        {"path": "/docs", "views": 3}, {"path": "/docs/a.html", "views": 2},
        {"path": "/docs/index.html", "views": 1},
    ]))
    .await;
}

pub(super) async fn a_site_is_counted_by_the_dimensions_that_it_chose(deployment: &Deployment) {
    let site = Site::new(deployment);
    site.set(json!({"dimensions": ["source"]})).await;
    let payload = json!({"url": "https://shop.example/", "referrer": "https://news.example/a"});
    assert_eq!(site.view("/", payload).await, None);
    let events = site.api.listed(&site.name, "events", 1).await;
    assert_eq!(events[0]["dimensions"], json!({"source": "news.example"}));
    let rows = async |dimension: &str| {
        let path = format!("/stats/breakdown?site_id={}&dimension={dimension}", site.name);
        site.api.get(&path).await.body["rows"].clone()
    };
    let source = json!([{"value": "news.example", "views": 1, "visitors": 0}]);
    assert_eq!((rows("source").await, rows("host").await), (source, json!([])));
}

pub(super) async fn settings_of_a_site_concern_no_other(deployment: &Deployment) {
    let (one, other) = (Site::new(deployment), Site::new(deployment));
    other.views(&["/"]).await;
    one.set(json!({"excluded_paths": ["*"], "hosts": ["shop.example"]})).await;
    assert_eq!(one.view("/", json!({})).await.as_deref(), Some("path"));
    assert_eq!(other.settings().await, super::site::nothing_set());
    other.views(&["/"]).await;
    let stats = other.has_paths(json!([{"path": "/", "views": 2}])).await;
    assert_eq!(stats["excluded"], json!({}));
}

pub(super) async fn an_interaction_follows_the_settings_too(deployment: &Deployment) {
    let site = Site::new(deployment);
    site.set(json!({"hosts": ["shop.example"], "query_parameters": ["id"]})).await;
    let view = async |url: &str| {
        let view = json!({"user_id": "ann", "event_type": "view", "payload": {"url": url}});
        let request = site.api.request(Method::POST, "/events").header("x-tenant-id", &site.name);
        let answer = answer(request.json(&view)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        answer.body.get("reason").cloned()
    };
    assert_eq!(view("https://shop.example/item?id=1").await, None);
    assert_eq!(view("https://copy.example/item?id=1").await, Some(Value::from("host")));
    let stats = site.has_paths(json!([{"path": "/item?id=1", "views": 1}])).await;
    assert_eq!(stats["unique_users"], 1);
    site.stats("the other one is counted", |it| it["excluded"] == json!({"host": 1})).await;
}
