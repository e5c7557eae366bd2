//! The dashboard: it shows the numbers of the API, shows markup as text, and is accessible.

mod accessibility;
mod breakdowns;
mod guidance;
mod requests;
mod sites;

use std::process::Stdio;

use chrono::{TimeDelta, Utc};
use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::binaries::Binaries;
use e2e::browser::Browser;
use e2e::deployment::{self, Deployment};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;

const IS_SHOWN: &str =
    "document.readyState === 'complete' && !document.body.hasAttribute('aria-busy')";

async fn show(browser: &Browser, host: &str, tenant: &str, period: &str) {
    browser.open(&format!("{host}/dashboard?tenant={tenant}&period={period}")).await;
    browser.until("the dashboard is shown", IS_SHOWN).await;
}

/// The number that an element shows.
async fn number(browser: &Browser, selector: &str) -> u64 {
    let text = browser.text(selector).await.replace(',', "");
    text.parse().unwrap_or_else(|_| panic!("{selector} shows {text:?}"))
}

async fn get(api: &Api, path: &str) -> Value {
    let answer = api.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

fn sum(list: &Value, field: &str) -> u64 {
    list.as_array().expect("a list").iter().filter_map(|item| item[field].as_u64()).sum()
}

/// The titles of a table's columns.
async fn titles(browser: &Browser, table: &str) -> Vec<String> {
    let cells = format!("[...document.querySelectorAll('{table} thead th')]");
    browser.run_script(&format!("return {cells}.map(cell => cell.textContent)")).await
}

/// Rows of a name and a count, as a page shows them.
fn rows(list: &Value, name: &str, count: &str) -> Vec<Vec<String>> {
    let list = list.as_array().expect("a list").iter();
    list.map(|item| vec![item[name].as_str().unwrap_or("").to_owned(), item[count].to_string()])
        .collect()
}

/// A tenant with a week of generated events, and with requests, logs and a conflict of today.
async fn filled(host: &str) -> String {
    let tenant = new_tenant();
    let day = |back| (Utc::now() - TimeDelta::days(back)).date_naive().to_string();
    let generated = Command::new(Binaries::shared().await.path("spillway"))
        .args(["generate", "--target", host, "--tenant", &tenant, "--events", "300"])
        .args(["--users", "20", "--from", &day(6), "--to", &day(0)])
        .stdout(Stdio::null())
        .status();
    assert!(generated.await.expect("spillway runs").success());
    let api = Api::new(host.to_owned());
    let entry = |path: &str, agent: &str| json!({"receivedAt": Utc::now(), "method": "GET", "path": path, "userAgent": agent});
    let entries = json!([entry("/a", "curl/8.5.0"), entry("/a", "curl/8.5.0"), entry("/b", "x")]);
    let logs = api.request(Method::POST, "/logs").header("x-tenant-id", &tenant).json(&entries);
    assert_eq!(answer(logs).await.status, StatusCode::ACCEPTED);
    for number in 0..11 {
        api.ingest_json(&tenant, &format!("log-{number:02}"), "Call 555-0199").await;
    }
    api.listed(&tenant, "processed_logs", 11).await;
    api.ingest_json(&tenant, "log-00", "another text").await;
    api.listed(&tenant, "quarantine", 1).await;
    let total = format!("/analytics/event-counts?tenant_id={tenant}");
    eventually("all events are counted", async || {
        (get(&api, &total).await["total_events"] == 300).then_some(())
    })
    .await;
    tenant
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_the_numbers_of_the_api() {
    let host = deployment::embedded().url();
    let tenant = filled(&host).await;
    let api = Api::new(host.clone());
    Browser::run(async |browser| {
        show(browser, &host, &tenant, "7d").await;
        let first = (Utc::now() - TimeDelta::days(6)).date_naive();
        let query = format!("/stats/series?site_id={tenant}&grain=day&from={first}T00:00:00Z");
        let days = get(&api, &query).await["series"].clone();
        assert_eq!(number(browser, "#views").await, sum(&days, "views"));
        // Over several days visitors cannot be told apart, so their days are not added up.
        let average = format!("{:.1}", sum(&days, "visitors") as f64 / 7.0);
        assert_eq!(browser.text("#visitors").await, average.trim_end_matches(".0"));
        assert_eq!(browser.text("#visitors-label").await, "Visitors a day");
        // Users with an account are known again: there are fewer than the sum of the days.
        let all = get(&api, &format!("/stats?site_id={tenant}&start_date={first}")).await;
        let different = format!("at most {} different visitors in all", all["unique_users"]);
        assert_eq!(browser.text("#visitors-different").await, different);
        assert_eq!(number(browser, "#events").await, 300);
        assert_eq!(number(browser, "#requests-number").await, 3);
        let shown = browser.rows("#series-table").await;
        assert_eq!(shown.len(), days.as_array().map_or(0, Vec::len));
        let last = days.as_array().and_then(|days| days.last()).expect("a day");
        assert_eq!(shown[0][1..], [last["views"].to_string(), last["visitors"].to_string()]);

        let counts = format!("/analytics/event-counts-by-type?tenant_id={tenant}");
        for row in browser.rows("#types-table").await {
            assert_eq!(get(&api, &counts).await[&row[0]].to_string(), row[1]);
        }
        let whole = get(&api, &format!("/stats?site_id={tenant}")).await;
        let paths = rows(&whole["top_paths"], "path", "views");
        assert_eq!(browser.rows("#paths-table").await, paths);
        browser.click("#paths .more").await;
        let whole = get(&api, &format!("/stats?site_id={tenant}&limit=100")).await;
        let paths = rows(&whole["top_paths"], "path", "views");
        assert!(paths.len() > 10);
        assert_eq!(browser.rows("#paths-table").await, paths);

        let path = format!("/logs/stats?tenant_id={tenant}&grain=day");
        let window = get(&api, &path).await["windows"][0].clone();
        let paths = rows(&window["paths"], "path", "count");
        assert_eq!(browser.rows("#request-paths-table").await, paths);
        let agents = rows(&window["user_agents"], "user_agent", "count");
        assert_eq!(browser.rows("#user-agents-table").await, agents);

        assert_eq!(browser.rows("#logs-table").await.len(), 10);
        browser.click("#more-logs").await;
        let all = "document.querySelectorAll('#logs-table tbody tr').length === 11";
        browser.until("the last log is shown", all).await;
        assert!(
            !browser
                .run_script::<bool>("return !document.querySelector('#more-logs').hidden")
                .await
        );
        let quarantine = browser.rows("#quarantine-table").await;
        assert_eq!((&*quarantine[0][0], &*quarantine[0][3]), ("conflict", "log-00"));
        browser.click("#logs-table tbody tr:first-child button").await;
        browser.until("its text is shown", "document.querySelector('#logs-table pre')").await;
        assert_eq!(browser.text("#logs-table pre").await, "Call [REDACTED]");
        browser.click("#logs-table tbody tr:first-child button").await;
        browser.until("it is closed", "!document.querySelector('#logs-table pre')").await;

        show(browser, &host, &tenant, "today").await;
        let today = Utc::now().date_naive();
        let stats = get(&api, &format!("/stats?site_id={tenant}&date={today}")).await;
        assert_eq!(number(browser, "#views").await, stats["total_views"]);
        assert_eq!(number(browser, "#visitors").await, stats["unique_users"]);
        assert_eq!(browser.text("#visitors-label").await, "Visitors");
        assert_eq!(browser.text("#series-title").await, "Views an hour");
        let minutes = browser.rows("#requests-table").await;
        let requests: u64 = minutes.iter().filter_map(|row| row[1].parse::<u64>().ok()).sum();
        assert_eq!(requests, 3, "{minutes:?}");
        assert!(minutes[0][2].starts_with("GET /"), "{minutes:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_period_is_shown_and_is_in_the_address() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    let view = |day: &str| {
        let at = format!("{day}T12:00:00Z");
        json!({"site_id": tenant, "event_type": "view", "path": "/x", "timestamp": at})
    };
    for day in ["2025-04-30", "2025-05-01", "2025-05-02", "2025-05-03"] {
        answer(api.request(Method::POST, "/event").json(&view(day))).await;
    }
    let stats = format!("/stats?site_id={tenant}");
    eventually("all views are counted", async || {
        (get(&api, &stats).await["total_views"] == 4).then_some(())
    })
    .await;
    Browser::run(async |browser| {
        browser.open(&format!("{host}/dashboard")).await;
        browser.type_into("#tenant", &tenant).await;
        browser.click("[value=custom]").await;
        let days = "document.getElementById('from').value = '2025-05-01';\
             document.getElementById('to').value = '2025-05-02'; return null";
        browser.run_script::<Value>(days).await;
        browser.click("#choose button").await;
        let is_there = "document.getElementById('views').textContent === '2'";
        browser.until("two views are shown", is_there).await;
        browser.until("everything is loaded", IS_SHOWN).await;
        let address: String = browser.run_script("return location.search").await;
        let chosen = format!("?tenant={tenant}&period=custom&from=2025-05-01&to=2025-05-02");
        assert_eq!(address, chosen);
        browser.click("[value=today]").await;
        browser
            .until(
                "no views of today are shown",
                "document.getElementById('views').textContent === '0'",
            )
            .await;
        browser.back().await;
        browser.until("two views are shown again", is_there).await;
        browser.type_into("#tenant", "no/tenant").await;
        browser.click("#choose button").await;
        browser
            .until("the tenant is refused", "document.querySelector('#status.bad:not([hidden])')")
            .await;
        let said = browser.text("#status").await;
        assert!(said.starts_with("Tenant must "), "{said}");
        let refusal = api.get("/stats?site_id=no/tenant").await.body;
        assert!(
            said.contains(refusal["errors"][0]["reason"].as_str().expect("a reason")),
            "{said}"
        );
        let errors = browser.errors().await;
        assert!(errors.iter().all(|error| error.contains("status of 400")), "{errors:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_is_shown_as_text() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    let markup = "<img src=x onerror=hacked()>";
    let event = json!({"site_id": tenant, "event_type": markup, "path": format!("/{markup}")});
    let view = json!({"site_id": tenant, "event_type": "view", "path": format!("/{markup}")});
    for event in [event, view] {
        assert_eq!(answer(api.request(Method::POST, "/event").json(&event)).await.status, 202);
    }
    let agent = format!("Mozilla/5.0 (compatible; {markup}bot/1.0)");
    let entry = json!([
        {"receivedAt": Utc::now(), "method": "GET", "path": format!("/{markup}"), "userAgent": agent}
    ]);
    let logs = api.request(Method::POST, "/logs").header("x-tenant-id", &tenant).json(&entry);
    assert_eq!(answer(logs).await.status, 202);
    let total = format!("/analytics/event-counts?tenant_id={tenant}");
    let batch = format!("/logs/stats?tenant_id={tenant}&grain=day");
    eventually("everything is counted", async || {
        let windows = get(&api, &batch).await["windows"].clone();
        (get(&api, &total).await["total_events"] == 2 && windows != json!([])).then_some(())
    })
    .await;
    Browser::run(async |browser| {
        show(browser, &host, &tenant, "today").await;
        let shown = browser.text("main").await;
        assert!(shown.matches(markup).count() >= 3, "{shown}");
        let images = "return document.querySelectorAll('main img, main script, main b').length";
        assert_eq!(browser.run_script::<u64>(images).await, 0);
        let name = "%3Cimg%20src%3Dx%20onerror%3Dhacked()%3E";
        for page in ["dashboard", "demo"] {
            browser.open(&format!("{host}/{page}?tenant={name}&period={name}")).await;
            let refused = "document.querySelector('#status.bad, .bad')";
            browser.until("the tenant is refused", refused).await;
            assert_eq!(browser.run_script::<u64>(images).await, 0, "{page}");
        }
        let errors = browser.errors().await;
        assert!(errors.iter().all(|error| error.contains("status of 400")), "{errors:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn characters_that_hide_or_turn_text_are_shown_escaped() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    let names = ["exe\u{202e}gpj", "a\u{200b}b", "\u{1f469}\u{200d}\u{1f4bb}"];
    for name in names {
        let event = json!({"site_id": tenant, "event_type": name});
        assert_eq!(answer(api.request(Method::POST, "/event").json(&event)).await.status, 202);
    }
    let total = format!("/analytics/event-counts?tenant_id={tenant}");
    eventually("all events are counted", async || {
        (get(&api, &total).await["total_events"] == 3).then_some(())
    })
    .await;
    Browser::run(async |browser| {
        show(browser, &host, &tenant, "today").await;
        let shown: Vec<_> = browser.rows("#types-table").await.concat();
        for name in ["exe\\u{202e}gpj", "a\\u{200b}b", names[2]] {
            assert!(shown.iter().any(|cell| cell == name), "{name} in {shown:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_asks_for_the_token_that_reads_need() {
    let deployment = Deployment::embedded(vec![("READ_TOKEN", "open sesame".to_owned())]).await;
    let host = deployment.url();
    Browser::run(async |browser| {
        show(browser, &host, "acme", "7d").await;
        let errors = browser.errors().await;
        assert!(!errors.is_empty(), "the first reads are refused");
        assert!(errors.iter().all(|error| error.contains("status of 401")), "{errors:?}");
        browser.type_into("#token", "open sesame").await;
        browser.click("#ask-token button").await;
        browser
            .until("the numbers are shown", "document.getElementById('views').textContent === '0'")
            .await;
        browser.until("everything is loaded", IS_SHOWN).await;
        let kept: Value = browser
            .run_script("return [document.cookie, localStorage.length, sessionStorage.length]")
            .await;
        assert_eq!(kept, json!(["", 0, 0]), "the token is only in memory");
    })
    .await;
}
