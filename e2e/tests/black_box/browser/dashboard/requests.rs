//! The requests of access logs on the dashboard.

use chrono::Utc;
use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::browser::Browser;
use e2e::deployment;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{get, number, rows, show};

/// A tenant with requests of these statuses, now.
async fn logged(api: &Api, statuses: &[Option<u16>]) -> String {
    let tenant = new_tenant();
    let entry = |(n, status): (usize, &Option<u16>)| {
        json!({"receivedAt": Utc::now(), "method": "GET", "path": "/a", "status": status,
            "referer": format!("https://r{}.example/", n % 2)})
    };
    let entries: Vec<Value> = statuses.iter().enumerate().map(entry).collect();
    let logs = api.request(Method::POST, "/logs").header("x-tenant-id", &tenant).json(&entries);
    assert_eq!(answer(logs).await.status, StatusCode::ACCEPTED);
    let path = format!("/logs/stats?tenant_id={tenant}&grain=day");
    eventually("the requests are counted", async || {
        (get(api, &path).await["windows"] != json!([])).then_some(())
    })
    .await;
    tenant
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_the_status_classes_of_the_api() {
    let host = deployment::embedded().url();
    let api = Api::new(host.clone());
    let statuses = [Some(404), Some(200), Some(503), Some(204), None, Some(500), Some(304)];
    let tenant = logged(&api, &statuses).await;
    Browser::run(async |browser| {
        show(browser, &host, &tenant, "today").await;
        let path = format!("/logs/stats?tenant_id={tenant}&grain=day");
        let window = get(&api, &path).await["windows"][0].clone();
        let classes = ["2xx", "3xx", "4xx", "5xx", "unknown"];
        let of_api = classes.map(|class| window["status"][class].to_string());
        assert_eq!(of_api, ["2", "1", "1", "2", "1"]);
        let shown = browser.rows("#statuses-table").await;
        let names = ["2xx", "3xx", "4xx", "5xx", "No status"];
        let expected = names.into_iter().zip(of_api);
        let expected: Vec<_> = expected.map(|(name, count)| vec![name.to_owned(), count]).collect();
        assert_eq!(shown, expected);
        let sum: u64 = shown.iter().filter_map(|row| row[1].parse::<u64>().ok()).sum();
        assert_eq!(number(browser, "#requests-number").await, sum);
        let referers = rows(&window["referers"], "referer", "count");
        assert_eq!(browser.rows("#referers-table").await, referers);
        assert_eq!(browser.errors().await, [] as [String; 0]);
    })
    .await;
}
