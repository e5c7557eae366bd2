//! The dashboard leads to data: it lists tenants, offers periods, shows a new tenant its snippet, and
//! keeps its numbers new.

use chrono::Utc;
use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::binaries::Binaries;
use e2e::browser::Browser;
use e2e::deployment::{self, Deployment};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{IS_SHOWN, filled, get, number, show};

/// A tenant with one view on each of these days.
async fn viewed(api: &Api, days: &[&str]) -> String {
    let tenant = new_tenant();
    for day in days {
        view(api, &tenant, &format!("{day}T12:00:00Z")).await;
    }
    let stats = format!("/stats?site_id={tenant}");
    eventually("all views are counted", async || {
        (get(api, &stats).await["total_views"] == days.len()).then_some(())
    })
    .await;
    tenant
}

async fn view(api: &Api, tenant: &str, at: &str) {
    let event = json!({
        "site_id": tenant, "event_type": "view", "path": "/x", "user_id": "ann", "timestamp": at,
    });
    let taken = answer(api.request(Method::POST, "/event").json(&event)).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
}

/// Sends views of pages that a browser loaded in advance, and waits until they are excluded.
pub(super) async fn prefetch(api: &Api, tenant: &str, views: usize) {
    for _ in 0..views {
        let event = json!({"site_id": tenant, "event_type": "page_view", "path": "/"});
        let request = api.request(Method::POST, "/event").json(&event);
        let request = request.header("origin", "https://shop.example");
        let request = request.header("user-agent", "Mozilla/5.0 Firefox/128.0");
        let taken = answer(request.header("sec-purpose", "prefetch")).await;
        assert_eq!(taken.body["reason"], "prefetch", "{}", taken.body);
    }
    let stats = format!("/stats?site_id={tenant}");
    eventually("all views are excluded", async || {
        (get(api, &stats).await["excluded"]["prefetch"] == views).then_some(())
    })
    .await;
}

async fn is_hidden(browser: &Browser, id: &str) -> bool {
    browser.run_script(&format!("return document.getElementById('{id}').hidden")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_period_leads_to_the_month_that_has_data() {
    let host = deployment::embedded().url();
    let tenant = viewed(&Api::new(host.clone()), &["2025-05-01", "2025-05-01", "2025-05-29"]).await;
    Browser::run(async |browser| {
        for period in ["today", "7d", "12m"] {
            show(browser, &host, &tenant, period).await;
            assert!(!is_hidden(browser, "jump").await, "{period}");
            assert!(is_hidden(browser, "series").await, "{period}");
        }
        let said = browser.text("#jump").await;
        assert!(said.starts_with("There is nothing from "), "{said}");
        assert!(said.contains("Show 1 May 2025 to 29 May 2025"), "{said}");
        show(browser, &host, &tenant, "custom&from=2025-06-01&to=2025-06-01").await;
        let said = browser.text("#jump-text").await;
        assert_eq!(said, "There is nothing on 1 Jun 2025.");
        browser.click("#jump-button").await;
        let is_there = "document.getElementById('views').textContent === '3'";
        browser.until("the views are shown", is_there).await;
        browser.until("everything is loaded", IS_SHOWN).await;
        assert!(is_hidden(browser, "jump").await);
        let address: String = browser.run_script("return location.search").await;
        assert_eq!(address, format!("?tenant={tenant}&period=month&month=2025-05"));
        assert_eq!(browser.rows("#paths-table").await, [["/x", "3"]]);
        // 2 visits on 31 days.
        assert_eq!(browser.text("#visitors").await, "0.1");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_data_is_not_shown() {
    let host = deployment::embedded().url();
    let today = Utc::now().date_naive().to_string();
    let tenant = viewed(&Api::new(host.clone()), &[&today]).await;
    Browser::run(async |browser| {
        show(browser, &host, &tenant, "7d").await;
        for id in ["series", "paths", "types", "views-figure", "events-figure"] {
            assert!(!is_hidden(browser, id).await, "{id}");
        }
        for id in
            ["requests", "requests-figure", "logs", "quarantine", "jump", "snippet", "excluded"]
        {
            assert!(is_hidden(browser, id).await, "{id}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tenant_gets_its_snippet_and_its_first_event_is_waited_for() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    Browser::run(async |browser| {
        show(browser, &host, &tenant, "7d").await;
        let line = browser.text("#snippet-line").await;
        let expected =
            format!("<script defer data-site=\"{tenant}\" src=\"{host}/s.js\"></script>");
        assert_eq!(line, expected);
        assert!(is_hidden(browser, "numbers").await);
        view(&api, &tenant, &Utc::now().to_rfc3339()).await;
        let is_there = "document.getElementById('views').textContent === '1' \
            && document.getElementById('snippet').hidden";
        browser.until("the first view is shown", is_there).await;
        assert!(!is_hidden(browser, "numbers").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_not_counted_are_said_with_the_reason() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    prefetch(&api, &tenant, 6).await;
    Browser::run(async |browser| {
        show(browser, &host, &tenant, "7d").await;
        let title = browser.text("#snippet-title").await;
        assert_eq!(title, format!("No event of {tenant} has counted yet"));
        let said = "6 events were not counted: prefetch (6)";
        assert_eq!(browser.text("#snippet-excluded").await, said);
        let wait = browser.text("#snippet-wait").await;
        assert_eq!(wait, "Waiting for the first event that counts…");
        view(&api, &tenant, &Utc::now().to_rfc3339()).await;
        let is_there = "document.getElementById('views').textContent === '1' \
            && document.getElementById('snippet').hidden";
        browser.until("the first view is shown", is_there).await;
        assert_eq!(browser.text("#excluded").await, said);
        // They are those of the period.
        show(browser, &host, &tenant, "custom&from=2025-05-01&to=2025-05-02").await;
        assert!(is_hidden(browser, "excluded").await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_of_an_address_is_no_period_is_said() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    Browser::run(async |browser| {
        let month = "is not a month such as 2025-05, so this shows the current one.";
        let day = "is not a day such as 2025-05-01, so this";
        for (period, said) in [
            ("month&month=abc", format!("“abc” {month}")),
            ("month&month=2025-13", format!("“2025-13” {month}")),
            ("custom&from=x&to=2025-05-01", format!("“x” {day} begins with the last day.")),
            ("custom&to=2025-02-30", format!("“2025-02-30” {day} ends today.")),
            ("7d&month=abc", String::new()),
            ("month&month=2025-05", String::new()),
        ] {
            show(browser, &host, &tenant, period).await;
            assert_eq!(browser.text("#misread").await, said, "{period}");
            assert_eq!(is_hidden(browser, "misread").await, said.is_empty(), "{period}");
        }
        show(browser, &host, &tenant, "nope").await;
        let said = browser.text("#misread").await;
        let expected = "“nope” is not a period, so this shows the last 7 days. \
            Periods are today, 7d, 30d, month, 12m, custom.";
        assert_eq!(said, expected);
        browser.click("[value=today]").await;
        browser.until("nothing is said", "document.getElementById('misread').hidden").await;
        browser.until("everything is loaded", IS_SHOWN).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_that_generate_prints_shows_its_events() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let generated = Command::new(Binaries::shared().await.path("spillway"))
        .args(["generate", "--target", &host, "--tenant", &tenant, "--events", "50"])
        .args(["--from", "2025-05-01", "--to", "2025-05-29"])
        .output();
    let told = generated.await.expect("spillway runs").stdout;
    let told = String::from_utf8(told).expect("a text");
    let (_, link) = told.trim_end().rsplit_once("Look at them: ").expect("a link");
    let api = Api::new(host);
    let total = format!("/analytics/event-counts?tenant_id={tenant}");
    eventually("all events are counted", async || {
        (get(&api, &total).await["total_events"] == 50).then_some(())
    })
    .await;
    Browser::run(async |browser| {
        browser.open(link).await;
        browser.until("the dashboard is shown", IS_SHOWN).await;
        assert_eq!(number(browser, "#events").await, 50);
        let stats = get(&api, &format!("/stats?site_id={tenant}")).await;
        assert_eq!(number(browser, "#views").await, stats["total_views"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_with_data_are_listed_to_choose_from() {
    let deployment = Deployment::embedded(Vec::new()).await;
    let host = deployment.url();
    let api = Api::new(host.clone());
    Browser::run(async |browser| {
        browser.open(&format!("{host}/dashboard")).await;
        browser.until("the dashboard is shown", IS_SHOWN).await;
        let said = browser.text("#status").await;
        assert!(said.starts_with("There is no data yet."), "{said}");
        let today = Utc::now().date_naive().to_string();
        let tenant = viewed(&api, &[&today]).await;
        let other = viewed(&api, &[&today, &today]).await;
        browser.open(&format!("{host}/dashboard?period=today")).await;
        browser.until("the dashboard is shown", IS_SHOWN).await;
        let mut names = [tenant, other.clone()];
        names.sort();
        assert_eq!(browser.text("#tenant-list").await, names.join("\n"));
        let place = names.iter().position(|name| *name == other).expect("it is listed") + 1;
        browser.click(&format!("#tenant-list li:nth-child({place}) a")).await;
        let is_there = "document.getElementById('views').textContent === '2'";
        browser.until("its views are shown", is_there).await;
        let address: String = browser.run_script("return location.search").await;
        assert_eq!(address, format!("?tenant={other}&period=today"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_read_again_while_somebody_looks() {
    let host = deployment::embedded().url();
    let api = Api::new(host.clone());
    let today = Utc::now().date_naive().to_string();
    let tenant = viewed(&api, &[&today]).await;
    Browser::run(async |browser| {
        // 30 seconds are 300 milliseconds in these pages.
        let sooner = "window.realTimeout = setTimeout;\
             window.setTimeout = (act, wait) => realTimeout(act, wait === 30000 ? 300 : wait);\
             Object.defineProperty(document, 'hidden', { get: () => Boolean(window.isAway) })";
        browser.before_pages(sooner).await;
        show(browser, &host, &tenant, "today").await;
        assert_eq!(number(browser, "#views").await, 1);
        view(&api, &tenant, &format!("{today}T12:00:00Z")).await;
        let is_two = "document.getElementById('views').textContent === '2'";
        browser.until("the new view is shown", is_two).await;
        // Nobody looks: the next read waits until somebody does.
        let away = "window.isAway = true; window.reads = 0; const real = fetch;\
             window.fetch = (...given) => { reads++; return real(...given); };\
             return new Promise(done => realTimeout(() => done(null), 1500))";
        browser.run_script::<Value>(away).await;
        let before: u64 = browser.run_script("return reads").await;
        view(&api, &tenant, &format!("{today}T12:00:00Z")).await;
        let later = "return new Promise(done => realTimeout(() => done(reads), 1500))";
        assert_eq!(browser.run_script::<u64>(later).await, before);
        let back = "window.isAway = false;\
             document.dispatchEvent(new Event('visibilitychange')); return null";
        browser.run_script::<Value>(back).await;
        let is_three = "document.getElementById('views').textContent === '3'";
        browser.until("the third view is shown", is_three).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_label_of_a_chart_is_cut_on_a_phone() {
    let host = deployment::embedded().url();
    let tenant = filled(&host).await;
    Browser::run(async |browser| {
        browser.look(390, 844, false).await;
        for period in ["today", "7d", "30d"] {
            show(browser, &host, &tenant, period).await;
            let edge = "return [...document.querySelectorAll('.chart canvas')].map(it => \
                 it.getContext('2d').getImageData(it.width - 1, 0, 1, it.height).data.some(Boolean))";
            let is_cut: Vec<bool> = browser.run_script(edge).await;
            assert_eq!(is_cut, [false, false], "{period}");
        }
    })
    .await;
}
