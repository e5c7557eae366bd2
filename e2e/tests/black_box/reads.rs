//! Reads that say what they mean: parameters that are not understood, the three spellings of tenant
//! and period, stored events, the address itself, and the log line of a request.

use std::collections::BTreeSet;

use e2e::api::{Answer, Api, answer, eventually, new_tenant};
use e2e::deployment::{Cloud, Deployment, Embedded};
use e2e::service::Service;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode, redirect};
use serde_json::{Value, json};

e2e::on_shared_deployments!(
    an_unknown_parameter_is_refused_with_the_nearest_known_one,
    every_spelling_of_tenant_and_period_asks_the_same,
    several_days_are_put_together_exactly,
    a_period_that_is_not_counted_is_refused,
    an_event_is_read_as_it_was_sent,
    events_are_listed_newest_first_and_page_by_page,
    the_address_itself_says_what_is_here,
    a_slash_at_the_end_changes_nothing,
);

/// Every read of data, with `t` for the tenant.
const READS: [&str; 13] = [
    "/stats",
    "/stats/series",
    "/analytics/event-counts",
    "/analytics/event-counts-by-type",
    "/logs/stats",
    "/tenants/t/processed_logs",
    "/tenants/t/processed_logs/1",
    "/tenants/t/log_batches/1",
    "/tenants/t/quarantine",
    "/tenants/t/events",
    "/tenants/t/events/1",
    "/stats/",
    "/tenants/t/events/",
];

async fn an_unknown_parameter_is_refused_with_the_nearest_known_one(deployment: &Deployment) {
    let api = Api::new(deployment.url());
    for path in READS {
        for (name, meant) in [("site", "site_id"), ("Tenant_Id", "tenant_id")] {
            let query = format!("{path}?tenant_id=t&{name}=x");
            let refused = api.get(&query).await;
            refused.assert_problem(&query, 400, "invalid-query");
            assert_eq!(refused.fields(), [name], "{query}");
            let detail = format!("there is no parameter {name}; did you mean {meant}?");
            assert_eq!(refused.body["detail"], detail, "{query}");
        }
    }
    for (query, fields) in [
        ("/stats?site_id=t&start_dat=2025-05-01", ["start_dat"]),
        ("/stats?site_id=t&period=7d", ["period"]),
        ("/stats?site_id=t&limit=1&limit=2", ["limit"]),
        ("/stats?site_id=t&date=2025-05-01&date=2025-05-02", ["date"]),
        ("/tenants/t/quarantine?from=2025-05-01", ["from"]),
        ("/metrics?name=x", ["name"]),
    ] {
        let refused = api.get(query).await;
        refused.assert_problem(query, 400, "invalid-query");
        assert_eq!(refused.fields(), fields, "{query}");
    }
    for query in ["/stats?site_id=t&limit=2&limit=2", "/health?nocache=1", "/dashboard?x=1"] {
        assert_eq!(api.get(query).await.status, StatusCode::OK, "{query}");
    }
    let posted = api.request(Method::POST, "/event?nocache=1").json(&view("t", "1", "/", 0));
    assert_eq!(answer(posted).await.status, StatusCode::ACCEPTED);
}

/// A view on a day of May 2025, at an hour that differs from event to event.
fn view(site: &str, user: &str, path: &str, day: u32) -> Value {
    let timestamp = format!("2025-05-{:02}T{:02}:30:00Z", day + 1, day % 24);
    json!({"site_id": site, "event_type": "view", "user_id": user, "path": path,
        "timestamp": timestamp, "payload": {"a": {"b": [1, null]}}})
}

/// Sends the events, and waits until they are counted.
async fn seen(api: &Api, site: &str, events: Vec<Value>) {
    let count = events.len();
    for event in events {
        let taken = answer(api.request(Method::POST, "/event").json(&event)).await;
        assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    }
    eventually("the events are counted", async || {
        let counted = api.get(&format!("/analytics/event-counts?site_id={site}")).await;
        (counted.body["total_events"] == count).then_some(())
    })
    .await;
}

async fn every_spelling_of_tenant_and_period_asks_the_same(deployment: &Deployment) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    let events =
        (0..3).flat_map(|day| [view(&site, "ann", "/", day), view(&site, "bob", "/", day)]);
    seen(&api, &site, events.collect()).await;
    let periods = [
        "date=2025-05-02",
        "from=2025-05-02&to=2025-05-02",
        "start_date=2025-05-02&end_date=2025-05-02",
        "from=2025-05-02T00:00:00Z&to=2025-05-03T00:00:00Z",
        "start_date=2025-05-02%2000:00:00&end_date=2025-05-03T02:00:00%2B02:00",
        "from=1746144000&to=1746230400000",
    ];
    let mut answers = BTreeSet::new();
    for period in periods {
        for tenant in ["tenant_id", "site_id", "customer_id"] {
            for path in ["/stats", "/analytics/event-counts", "/analytics/event-counts-by-type"] {
                let query = format!("{path}?{tenant}={site}&{period}");
                let Answer { status, body, .. } = api.get(&query).await;
                assert_eq!(status, StatusCode::OK, "{query}: {body}");
                answers.insert((path, body.to_string()));
            }
            for path in ["/stats/series", "/logs/stats"] {
                let query = format!("{path}?{tenant}={site}&{period}&grain=day");
                let body = api.get(&query).await.body;
                assert_eq!(body["from"], "2025-05-02T00:00:00Z", "{query}: {body}");
                assert_eq!(body["to"], "2025-05-03T00:00:00Z", "{query}: {body}");
            }
        }
    }
    assert_eq!(answers.len(), 3, "{answers:?}");
    let day = api.get(&format!("/stats?site_id={site}&{}", periods[0])).await.body;
    assert_eq!(day["date"], "2025-05-02");
    assert_eq!((&day["total_views"], &day["unique_users"]), (&json!(2), &json!(2)));
    for header in ["x-tenant-id", "x-customer-id"] {
        let named = api.request(Method::GET, "/analytics/event-counts?date=2025-05-02");
        assert_eq!(answer(named.header(header, &site)).await.body["total_events"], 2, "{header}");
    }
    let other = format!("/stats?site_id={site}&customer_id=other");
    api.get(&other).await.assert_problem(&other, 400, "tenant-mismatch");
}

async fn several_days_are_put_together_exactly(deployment: &Deployment) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    // `/slow` is second on every day, and first over all of them.
    let mut events = Vec::new();
    for day in 0..4_u32 {
        for (path, users) in [(format!("/day/{day}"), 3), ("/slow".to_owned(), 2)] {
            events.extend((0..users).map(|user| view(&site, &format!("u{user}"), &path, day)));
        }
    }
    events.push(view(&site, "last", "/late", 9));
    seen(&api, &site, events).await;
    let read =
        async |period: &str| api.get(&format!("/stats?site_id={site}&{period}&limit=2")).await;
    let whole = read("start_date=2025-05-01&end_date=2025-05-04").await.body;
    let expected = json!({
        "site_id": site, "date": null,
        "from": "2025-05-01T00:00:00Z", "to": "2025-05-05T00:00:00Z",
        "total_views": 20, "unique_users": 3,
        "top_paths": [{"path": "/slow", "views": 8}, {"path": "/day/0", "views": 3}],
        "excluded": {},
    });
    assert_eq!(whole, expected);
    let open = read("from=2025-05-04").await.body;
    assert_eq!((&open["total_views"], &open["unique_users"]), (&json!(6), &json!(4)));
    assert_eq!(open["top_paths"][0], json!({"path": "/day/3", "views": 3}));
    let until = read("to=2025-05-02").await.body;
    assert_eq!((&until["total_views"], &until["unique_users"]), (&json!(10), &json!(3)));
    let empty = read("from=2025-06-01&to=2025-06-30").await.body;
    assert_eq!((&empty["total_views"], &empty["top_paths"]), (&json!(0), &json!([])));
}

async fn a_period_that_is_not_counted_is_refused(deployment: &Deployment) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    seen(&api, &site, vec![view(&site, "ann", "/", 0), view(&site, "ann", "/", 9)]).await;
    let hours = "from=2025-05-10T09:00:00Z&to=2025-05-10T10:00:00Z";
    let counted = api.get(&format!("/analytics/event-counts?site_id={site}&{hours}")).await;
    assert_eq!(counted.body["total_events"], 1);
    let types = api.get(&format!("/analytics/event-counts-by-type?site_id={site}&{hours}")).await;
    assert_eq!(types.body, json!({"view": 1}));
    for (query, field) in [
        (format!("/stats?site_id={site}&{hours}"), "from"),
        (format!("/stats?site_id={site}&to=2025-05-10T10:00:00Z"), "to"),
        (
            format!("/analytics/event-counts?site_id={site}&end_date=2025-05-10T10:30:00Z"),
            "end_date",
        ),
        (format!("/stats?site_id={site}&date=2025-05-10&from=2025-05-11"), "from"),
        (format!("/stats?site_id={site}&from=20250510"), "from"),
        (format!("/tenants/{site}/events?from=yesterday"), "from"),
    ] {
        let refused = api.get(&query).await;
        refused.assert_problem(&query, 400, "invalid-query");
        assert_eq!(refused.fields(), [field], "{query}");
    }
}

async fn an_event_is_read_as_it_was_sent(deployment: &Deployment) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    let mut event = view(&site, "ann", "/pricing?x=1", 0);
    event["event_id"] = json!("e-1");
    seen(&api, &site, vec![event]).await;
    let stored = api.get(&format!("/tenants/{site}/events/e-1")).await;
    assert_eq!(stored.status, StatusCode::OK, "{}", stored.body);
    for (field, value) in [
        ("tenant_id", json!(site)),
        ("event_id", json!("e-1")),
        ("event_type", json!("view")),
        ("user_id", json!("ann")),
        ("path", json!("/pricing")),
        ("payload", json!({"a": {"b": [1, null]}})),
        ("timestamp", json!("2025-05-01T00:30:00.000Z")),
    ] {
        assert_eq!(stored.body[field], value, "{field}");
    }
    let missing = format!("/tenants/{site}/events/e-2");
    api.get(&missing).await.assert_problem(&missing, 404, "not-found");
    let other = format!("/tenants/{}/events/e-1", new_tenant());
    api.get(&other).await.assert_problem(&other, 404, "not-found");
    let invalid = format!("/tenants/{site}/events/%0a");
    api.get(&invalid).await.assert_problem(&invalid, 400, "invalid-id");
}

/// The ids of all events of a listing, page by page.
async fn listed(api: &Api, site: &str, query: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/tenants/{site}/events?limit={limit}{query}{token}");
        let page = api.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        let events = page.body["events"].as_array().expect("a list");
        assert!(events.len() <= limit, "{path}");
        let id = |event: &Value| event["event_id"].as_str().expect("an id").to_owned();
        ids.extend(events.iter().map(id));
        match page.body["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => return ids,
        }
    }
}

async fn events_are_listed_newest_first_and_page_by_page(deployment: &Deployment) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    // Three events at each time, whose ids are not in the order of time.
    let events = (0..12_u32).map(|number| {
        let mut event = view(&site, "ann", "/", number / 3);
        event["event_id"] = json!(format!("e{:02}", number * 5 % 12));
        event["event_type"] = json!(if number % 3 == 0 { "click" } else { "view" });
        event
    });
    let events: Vec<_> = events.collect();
    let id = |event: &Value| event["event_id"].as_str().expect("an id").to_owned();
    let mut newest = events.clone();
    newest.sort_by_key(|event| (std::cmp::Reverse(event["timestamp"].to_string()), id(event)));
    let ids = |of: &[&Value]| of.iter().map(|event| id(event)).collect::<Vec<_>>();
    seen(&api, &site, events).await;
    let all = ids(&newest.iter().collect::<Vec<_>>());
    for limit in [1, 2, 3, 5, 12, 100] {
        assert_eq!(listed(&api, &site, "", limit).await, all, "pages of {limit}");
    }
    let clicks: Vec<_> = newest.iter().filter(|event| event["event_type"] == "click").collect();
    assert_eq!(listed(&api, &site, "&type=click", 3).await, ids(&clicks));
    let of_days = "&from=2025-05-02&to=2025-05-03";
    assert_eq!(listed(&api, &site, of_days, 2).await, all[3..9]);
    assert_eq!(listed(&api, &site, "&date=2025-05-02", 2).await, all[6..9]);
    let second = "&from=2025-05-02T01:30:00Z&to=2025-05-02T01:30:00.001Z";
    assert_eq!(listed(&api, &site, second, 1).await, all[6..9]);
    assert_eq!(listed(&api, &new_tenant(), "", 5).await, [] as [String; 0]);
    let token = api.get(&format!("/tenants/{site}/events?limit=1")).await.body["next_page_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    for path in [
        format!("/tenants/{}/events?page_token={token}", new_tenant()),
        format!("/tenants/{site}/quarantine?page_token={token}"),
        format!("/tenants/{site}/events?page_token=AAAA"),
    ] {
        api.get(&path).await.assert_problem(&path, 400, "invalid-page-token");
    }
}

/// An answer without following redirections: status, headers, and text.
async fn ask(deployment: &Deployment, path: &str, accept: &str) -> (u16, HeaderMap, String) {
    let client = Client::builder().redirect(redirect::Policy::none()).no_gzip().build();
    let request = client.expect("a client").get(format!("{}{path}", deployment.url()));
    let answer = request.header("accept", accept).send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.expect("a body"))
}

async fn the_address_itself_says_what_is_here(deployment: &Deployment) {
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let (status, headers, _) = ask(deployment, "/", browser).await;
    assert_eq!((status, &headers["location"]), (302, &"/dashboard".parse().expect("a value")));
    let (status, headers, text) = ask(deployment, "/", "*/*").await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"text/plain; charset=utf-8".parse().expect("a value"))
    );
    for word in ["spillway", "/dashboard", "/docs", "/health"] {
        assert!(text.contains(word), "{text}");
    }
    let (_, _, json) = ask(deployment, "/", "application/json").await;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["name"], "spillway");
    let (status, _, robots) = ask(deployment, "/robots.txt", "*/*").await;
    assert_eq!((status, robots.as_str()), (200, "User-agent: *\nDisallow: /\n"));
    let (status, headers, icon) = ask(deployment, "/favicon.ico", "image/*").await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"image/svg+xml".parse().expect("a value"))
    );
    assert!(icon.contains("<svg"));
}

async fn a_slash_at_the_end_changes_nothing(deployment: &Deployment) {
    let (api, site) = (Api::new(deployment.url()), new_tenant());
    let event = view(&site, "ann", "/", 0);
    let posted = answer(api.request(Method::POST, "/event/").json(&event)).await;
    assert_eq!(posted.status, StatusCode::ACCEPTED, "{}", posted.body);
    let text = json!({"tenant_id": site, "text": "a text"});
    let posted = answer(api.request(Method::POST, "/ingest/?x=1").json(&text)).await;
    assert_eq!(posted.status, StatusCode::ACCEPTED, "{}", posted.body);
    for path in ["/health", "/robots.txt", &format!("/tenants/{site}/quarantine")] {
        let (without, with) = (api.get(path).await, api.get(&format!("{path}/")).await);
        assert_eq!((without.status, without.body), (with.status, with.body), "{path}");
    }
    let counts = format!("/stats/?site_id={site}&date=2025-05-01");
    eventually("the event is counted", async || {
        (api.get(&counts).await.body["total_views"] == 1).then_some(())
    })
    .await;
    // The links of a page may be relative to its path.
    let (status, headers, _) = ask(deployment, "/docs/?x=1", "text/html").await;
    assert_eq!((status, &headers["location"]), (308, &"/docs?x=1".parse().expect("a value")));
}

/// The setting for log lines that are JSON objects.
fn json_log() -> (&'static str, String) {
    ("LOG_FORMAT", "stackdriver".to_owned())
}

/// The log lines about requests with this id, once there is one.
async fn lines_of(service: &Service, request_id: &str) -> Vec<Value> {
    eventually(&format!("{request_id} is logged"), async || {
        let lines = request_lines(service);
        let own: Vec<_> =
            lines.into_iter().filter(|line| line["requestId"] == request_id).collect();
        (!own.is_empty()).then_some(own)
    })
    .await
}

/// All log lines about requests so far.
fn request_lines(service: &Service) -> Vec<Value> {
    let text = service.log().text();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["target"] == "requests").collect()
}

async fn send(api: &Api, path: &str, request_id: &str) {
    let request = api.request(Method::GET, path).header("x-request-id", request_id);
    answer(request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_a_log_line() {
    let embedded = Embedded::start(vec![json_log()]).await.expect("a deployment");
    let (service, api) = (embedded.service(), Api::new(embedded.service().url()));
    let event = api.request(Method::POST, "/event").header("x-request-id", "r-1");
    answer(event.json(&view("acme", "ann@example.com", "/secret", 0))).await;
    send(&api, "/stats?site_id=acme&day=ann@example.com", "r-2").await;
    send(&api, "/tenants/beta/events/secret", "r-3").await;
    send(&api, "/nothing/secret", "r-4").await;
    let expected = [
        ("r-1", json!(["POST", "/event", 202, "acme", null])),
        ("r-2", json!(["GET", "/stats", 400, null, "invalid-query"])),
        ("r-3", json!(["GET", "/tenants/{tenant}/events/{event_id}", 404, "beta", "not-found"])),
        ("r-4", json!(["GET", "unmatched", 404, null, "not-found"])),
    ];
    for (request_id, expected) in expected {
        let lines = lines_of(service, request_id).await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        let said = ["method", "route", "status", "tenant", "code"].map(|name| &line[name]);
        assert_eq!(json!(said), expected);
        assert!(line["ms"].is_u64(), "{line}");
        assert!(line.get("logging.googleapis.com/trace").is_none(), "{line}");
        assert!(!line.to_string().contains("secret") && !line.to_string().contains("ann"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_names_its_occurrence_as_the_log_does() {
    let embedded = Embedded::start(vec![json_log()]).await.expect("a deployment");
    let (service, api) = (embedded.service(), Api::new(embedded.service().url()));
    let mut seen = BTreeSet::new();
    for path in ["/nothing", "/nothing", "/stats?site_id=acme&limit=0"] {
        let problem = api.get(path).await;
        let instance = problem.body["instance"].as_str().expect("an instance").to_owned();
        let id = instance.strip_prefix("urn:spillway:request:").expect("a URN");
        let lines = lines_of(service, id).await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["code"], problem.body["code"]);
        assert!(seen.insert(instance), "each occurrence is another one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_chosen_requests_are_logged() {
    for (setting, ids) in [("errors", vec!["r-2"]), ("off", vec![])] {
        let settings = vec![json_log(), ("LOG_REQUESTS", setting.to_owned())];
        let mut embedded = Embedded::start(settings).await.expect("a deployment");
        let api = Api::new(embedded.service().url());
        for (path, id) in [("/health", "r-1"), ("/nothing", "r-2"), ("/health", "r-3")] {
            send(&api, path, id).await;
        }
        // Whatever waits to be written is written at the end.
        let log = embedded.service().log().clone();
        embedded.terminate().await.expect("it ends");
        let lines: Vec<_> = eventually("the log is read to its end", async || {
            let text = log.text();
            let lines: Vec<_> = text.lines().filter(|line| line.contains("\"r-")).collect();
            (lines.len() >= ids.len())
                .then(|| lines.iter().map(|line| (*line).to_owned()).collect())
        })
        .await;
        assert_eq!(lines.len(), ids.len(), "{setting}: {lines:?}");
        for (line, id) in lines.iter().zip(ids) {
            assert!(line.contains(id), "{setting}: {line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_google_cloud_a_log_line_carries_the_trace_of_its_request() {
    let settings = vec![json_log(), ("LOG_REQUESTS", "all".to_owned())];
    let cloud = Cloud::start(settings).await.expect("a deployment");
    let (service, api) = (cloud.gateway(), Api::new(cloud.gateway().url()));
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let headers = [
        ("r-1", "traceparent", format!("00-{trace}-00f067aa0ba902b7-01")),
        ("r-2", "x-cloud-trace-context", format!("{trace}/67667974448284343;o=1")),
    ];
    for (request_id, name, value) in headers {
        let request = api.request(Method::GET, "/health").header("x-request-id", request_id);
        answer(request.header(name, value)).await;
        let line = lines_of(service, request_id).await.remove(0);
        let of_trace = line["logging.googleapis.com/trace"].as_str().expect("a trace");
        assert!(of_trace.starts_with("projects/"), "{line}");
        assert!(of_trace.ends_with(&format!("/traces/{trace}")), "{line}");
        assert_eq!(line["logging.googleapis.com/trace_sampled"], true, "{line}");
    }
    let quiet = Cloud::start(vec![json_log()]).await.expect("a deployment");
    let api = Api::new(quiet.gateway().url());
    send(&api, "/health", "r-3").await;
    assert_eq!(request_lines(quiet.gateway()), [] as [Value; 0], "Cloud Run logs them itself");
}
