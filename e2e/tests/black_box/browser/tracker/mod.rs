//! The tracker on other sites: what it reports, and what it does not touch.

mod delivery;
mod exclusions;
mod navigation;
mod starting;

use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::browser::{Browser, Gate, Site};
use e2e::deployment;
use reqwest::Method;
use serde_json::{Value, json};

/// What lets the tracker count the visits of these tests.
const ALLOWED: &str = "data-allow=\"webdriver,localhost\"";

/// The tracker of a site that serves it itself and hears its events.
fn own_tracker(options: &str) -> String {
    format!(
        "<!doctype html><html lang=en><title>A site</title><link rel=icon href=data:,>\
         <script defer data-site=shop {options} src=/s.js></script>"
    )
}

/// A site that serves the tracker itself, and hears what it sends.
async fn hearing(pages: &[(&str, String)]) -> Site {
    let tracker = reqwest::get(format!("{}/s.js", deployment::embedded().url())).await;
    let tracker = tracker.expect("the tracker").text().await.expect("the tracker");
    let mut files = pages.to_vec();
    files.push(("/s.js", tracker));
    Site::start(&files).await
}

/// The field of the accepted events so far, sorted.
fn heard(site: &Site, field: &str) -> Vec<String> {
    let accepted = site.received().into_iter().filter(|received| !received.is_refused);
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let mut heard: Vec<_> =
        accepted.filter_map(|received| received.body.pointer(field).map(text)).collect();
    heard.sort();
    heard
}

/// Waits until these are all values of the field in accepted events.
async fn hears(site: &Site, field: &str, expected: &[&str]) {
    eventually(&format!("{field} is {expected:?}"), async || {
        (heard(site, field) == expected).then_some(())
    })
    .await;
}

/// What the tracker has said in the console, once it has said something: all of it so far.
async fn said(browser: &Browser) -> Vec<String> {
    let mut said = Vec::new();
    let mut hear = async |what: &str| {
        eventually(&format!("the console says {what}"), async || {
            said.extend(browser.warnings().await);
            said.iter().any(|text: &String| text.contains(what)).then_some(())
        })
        .await;
    };
    hear("Spillway: ").await;
    // Whatever was said before this comes before it.
    browser.run_script::<Value>("console.warn('the end'); return null").await;
    hear("the end").await;
    said.retain(|text| text.contains("Spillway: "));
    said
}

/// A page with the tracker of `host`, and with links to other pages.
fn page(host: &str, tenant: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><title>A site</title><link rel=icon href=data:,>\
         <script>window.spillway = window.spillway || function () {{\
           (spillway.q = spillway.q || []).push(arguments); }}</script>\
         <script defer data-site=\"{tenant}\" {ALLOWED} src=\"{host}/s.js\"></script>\
         <a id=one href=/one?secret=1>One</a> <a id=two href=/two#part>Two</a> {body}"
    )
}

async fn site(host: &str, tenant: &str, body: &str) -> Site {
    Site::start(&[("/", page(host, tenant, body))]).await
}

/// Waits until the site has exactly these views by path.
async fn has_views(api: &Api, tenant: &str, views: &[(&str, u64)]) {
    let expected: Vec<_> =
        views.iter().map(|(path, views)| json!({"path": path, "views": views})).collect();
    let path = format!("/stats?site_id={tenant}");
    eventually(&format!("{tenant} has {views:?}"), async || {
        let body = api.get(&path).await.body;
        (body["top_paths"] == json!(expected)).then_some(())
    })
    .await;
}

async fn counts(api: &Api, tenant: &str) -> Value {
    api.get(&format!("/analytics/event-counts-by-type?tenant_id={tenant}")).await.body
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_site_is_a_view_of_one_visitor() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let (api, site) = (Api::new(host.clone()), site(&host, &tenant, "").await);
    Browser::run(async |browser| {
        browser.open(&site.page("/start")).await;
        browser.click("#one").await;
        browser.click("#two").await;
        browser.back().await;
        has_views(&api, &tenant, &[("/one", 2), ("/start", 1), ("/two", 1)]).await;
        let stats = api.get(&format!("/stats?site_id={tenant}")).await.body;
        assert_eq!(stats["unique_users"], 1, "{stats}");
        let kept: Value = browser
            .run_script("return [document.cookie, localStorage.length, sessionStorage.length]")
            .await;
        assert_eq!(kept, json!(["", 0, 0]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_navigation_of_a_single_page_application_is_a_view() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    let queue = "<script>spillway('early', {n: 1})</script>\
         <button id=buy data-spillway-event=bought><b>Buy</b></button>";
    let site = site(&host, &tenant, queue).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/app")).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        let moves = "history.replaceState({}, '', '/app?tab=2');\
             history.pushState({}, '', '/app/a'); history.pushState({}, '', '/app/a#x');\
             history.pushState({}, '', '/app/b'); return null";
        browser.run_script::<Value>(moves).await;
        browser.run_script::<Value>("history.go(-3); return null").await;
        browser.until("it is back", "location.pathname === '/app'").await;
        browser.click("#buy b").await;
        let circle = "const it = {}; it.it = it; spillway('circle', it); spillway(); \
             spillway(Symbol('x')); spillway('signup', {plan: 'pro'}); return null";
        browser.run_script::<Value>(circle).await;
        has_views(&api, &tenant, &[("/app", 2), ("/app/a", 1), ("/app/b", 1)]).await;
        eventually("its own events are counted", async || {
            let expected = json!({"bought": 1, "early": 1, "page_view": 4, "signup": 1});
            (counts(&api, &tenant).await == expected).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reports_only_the_page_and_the_action() {
    let host = deployment::embedded().url();
    let tracker = reqwest::get(format!("{host}/s.js")).await.expect("the tracker");
    let tracker = tracker.text().await.expect("the tracker");
    let body = "<button id=buy data-spillway-event=bought> Buy\nit </button>";
    let pages = [("/", page("", "shop", body)), ("/s.js", tracker)];
    let site = Site::start(&pages).await;
    Browser::run(async |browser| {
        let campaign = "utm_source=letter&utm_term=a+b&ref=x";
        let address = format!("/start?token=secret&{campaign}&xref=secret#secret");
        browser.open(&site.page(&address)).await;
        browser.click("#one").await;
        browser.click("#buy").await;
        let mut received = eventually("three events", async || {
            let received = site.received();
            (received.len() == 3).then_some(received)
        })
        .await;
        // A view waits for its page's title, and a click does not.
        received.sort_by_key(|received| received.body["event_type"] == "bought");
        let mut ids: Vec<_> = received
            .iter_mut()
            .filter_map(|received| received.body.as_object_mut()?.remove("event_id"))
            .collect();
        ids.dedup();
        assert_eq!(ids.len(), 3, "{ids:?}");
        let event = |event_type: &str, path: &str, more: Value| {
            let mut payload = json!({"url": site.page(path), "title": "A site"});
            payload
                .as_object_mut()
                .expect("an object")
                .extend(more.as_object().cloned().unwrap_or_default());
            json!({
                "site_id": "shop", "event_type": event_type, "path": path, "payload": payload,
                "allow": "webdriver,localhost",
            })
        };
        let bodies: Vec<_> = received.iter().map(|received| received.body.clone()).collect();
        let url = site.page(&format!("/start?{campaign}"));
        let from_campaign = json!({"referrer": "", "url": url});
        let from_start = json!({"referrer": site.page("/start")});
        assert_eq!(
            bodies,
            [
                event("page_view", "/start", from_campaign),
                event("page_view", "/one", from_start),
                event("bought", "/one", json!({"element_id": "buy", "text": "Buy\nit"})),
            ]
        );
        for received in received {
            assert_eq!(received.headers["content-type"], "text/plain;charset=UTF-8");
            assert!(!received.headers.contains_key("cookie"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_outlives_the_page_that_sent_it() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    let mut gate = Gate::before(&host).await;
    let body = "<script>addEventListener('pagehide', () => spillway('left'))</script>";
    let site = site(gate.url(), &tenant, body).await;
    Browser::run(async |browser| {
        browser.second_window().await;
        browser.open(&site.page("/")).await;
        has_views(&api, &tenant, &[("/", 1)]).await;
        gate.shut();
        let ordinary = format!("fetch('{}/health', {{mode: 'no-cors'}}); return null", gate.url());
        browser.run_script::<Value>(&ordinary).await;
        gate.is_waited_at().await;
        browser.close_window().await;
        // Here the ordinary request ends with its page, and the event does not.
        gate.is_left().await;
        gate.open();
        eventually("the last event is counted", async || {
            (counts(&api, &tenant).await == json!({"left": 1, "page_view": 1})).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_with_global_privacy_control_is_not_counted() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let (api, site) = (Api::new(host.clone()), site(&host, &tenant, "").await);
    Browser::run(async |browser| {
        let on =
            "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: true})";
        browser.before_pages(on).await;
        browser.open(&site.page("/")).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        let act = "spillway('signup'); history.pushState({}, '', '/next'); return null";
        browser.run_script::<Value>(act).await;
        let sent = "return performance.getEntriesByType('resource').map(entry => entry.name)";
        let loaded: Vec<String> = browser.run_script(sent).await;
        assert!(loaded.iter().all(|url| !url.ends_with("/event")), "{loaded:?}");
    })
    .await;
    // Anything from the browser was sent before this.
    let event = json!({"site_id": tenant, "event_type": "marker"});
    answer(api.request(Method::POST, "/event").json(&event)).await;
    eventually("the marker is counted", async || {
        let counts = counts(&api, &tenant).await;
        (counts["marker"] == 1).then(|| assert_eq!(counts, json!({"marker": 1})))
    })
    .await;
}
