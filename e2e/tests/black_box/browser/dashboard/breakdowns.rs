//! Where visitors come from, what they use, and how that changed, on the dashboard.

use chrono::{TimeDelta, Utc};
use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::browser::Browser;
use e2e::deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{IS_SHOWN, get, number, show, titles};

const ONLY_GOOGLE: &str = "document.getElementById('filtered-text').textContent === 'Filtered by Source: Google' \
    && !document.body.hasAttribute('aria-busy')";

/// A site with views of today and of yesterday.
async fn visited(api: &Api) -> String {
    let tenant = new_tenant();
    let yesterday = Utc::now() - TimeDelta::days(1);
    let view = |user: &str, at: Option<chrono::DateTime<Utc>>, referrer: &str, campaign: &str| {
        json!({"site_id": tenant, "event_type": "view", "user_id": user, "path": "/pricing",
            "timestamp": at, "payload": {"referrer": referrer,
                "url": format!("https://shop.example/pricing?utm_campaign={campaign}")}})
    };
    let google = "https://www.google.com/";
    let views = [
        view("ann", None, google, "may"),
        view("bob", None, google, "may"),
        view("ann", None, "https://news.example/item", "<b>"),
        view("ann", Some(yesterday), google, "april"),
    ];
    for view in &views {
        let agent = "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 \
            (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1";
        let event = api.request(Method::POST, "/event").json(view).header("user-agent", agent);
        let event = event.header("origin", "https://shop.example");
        let sent = answer(event.header("accept-language", "de-AT")).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    }
    let stats = format!("/stats?site_id={tenant}");
    eventually("all views are counted", async || {
        (get(api, &stats).await["total_views"] == 4).then_some(())
    })
    .await;
    tenant
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_where_visitors_come_from_and_what_changed() {
    let host = deployment::embedded().url();
    let api = Api::new(host.clone());
    let tenant = visited(&api).await;
    Browser::run(async |browser| {
        show(browser, &host, &tenant, "today").await;
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        for (dimension, expected) in [
            ("source", vec![["Google", "2", "2", "+100%"], ["news.example", "1", "1", "new"]]),
            ("utm_campaign", vec![["may", "2", "2", "new"], ["<b>", "1", "1", "new"]]),
            ("entry_page", vec![["/pricing", "2", "3", "+200%"]]),
            ("language", vec![["German", "2", "3", "+200%"]]),
            ("browser", vec![["Safari", "2", "3", "+200%"]]),
            ("os", vec![["iOS", "2", "3", "+200%"]]),
            ("device", vec![["Tablet", "2", "3", "+200%"]]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(row).collect();
            let shown = browser.rows(&format!("#{dimension}-table")).await;
            assert_eq!(shown, expected, "{dimension}");
        }
        let hidden = "return document.getElementById('country').hidden";
        assert!(browser.run_script::<bool>(hidden).await, "no country is known");
        assert_eq!(number(browser, "#live").await, 2);
        assert_eq!(browser.text("#views-change").await, "+200% on the day before");
        assert_eq!(browser.text("#visitors-change").await, "+100% on the day before");
        show(browser, &host, &tenant, "7d").await;
        assert_eq!(browser.text("#views-change").await, "none in the 7 days before");
        assert_eq!(browser.rows("#source-table").await[0][..3], ["Google", "2", "3"]);
        assert_eq!(browser.errors().await, [] as [String; 0]);
        let images = "return document.querySelectorAll('main b').length";
        assert_eq!(browser.run_script::<Value>(images).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_on_a_row_shows_only_what_has_it() {
    let host = deployment::embedded().url();
    let api = Api::new(host.clone());
    let tenant = visited(&api).await;
    let signup = json!({"site_id": tenant, "event_type": "signup", "user_id": "bob",
        "payload": {"plan": "<i>pro</i>"}});
    let sent = answer(api.request(Method::POST, "/event").json(&signup)).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    let types = format!("/analytics/event-counts-by-type?tenant_id={tenant}");
    eventually("the event is counted", async || {
        (get(&api, &types).await["signup"] == 1).then_some(())
    })
    .await;
    Browser::run(async |browser| {
        show(browser, &host, &tenant, "7d").await;
        browser.click("#source-table .pick").await;
        browser.until("only Google is shown", ONLY_GOOGLE).await;
        assert_eq!(number(browser, "#views").await, 3);
        // One visitor of yesterday and two of today, who have accounts, in seven days.
        assert_eq!(browser.text("#visitors-label").await, "Visitors a day");
        assert_eq!(browser.text("#visitors").await, "0.4");
        assert_eq!(browser.text("#visitors-different").await, "2 different visitors in all");
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let campaigns = browser.rows("#utm_campaign-table").await;
        assert_eq!(campaigns, [row(&["may", "2", "2"]), row(&["april", "1", "1"])]);
        assert_eq!(browser.rows("#paths-table").await, [row(&["/pricing", "2", "3"])]);
        let address: String = browser.run_script("return location.search").await;
        assert!(address.contains("filter=source%3AGoogle"), "{address}");
        assert_eq!(browser.barriers().await, [] as [String; 0]);
        browser.click("#unfilter").await;
        browser.until("all is shown", &format!("{IS_SHOWN} && document.getElementById('filtered').hidden")).await;
        assert_eq!(number(browser, "#views").await, 4);
        let at_signup = "[...document.querySelectorAll('#types-table .pick')].find((it) => it.textContent === 'signup').click()";
        browser.run_script::<Value>(at_signup).await;
        browser.until("properties are shown", "!document.getElementById('properties').hidden").await;
        assert_eq!(browser.rows("#properties-tables table").await, [row(&["<i>pro</i>", "1", "1"])]);
        browser.back().await;
        browser.until("all is shown", &format!("{IS_SHOWN} && document.getElementById('filtered').hidden")).await;
        assert_eq!(browser.errors().await, [] as [String; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_of_a_browser_are_not_added_up_and_called_visitors() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let api = Api::new(host.clone());
    for at in [Utc::now(), Utc::now() - TimeDelta::days(1)] {
        let view = json!({"site_id": tenant, "event_type": "view", "path": "/x", "timestamp": at,
            "payload": {"referrer": "https://www.google.com/", "url": "https://shop.example/x"}});
        let event = api.request(Method::POST, "/event").json(&view);
        let event = event.header("origin", "https://shop.example");
        let sent = answer(event.header("user-agent", "Mozilla/5.0 Firefox/128.0")).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    }
    let stats = format!("/stats?site_id={tenant}");
    // It is another visitor on the other day, and nobody can tell that it is the same.
    eventually("both views are counted", async || {
        let stats = get(&api, &stats).await;
        (stats["total_views"] == 2 && stats["unique_users"] == 2).then_some(())
    })
    .await;
    Browser::run(async |browser| {
        for filter in ["", "&filter=source:Google"] {
            show(browser, &host, &tenant, &format!("7d{filter}")).await;
            assert_eq!(browser.text("#visitors-label").await, "Visitors a day", "{filter}");
            assert_eq!(browser.text("#visitors").await, "0.3", "{filter}");
            assert_eq!(browser.text("#visitors-different").await, "", "{filter}");
            let names = titles(browser, "#source-table").await;
            assert_eq!(names[..3], ["Source", "Visitors, at most", "Views"], "{filter}");
            show(browser, &host, &tenant, &format!("today{filter}")).await;
            assert_eq!(browser.text("#visitors-label").await, "Visitors", "{filter}");
            assert_eq!(number(browser, "#visitors").await, 1, "{filter}");
            let names = titles(browser, "#source-table").await;
            assert_eq!(names[..3], ["Source", "Visitors", "Views"], "{filter}");
        }
        show(browser, &host, &tenant, "7d&filter=source:Google").await;
        let summary = "return document.getElementById('series-summary').textContent";
        assert_eq!(browser.run_script::<String>(summary).await, "Events on 2 days.");
        show(browser, &host, &tenant, "7d&filter=source:Bing").await;
        assert_eq!(browser.text("#status").await, "No events in this period match.");
    })
    .await;
}
