//! Anybody can use the pages, also on a phone.

use e2e::api::{Api, new_tenant};
use e2e::browser::Browser;
use e2e::deployment;
use serde_json::Value;

use super::{IS_SHOWN, filled, guidance};

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_have_no_accessibility_violations() {
    let host = deployment::embedded().url();
    let tenant = filled(&host).await;
    let excluded = new_tenant();
    guidance::prefetch(&Api::new(host.clone()), &excluded, 2).await;
    Browser::run(async |browser| {
        for (width, is_dark) in [(1_280, false), (1_280, true), (390, false)] {
            browser.look(width, 900, is_dark).await;
            let none = new_tenant();
            for address in [
                format!("tenant={tenant}&period=7d"),
                "".into(),
                format!("tenant={none}"),
                format!("tenant={excluded}"),
                format!("tenant={tenant}&period=custom&from=abc"),
                format!("tenant={tenant}&period=30d&filter=event:click"),
            ] {
                browser.open(&format!("{host}/dashboard?{address}")).await;
                browser.until("the dashboard is shown", IS_SHOWN).await;
                browser.run_script::<Value>(OPEN_ALL).await;
                assert_eq!(
                    browser.barriers().await,
                    [] as [String; 0],
                    "{width} {is_dark} {address}"
                );
                assert_fits(browser, width).await;
            }
            browser.open(&format!("{host}/demo?tenant={tenant}")).await;
            browser.until("the view is answered", "document.querySelector('#answers li')").await;
            assert_eq!(browser.barriers().await, [] as [String; 0], "{width} {is_dark}");
            assert_fits(browser, width).await;
        }
    })
    .await;
}

const OPEN_ALL: &str =
    "document.querySelectorAll('details').forEach(it => { it.open = true }); return null";

/// Asserts that the page needs no scrolling sideways.
async fn assert_fits(browser: &Browser, width: u32) {
    let wide: u32 = browser.run_script("return document.documentElement.scrollWidth").await;
    assert!(wide <= width, "{wide} > {width}");
}
