//! The demo: it sends events through its service worker, and shows the answers and the counts.

use e2e::api::{Api, eventually, new_tenant};
use e2e::browser::Browser;
use e2e::deployment;
use serde_json::json;

async fn has_counts(browser: &Browser, rows: &[[&str; 2]]) {
    eventually(&format!("the page shows {rows:?}"), async || {
        (browser.rows("main table").await == rows).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_a_click_and_a_location_are_sent_and_counted() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    Browser::run(async |browser| {
        let grant = json!({"origin": host, "permissions": ["geolocation"]});
        browser.devtools("Browser.grantPermissions", grant).await;
        let place = json!({"latitude": 47.37, "longitude": 8.54, "accuracy": 12});
        browser.devtools("Emulation.setGeolocationOverride", place).await;
        browser.open(&format!("{host}/demo?tenant={tenant}")).await;
        has_counts(browser, &[["view", "1"]]).await;
        browser.click("#click-me").await;
        has_counts(browser, &[["click", "1"], ["view", "1"]]).await;
        browser.click("#get-location").await;
        has_counts(browser, &[["click", "1"], ["location", "1"], ["view", "1"]]).await;
        let answers = browser.text("#answers").await;
        let lines: Vec<_> = answers.lines().collect();
        assert_eq!(lines.len(), 3, "{answers}");
        for (line, event_type) in lines.iter().zip(["location", "click", "view"]) {
            let accepted = format!("{event_type}: 202 {{\"status\":\"accepted\",\"event_id\":");
            assert!(line.starts_with(&accepted), "{answers}");
        }
    })
    .await;
    let stats = Api::new(host).get(&format!("/stats?site_id={tenant}")).await.body;
    assert_eq!(stats["top_paths"], json!([{"path": "/demo", "views": 1}]));
    assert_eq!(stats["unique_users"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_location_is_shown_and_not_sent() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    Browser::run(async |browser| {
        let deny = json!({
            "permission": {"name": "geolocation"}, "setting": "denied", "origin": host,
        });
        browser.devtools("Browser.setPermission", deny).await;
        browser.open(&format!("{host}/demo?tenant={tenant}")).await;
        has_counts(browser, &[["view", "1"]]).await;
        browser.click("#get-location").await;
        browser.until("the denial is shown", "document.querySelector('#answers .bad')").await;
        let said = browser.text("#answers .bad").await;
        assert!(said.starts_with("location: "), "{said}");
        // The next event that is counted is the click after it.
        browser.click("#click-me").await;
        has_counts(browser, &[["click", "1"], ["view", "1"]]).await;
    })
    .await;
}
