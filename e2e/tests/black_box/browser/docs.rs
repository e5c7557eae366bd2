//! The page of the API: it shows every operation, and sends requests.

use e2e::api::Api;
use e2e::browser::Browser;
use e2e::deployment;

/// The selector of an operation, made of its tag and name.
const HEALTH: &str = "#operations-service-getHealth";

async fn show(browser: &Browser, host: &str) {
    let description = Api::new(host.to_owned()).get("/openapi.json").await.body;
    let operations = description["paths"].as_object().expect("paths").len();
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
