//! The answers of the five calls, field by field.

use e2e::api::{Answer, Api, answer};
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::site::{Site, assert_taken};

/// The day of the only event that has a time.
const DAY: &str = "2025-05-01";

pub(super) async fn the_five_calls_answer_in_their_shapes(deployment: &Deployment) {
    let site = Site::new(deployment);
    let named = json!({
        "event_type": "page_view", "path": "/pricing", "user_id": "u1", "event_id": "e-1",
        "timestamp": "2025-05-01T10:00:00Z", "payload": {"referrer": "https://example.com"},
    });
    let answer = site.event(named).await;
    assert_eq!(answer.body, json!({"status": "accepted", "event_id": "e-1"}));
    assert_accepted(&answer);
    assert_accepted(&site.event(json!({"event_type": "click"})).await);
    let view = json!({"url": "https://example.com/pricing", "title": "Prices"});
    let view = json!({"user_id": "u2", "event_type": "view", "payload": view});
    assert_accepted(&site.interaction(&view).await);
    site.counts(3).await;
    assert_statistics(&site).await;
}

/// Asserts that the answer has these two fields and no others.
fn assert_accepted(answer: &Answer) {
    assert_taken(answer, &Value::Null);
    let id = answer.body["event_id"].as_str().expect("an id");
    assert!(!id.is_empty(), "{}", answer.body);
    assert_eq!(answer.body, json!({"status": "accepted", "event_id": id}));
    assert_eq!(answer.headers["content-type"], "application/json");
}

async fn assert_statistics(site: &Site) {
    let top = |views: u64| json!([{"path": "/pricing", "views": views}]);
    let stats = |date: Option<&str>, views: u64, users: u64| {
        json!({"site_id": site.name, "date": date, "total_views": views, "unique_users": users,
            "top_paths": top(views), "excluded": {}})
    };
    let name = &site.name;
    for (path, body) in [
        (format!("/stats?site_id={name}"), stats(None, 2, 2)),
        (format!("/stats?site_id={name}&date={DAY}"), stats(Some(DAY), 1, 1)),
        (format!("/analytics/event-counts?tenant_id={name}"), json!({"total_events": 3})),
        (
            format!("/analytics/event-counts?tenant_id={name}&event_type=view"),
            json!({"total_events": 1}),
        ),
        (
            format!("/analytics/event-counts-by-type?tenant_id={name}"),
            json!({"page_view": 1, "click": 1, "view": 1}),
        ),
        (
            format!("/analytics/event-counts-by-type?tenant_id={name}&end_date={DAY}"),
            json!({"page_view": 1}),
        ),
    ] {
        assert_ok(&site.api.get(&path).await, &path, &body);
    }
}

fn assert_ok(answer: &Answer, path: &str, body: &Value) {
    assert_eq!((answer.status, &answer.body), (StatusCode::OK, body), "{path}");
    assert_eq!(answer.headers["content-type"], "application/json", "{path}");
}

pub(super) async fn an_unknown_site_has_zeros_and_an_empty_list(deployment: &Deployment) {
    let site = Site::new(deployment);
    for date in [None, Some(DAY)] {
        let query = date.map_or(String::new(), |date| format!("&date={date}"));
        let empty = json!({"site_id": site.name, "date": date, "total_views": 0,
            "unique_users": 0, "top_paths": [], "excluded": {}});
        assert_eq!(site.stats(&query).await, empty);
    }
    for query in ["", "&event_type=click", "&start_date=2025-05-01&end_date=2025-05-29"] {
        assert_eq!(site.total(query).await, 0, "{query}");
    }
    for query in ["", "&start_date=2025-05-01&end_date=2025-05-29"] {
        assert_eq!(site.types(query).await, json!({}), "{query}");
    }
}

/// No other test sends to the default tenant.
pub(super) async fn events_without_a_tenant_belong_to_the_default_tenant(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    let click = json!({"user_id": "u", "event_type": "click"});
    let taken = answer(api.request(Method::POST, "/events").json(&click)).await;
    assert_accepted(&taken);
    let site = Site { name: "default".to_owned(), api: api.clone() };
    site.counts(1).await;
    let total = api.get("/analytics/event-counts?event_type=click").await;
    assert_eq!(total.body, json!({"total_events": 1}));
    let types = api.get("/analytics/event-counts-by-type").await;
    assert_eq!(types.body, json!({"click": 1}));
    let event = answer(api.request(Method::POST, "/event").json(&click)).await;
    event.assert_problem("an event without a site", 400, "missing-tenant");
    api.get("/stats").await.assert_problem("statistics of no site", 400, "missing-tenant");
}
