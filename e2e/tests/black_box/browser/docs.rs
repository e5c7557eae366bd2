//! The page of the API: it shows every operation, and sends requests.

use e2e::api::Api;
use e2e::browser::Browser;
use e2e::deployment::{self, Deployment};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// The selector of an operation, made of its tag and name.
const HEALTH: &str = "#operations-service-getHealth";

async fn show(browser: &Browser, host: &str) {
    let description = Api::new(host.to_owned()).get("/openapi.json").await.body;
    let paths = description["paths"].as_object().expect("paths").values();
    let operations: usize = paths.filter_map(|path| Some(path.as_object()?.len())).sum();
    browser.open(&format!("{host}/docs")).await;
    let all = format!("document.querySelectorAll('.opblock').length === {operations}");
    browser.until("every operation is shown", &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_api_shows_every_operation_and_tries_one() {
    let host = deployment::embedded().url();
    Browser::run(async |browser| {
        show(browser, &host).await;
        browser.click(&format!("{HEALTH} .opblock-summary-control")).await;
        let execute = format!("{HEALTH} .execute");
        browser.until("it can be sent", &format!("document.querySelector('{execute}')")).await;
        browser.click(&execute).await;
        let status = format!("{HEALTH} .live-responses-table .response .response-col_status");
        let is_ok = format!("document.querySelector('{status}')?.innerText.startsWith('200')");
        browser.until("its answer is shown", &is_ok).await;
        let shown = browser.text(&format!("{HEALTH} .live-responses-table")).await;
        assert!(shown.contains("\"status\": \"ok\""), "{shown}");
    })
    .await;
}

/// Sends the operation's example, with `path` in place of its path, and waits for the answer.
async fn try_event(browser: &Browser, operation: &str, path: &str) {
    // React hears of a change only through the field's own setter.
    let change = format!(
        "const body = document.querySelector('{operation} textarea.body-param__text');\
         const event = {{ ...JSON.parse(body.value), path: {} }};\
         Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')\
           .set.call(body, JSON.stringify(event));\
         body.dispatchEvent(new Event('input', {{ bubbles: true }})); return null",
        json!(path)
    );
    browser.run_script::<Value>(&change).await;
    browser.click(&format!("{operation} .execute")).await;
    let sent = format!("document.querySelector('{operation} .curl')?.innerText.includes('{path}')");
    browser.until("it is sent", &sent).await;
    let status = format!("{operation} .live-responses-table .response .response-col_status");
    let is_taken = format!("document.querySelector('{status}')?.innerText.startsWith('202')");
    browser.until("it is accepted", &is_taken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_events_that_are_tried_out_are_two_events() {
    let deployment = Deployment::embedded(Vec::new()).await;
    let (host, api) = (deployment.url(), Api::new(deployment.url()));
    Browser::run(async |browser| {
        show(browser, &host).await;
        let operation = "#operations-events-postSiteEvent";
        browser.click(&format!("{operation} .opblock-summary-control")).await;
        let body = format!("document.querySelector('{operation} textarea.body-param__text')");
        browser.until("it can be sent", &body).await;
        let filled: Vec<String> = browser
            .run_script(&format!(
                "return [...document.querySelectorAll('{operation} .parameters input')]\
                   .map(field => field.value).filter(Boolean)"
            ))
            .await;
        assert_eq!(filled, [] as [String; 0], "optional parameters are filled in");
        for path in ["/first", "/second"] {
            try_event(browser, operation, path).await;
        }
    })
    .await;
    let stats = e2e::api::eventually("both are counted", async || {
        let stats = api.get("/stats?site_id=acme").await;
        assert_eq!(stats.status, StatusCode::OK);
        (stats.body["total_views"] == 2).then_some(stats.body)
    })
    .await;
    let paths = json!([{"path": "/first", "views": 1}, {"path": "/second", "views": 1}]);
    assert_eq!(stats["top_paths"], paths);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_api_has_no_serious_barriers() {
    let host = deployment::embedded().url();
    Browser::run(async |browser| {
        for (width, is_dark) in [(1_280, false), (1_280, true), (390, false)] {
            browser.look(width, 900, is_dark).await;
            show(browser, &host).await;
            // The moderate ones are about headings and landmarks, which are Swagger UI's own.
            let barriers = browser.barriers().await.into_iter();
            let serious: Vec<_> = barriers.filter(|it| !it.starts_with("moderate ")).collect();
            assert_eq!(serious, [] as [String; 0], "{width} {is_dark}");
        }
    })
    .await;
}
