//! Counts of views, paths, types and users.

use std::collections::BTreeSet;

use e2e::api::{Api, answer, eventually};
use e2e::deployment::Deployment;
use futures::future::join_all;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::site::{Site, assert_taken, view};

pub(super) async fn the_most_viewed_paths_come_first_and_ties_by_name(deployment: &Deployment) {
    let site = Site::new(deployment);
    let views = [("/z", 3), ("/b", 2), ("/a", 2), ("/B", 2), ("/a/b", 2), ("/ä", 2), ("/c", 1)];
    let views = views.iter().flat_map(|(path, times)| vec![view(path); *times]);
    let rare = (0..5).map(|n| view(&format!("/rare/{n}")));
    site.has(views.chain(rare)).await;
    let paths = site.top_paths("&limit=100").await;
    let order: Vec<_> = paths.iter().map(|(path, views)| (path.as_str(), *views)).collect();
    let expected = [
        ("/z", 3),
        ("/B", 2),
        ("/a", 2),
        ("/a/b", 2),
        ("/b", 2),
        ("/ä", 2),
        ("/c", 1),
        ("/rare/0", 1),
        ("/rare/1", 1),
        ("/rare/2", 1),
        ("/rare/3", 1),
        ("/rare/4", 1),
    ];
    assert_eq!(order, expected);
    for (query, count) in [("", 10), ("&limit=1", 1), ("&limit=3", 3), ("&limit=11", 11)] {
        assert_eq!(site.top_paths(query).await, paths[..count], "{query}");
    }
}

pub(super) async fn a_view_is_any_of_three_types_and_its_path_has_no_query(
    deployment: &Deployment,
) {
    let site = Site::new(deployment);
    let event = |event_type: &str, path: Value, url: Value| json!({"event_type": event_type, "path": path, "payload": {"url": url}});
    let (none, url) = (Value::Null, json!("https://example.com/from-url?a=/b#c"));
    site.has([
        event("page_view", json!("/bare?utm=1#top"), url.clone()),
        event("pageview", json!("/bare#top?x"), none.clone()),
        event("view", json!("https://example.com/bare?utm=1"), none.clone()),
        event("page_view", none.clone(), url.clone()),
        event("view", none.clone(), json!("/from-url?x")),
        event("view", none.clone(), json!("https://example.com")),
        event("view", none.clone(), none.clone()),
        event("view", none.clone(), json!(7)),
        event("click", json!("/bare"), url.clone()),
        event("location", none.clone(), url.clone()),
        event("View", json!("/bare"), none.clone()),
        event("PAGE_VIEW", json!("/bare"), none.clone()),
        event("pageView", json!("about:blank"), none),
    ])
    .await;
    let view = json!({"user_id": "u", "event_type": "view", "payload": {"url": url}});
    let click = json!({"user_id": "u", "event_type": "click", "payload": {"url": url}});
    for interaction in [view, click] {
        assert_taken(&site.interaction(&interaction).await, &interaction);
    }
    site.counts(15).await;
    assert_eq!(site.stats("").await["total_views"], 12, "all three types");
    let paths = [("/bare", 5), ("/from-url", 3), ("/", 1)].map(|(path, n)| (path.to_owned(), n));
    assert_eq!(site.top_paths("").await, paths);
    let types = json!({"page_view": 3, "pageview": 2, "view": 7, "click": 2, "location": 1});
    assert_eq!(site.types("").await, types);
}

pub(super) async fn users_are_distinct_over_all_events_of_a_day(deployment: &Deployment) {
    let site = Site::new(deployment);
    let event = |event_type: &str, user: Option<&str>, day: u32| {
        json!({"event_type": event_type, "user_id": user,
            "timestamp": format!("2025-05-0{day}T12:00:00Z")})
    };
    site.has([
        event("view", Some("ann"), 1),
        event("click", Some("ann"), 1),
        event("click", Some("bob"), 1),
        event("view", None, 1),
        event("view", Some("ann"), 2),
        event("view", None, 3),
        event("view", Some("Ann"), 4),
        event("view", Some("ann "), 4),
        event("anything", Some("größe 🦀"), 4),
    ])
    .await;
    for (query, users) in [
        ("", 5),
        ("&date=2025-05-01", 2),
        ("&date=2025-05-02", 1),
        ("&date=2025-05-03", 0),
        ("&date=2025-05-04", 3),
        ("&date=2025-05-05", 0),
    ] {
        assert_eq!(site.stats(query).await["unique_users"], users, "{query}");
    }
}

pub(super) async fn names_are_counted_unchanged(deployment: &Deployment) {
    let site = Site::new(deployment);
    let names = ["größe", "🦀", "%2Fa", "a b", "a.b", "`'\"\\", "../x", "$count", "\u{202e}x", "7"];
    let event = |name: &str| json!({"event_type": name, "user_id": name});
    let page = |name: &str| json!({"event_type": "view", "path": name, "user_id": name});
    site.has(names.map(event).into_iter().chain(names.map(page))).await;
    let mut types: Value = names.iter().map(|name| ((*name).to_owned(), json!(1))).collect();
    types["view"] = json!(names.len());
    assert_eq!(site.types("").await, types);
    let mut paths = names.map(|name| (name.to_owned(), 1));
    paths.sort();
    assert_eq!(site.top_paths("").await, paths);
    assert_eq!(site.stats("").await["unique_users"], names.len());
}

pub(super) async fn tenants_with_the_same_events_are_isolated(deployment: &Deployment) {
    let (own, other) = (Site::new(deployment), Site::new(deployment));
    let event = |id: &str, path: &str| json!({"event_id": id, "event_type": "view", "path": path, "user_id": "u"});
    own.has([event("1", "/own"), event("2", "/both")]).await;
    other.has([event("1", "/other"), event("2", "/both"), event("3", "/other")]).await;
    own.counts(2).await;
    let top = |paths: [(&str, u64); 2]| paths.map(|(path, views)| (path.to_owned(), views));
    assert_eq!(own.top_paths("").await, top([("/both", 1), ("/own", 1)]));
    assert_eq!(other.top_paths("").await, top([("/other", 2), ("/both", 1)]));
    for (site, views) in [(&own, 2), (&other, 3)] {
        let stats = site.stats("").await;
        assert_eq!((&stats["total_views"], &stats["unique_users"]), (&json!(views), &json!(1)));
        assert_eq!(site.types("").await, json!({"view": views}));
        assert_eq!(site.api.all(&site.name, "quarantine").await, [] as [Value; 0]);
    }
}

/// No other test sends an event twice, so all of the worker's duplicates are from this one.
pub(super) async fn a_duplicate_changes_nothing(deployment: &Deployment) {
    const TIMES: usize = 20;
    let site = Site::new(deployment);
    let requests = || {
        let named = json!({"event_id": "named", "event_type": "view", "path": "/a",
            "user_id": "u", "timestamp": "2025-05-01T12:00:00+02:00"});
        let view = json!({"event_type": "view", "path": "/a", "user_id": "u"});
        let click = json!({"event_type": "click", "user_id": "u"});
        [
            request(&site, "/event", &named).header("idempotency-key", "of no effect"),
            request(&site, "/event", &view).header("idempotency-key", "\"of the view\""),
            request(&site, "/events", &click).header("idempotency-key", "of-the-click"),
        ]
    };
    let answers = join_all((0..TIMES).flat_map(|_| requests()).map(answer)).await;
    answers.iter().for_each(|answer| assert_taken(answer, &Value::Null));
    let ids: BTreeSet<_> = answers.iter().filter_map(|one| one.body["event_id"].as_str()).collect();
    assert!(ids.len() == 3 && ids.contains("named") && ids.contains("of-the-click"), "{ids:?}");
    let worker = Api::new(deployment.worker_url());
    eventually("all but the first of each are duplicates", async || {
        let series = r#"spillway_messages_delivered_total{kind="event",outcome="duplicate"}"#;
        (worker.metric(series).await >= (3 * (TIMES - 1)) as f64).then_some(())
    })
    .await;
    site.counts(3).await;
    assert_eq!(site.types("").await, json!({"view": 2, "click": 1}));
    assert_eq!(site.types("&end_date=2025-05-01").await, json!({"view": 1}));
    assert_eq!(site.top_paths("").await, [("/a".to_owned(), 2)]);
    assert_eq!(site.api.all(&site.name, "quarantine").await, [] as [Value; 0]);
}

fn request(site: &Site, path: &str, body: &Value) -> RequestBuilder {
    let request = site.api.request(Method::POST, path).header("x-tenant-id", &site.name);
    request.json(body)
}

pub(super) async fn other_content_under_the_same_id_is_quarantined_and_not_counted(
    deployment: &Deployment,
) {
    let site = Site::new(deployment);
    let first = json!({"event_id": "1", "event_type": "view", "path": "/first", "user_id": "u",
        "timestamp": "2025-05-01T12:00:00Z", "payload": {"a": 1}});
    site.has([first.clone()]).await;
    let before = (site.stats("").await, site.types("").await);
    let others = [
        ("event_type", json!("page_view")),
        ("path", json!("/other")),
        ("path", Value::Null),
        ("user_id", json!("other")),
        ("user_id", Value::Null),
        ("timestamp", json!("2025-05-01T12:00:00.001Z")),
        ("timestamp", Value::Null),
        ("payload", json!({"a": 2})),
        ("payload", Value::Null),
    ];
    for (field, value) in &others {
        let mut other = first.clone();
        other[field] = value.clone();
        assert_taken(&site.event(other.clone()).await, &other);
    }
    let set_aside = site.api.listed(&site.name, "quarantine", others.len()).await;
    assert!(set_aside.iter().all(|item| item["reason"] == "conflict"));
    assert!(set_aside.iter().all(|item| item["attributes"]["record_id"] == "1"));
    assert_eq!((site.stats("").await, site.types("").await), before);
}
