//! Breakdowns and live visitors as they are answered.

use chrono::{TimeDelta, Utc};
use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{breakdown, counted};

/// Sends events of a new site, and waits until they are counted.
async fn site_with(deployment: &Deployment, events: &[Value]) -> (Api, String) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    for event in events {
        let mut body = event.clone();
        body["site_id"] = json!(site);
        let answer = answer(api.request(Method::POST, "/event").json(&body)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    }
    counted(&api, &site, events.len()).await;
    (api, site)
}

fn view(campaign: &str, user: &str) -> Value {
    json!({"event_type": "view", "path": format!("/?utm_campaign={campaign}"), "user_id": user,
        "timestamp": "2025-05-01T12:00:00Z"})
}

pub(super) async fn a_client_that_asks_for_csv_gets_it(deployment: &Deployment) {
    let views = [view("May, all", "a"), view("May, all", "b"), view("=1%2B1", "a")];
    let (api, site) = site_with(deployment, &views).await;
    let path = format!("/stats/breakdown?site_id={site}&dimension=utm_campaign");
    for (query, expected) in [
        ("", "value,views,visitors\r\n\"May, all\",2,2\r\n'=1+1,1,1\r\n"),
        (
            "&date=2025-05-02&compare=previous",
            "value,views,visitors,previous_views,previous_visitors\r\n",
        ),
        (
            "&from=2025-05-01&to=2025-05-01&compare=previous&limit=1",
            "value,views,visitors,previous_views,previous_visitors\r\n\"May, all\",2,2,0,0\r\n",
        ),
    ] {
        let request = api.request(Method::GET, &format!("{path}{query}"));
        let answer = request.header("accept", "text/csv").send().await.expect("an answer");
        let content_type = answer.headers()["content-type"].to_str().expect("text").to_owned();
        assert_eq!(content_type, "text/csv; charset=utf-8; header=present");
        assert_eq!(answer.text().await.expect("a body"), expected, "{query}");
    }
}

pub(super) async fn a_filter_leaves_one_value(deployment: &Deployment) {
    let (api, site) =
        site_with(deployment, &[view("a", "a"), view("b", "a"), view("b", "b")]).await;
    let filtered = |value: &str| format!("&filter=utm_campaign:{value}");
    let found = breakdown(&api, &site, "utm_campaign", &filtered("b")).await;
    assert_eq!(found, json!([{"value": "b", "views": 2, "visitors": 2}]));
    assert_eq!(breakdown(&api, &site, "utm_campaign", &filtered("c")).await, json!([]));
}

/// A view from a source, on a page.
fn read(source: &str, user: &str, path: &str, minute: u32) -> Value {
    json!({"event_type": "view", "path": format!("{path}?utm_source={source}"), "user_id": user,
        "timestamp": format!("2025-05-01T12:{minute:02}:00Z")})
}

pub(super) async fn a_filter_on_another_dimension_selects_events(deployment: &Deployment) {
    let signup = |plan: Value, user: &str| {
        json!({"event_type": "signup", "path": "/prices", "user_id": user,
            "payload": {"plan": plan, "tags": ["x"]}, "timestamp": "2025-05-02T12:00:00Z"})
    };
    let events = [
        read("letter", "a", "/", 0),
        read("letter", "a", "/prices", 1),
        read("letter", "b", "/", 2),
        read("video", "c", "/", 3),
        signup(json!("pro"), "a"),
        signup(json!("pro"), "b"),
        signup(json!(7), "b"),
    ];
    let (api, site) = site_with(deployment, &events).await;
    let ask = async |query: &str| {
        let answer = api.get(&format!("/stats/filtered?site_id={site}&{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.body);
        answer.body
    };
    let figures = |value: &str, views: u32, visitors: u32| json!({"value": value, "views": views, "visitors": visitors});

    let letter = ask("filter=utm_source:letter").await;
    assert_eq!((&letter["total_views"], &letter["unique_users"]), (&json!(3), &json!(2)));
    assert_eq!(letter["days"], json!([{"date": "2025-05-01", "views": 3, "visitors": 2}]));
    assert_eq!(letter["top_paths"], json!([figures("/", 2, 2), figures("/prices", 1, 1)]));
    assert_eq!(letter["breakdowns"]["utm_source"], json!([figures("letter", 3, 2)]));
    assert_eq!(letter["breakdowns"]["event"], json!([figures("view", 3, 2)]));
    assert_eq!((&letter["properties"], &letter["missing_events"]), (&json!({}), &json!(0)));
    assert_eq!(
        ask("filter=utm_source:letter&limit=1").await["top_paths"],
        json!([figures("/", 2, 2)])
    );

    let prices = ask("filter=path:/prices").await;
    let types = json!([figures("signup", 3, 2), figures("view", 1, 1)]);
    assert_eq!(prices["breakdowns"]["event"], types);
    assert_eq!((&prices["total_views"], &prices["unique_users"]), (&json!(1), &json!(2)));

    let signups = ask("filter=event:signup").await;
    let plans = json!({"plan": [figures("pro", 2, 2), figures("7", 1, 1)]});
    assert_eq!(signups["properties"], plans);
    let none = ask("filter=event:signup&date=2025-05-01").await;
    assert_eq!((&none["unique_users"], &none["days"]), (&json!(0), &json!([])));

    let rows = breakdown(&api, &site, "utm_source", "&filter=path:/").await;
    assert_eq!(rows, json!([figures("letter", 2, 2), figures("video", 1, 1)]));
    let period = "&filter=event:view&date=2025-05-02&compare=previous";
    assert_eq!(breakdown(&api, &site, "utm_source", period).await, json!([]));
    api.get(&format!("/stats/filtered?site_id={site}")).await.assert_problem(
        "none",
        400,
        "invalid-query",
    );
}

pub(super) async fn an_unknown_site_has_no_rows_and_bad_parameters_are_refused(
    deployment: &Deployment,
) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    let path = format!("/stats/breakdown?site_id={site}");
    let none = json!({"site_id": site, "dimension": "os", "from": null, "to": null, "rows": []});
    assert_eq!(api.get(&format!("{path}&dimension=os")).await.body, none);
    for (query, field) in [
        ("", "dimension"),
        ("&dimension=path", "dimension"),
        ("&dimension=os&compare=previous", "compare"),
        ("&dimension=os&filter=Firefox", "filter"),
        ("&dimension=os&filter=page:/a", "filter"),
        ("&dimension=os&limit=0", "limit"),
        ("&dimension=os&grain=day", "grain"),
    ] {
        let answer = api.get(&format!("{path}{query}")).await;
        answer.assert_problem(query, 400, "invalid-query");
        assert_eq!(answer.fields(), [field], "{query}");
    }
    let answer = api.get("/stats/breakdown?dimension=os").await;
    answer.assert_problem("no site", 400, "missing-tenant");
    api.get("/stats/live").await.assert_problem("no site", 400, "missing-tenant");
}

/// How many values a day counts by name.
const NAMED: usize = 1_000;

pub(super) async fn values_beyond_a_day_s_bound_are_counted_as_others(deployment: &Deployment) {
    let views: Vec<_> = (0..NAMED + 50).map(|n| view(&format!("c{n}"), &format!("u{n}"))).collect();
    let (api, site) = site_with(deployment, &views).await;
    let rows = breakdown(&api, &site, "utm_campaign", "").await;
    let rows = rows.as_array().expect("a list");
    assert_eq!(rows[0], json!({"value": "(other)", "views": 50, "visitors": 50}));
    assert_eq!(rows.len(), NAMED, "the limit");
    assert!(rows[1..].iter().all(|row| row["views"] == 1 && row["visitors"] == 1));
    let hosts = breakdown(&api, &site, "event", "").await;
    assert_eq!(hosts, json!([{"value": "view", "views": NAMED + 50, "visitors": NAMED + 50}]));
}

pub(super) async fn live_visitors_are_those_of_the_last_five_minutes(deployment: &Deployment) {
    let ago = |minutes: i64| (Utc::now() - TimeDelta::minutes(minutes)).to_rfc3339();
    let event = |user: Option<&str>, minutes: i64| json!({"event_type": "view", "user_id": user, "timestamp": ago(minutes)});
    let events = [
        event(Some("a"), 1),
        event(Some("a"), 2),
        event(Some("b"), 3),
        event(Some("old"), 6),
        event(Some("to come"), -60),
        event(None, 0),
    ];
    let (api, site) = site_with(deployment, &events).await;
    let live = api.get(&format!("/stats/live?site_id={site}")).await.body;
    assert_eq!(live, json!({"site_id": site, "visitors": 2}));
}

pub(super) async fn an_event_keeps_what_it_is_counted_by_and_no_user_agent(
    deployment: &Deployment,
) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let body = json!({"site_id": site, "event_type": "view", "event_id": "1", "payload":
        {"url": "https://shop.example/a?utm_source=letter&ref=partner&q=secret", "referrer": ""}});
    let send = async |language: &str| {
        let request = api.request(Method::POST, "/event").json(&body);
        let request = request.header("origin", "https://shop.example").header("user-agent", agent);
        answer(request.header("accept-language", language)).await
    };
    assert_eq!(send("de-AT").await.status, StatusCode::ACCEPTED);
    let path = format!("/tenants/{site}/events/1");
    let stored = eventually("it is stored", async || {
        let answer = api.get(&path).await;
        (answer.status == StatusCode::OK).then_some(answer.body)
    })
    .await;
    let expected = json!({"browser": "Firefox", "device": "desktop", "entry_page": "/a",
        "event": "view", "host": "shop.example", "language": "de", "os": "Linux", "source": "partner",
        "utm_source": "letter"});
    assert_eq!(stored["dimensions"], expected);
    assert!(!stored.to_string().contains("Mozilla"), "{stored}");
    // Headers do not change the digest: the same event is a duplicate, not a conflict.
    assert_eq!(send("en").await.status, StatusCode::ACCEPTED);
    let marker = json!({"site_id": site, "event_type": "view", "event_id": "2"});
    answer(api.request(Method::POST, "/event").json(&marker)).await;
    counted(&api, &site, 2).await;
    assert_eq!(api.all(&site, "quarantine").await, [] as [Value; 0]);
    let languages = breakdown(&api, &site, "language", "").await;
    assert_eq!(languages, json!([{"value": "de", "views": 1, "visitors": 1}]));
}
