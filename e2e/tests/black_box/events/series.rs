//! Views and visitors over time.

use e2e::api::answer;
use e2e::deployment::Deployment;
use reqwest::Method;
use serde_json::{Value, json};

use super::site::Site;

fn seen(event_type: &str, timestamp: &str, user: &str) -> Value {
    json!({"event_type": event_type, "path": "/", "timestamp": timestamp, "user_id": user})
}

pub(super) async fn a_series_has_views_by_the_hour_and_visitors_by_the_day(
    deployment: &Deployment,
) {
    let site = Site::new(deployment);
    site.has([
        seen("page_view", "2025-05-01T10:00:00Z", "ann"),
        seen("view", "2025-05-01T10:59:59.999Z", "ann"),
        seen("pageview", "2025-05-01T11:00:00Z", "bob"),
        seen("click", "2025-05-01T12:00:00Z", "cyd"),
        seen("view", "2025-05-02T00:00:00Z", "ann"),
        seen("click", "2025-05-03T09:00:00Z", "dan"),
        seen("view", "2025-05-04T00:00:00Z", "eve"),
    ])
    .await;
    let period = "&from=2025-05-01T10:30:00Z&to=2025-05-04T00:00:00Z";
    let hours = site.series(&format!("{period}&grain=hour")).await;
    let expected = json!({
        "site_id": site.name,
        "from": "2025-05-01T10:00:00Z",
        "to": "2025-05-04T00:00:00Z",
        "grain": "hour",
        "series": [
            {"start": "2025-05-01T10:00:00Z", "views": 2},
            {"start": "2025-05-01T11:00:00Z", "views": 1},
            {"start": "2025-05-02T00:00:00Z", "views": 1},
        ],
    });
    assert_eq!(hours, expected);
    assert_eq!(site.series(period).await, expected, "hours are the default");
    let days = site.series(&format!("{period}&grain=day")).await;
    assert_eq!(days["from"], "2025-05-01T00:00:00Z");
    assert_eq!(
        days["series"],
        json!([
            {"start": "2025-05-01T00:00:00Z", "views": 3, "visitors": 3},
            {"start": "2025-05-02T00:00:00Z", "views": 1, "visitors": 1},
            {"start": "2025-05-03T00:00:00Z", "views": 0, "visitors": 1},
        ])
    );
}

pub(super) async fn an_invalid_series_is_refused(deployment: &Deployment) {
    let site = Site::new(deployment);
    let cases = [
        ("&grain=minute", "grain"),
        ("&grain=", "grain"),
        ("&from=yesterday", "from"),
        ("&from=2025-05-02T00:00:00Z&to=2025-05-01T00:00:00Z", "from"),
        ("&from=2025-05-01T00:00:00Z&to=2025-06-01T00:00:01Z", "to"),
        ("&from=2025-01-01T00:00:00Z&to=2026-01-02T00:00:01Z&grain=day", "to"),
    ];
    for (query, field) in cases {
        let refused = site.get("/stats/series", query).await;
        refused.assert_problem(query, 400, "invalid-query");
        assert_eq!(refused.fields(), [field], "{query}");
    }
    for query in [
        "&from=2025-05-01T00:00:00Z&to=2025-06-01T00:00:00Z",
        "&from=2025-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&grain=day",
        "&grain=day",
    ] {
        let taken = site.get("/stats/series", query).await;
        assert_eq!(taken.status, 200, "{query}: {}", taken.body);
    }
    let unnamed = site.api.request(Method::GET, "/stats/series");
    answer(unnamed).await.assert_problem("no site", 400, "missing-tenant");
}
