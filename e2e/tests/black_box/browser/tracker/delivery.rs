//! An event that cannot be sent is sent again, and clicks are what the page shows.

use std::collections::HashSet;
use std::time::Duration;

use e2e::api::{eventually, new_tenant};
use e2e::browser::{Browser, Site};
use e2e::deployment;
use serde_json::Value;

use super::{ALLOWED, heard, hearing, hears, own_tracker, page, said};

/// How long a page waited before each request with a body after the first.
fn waits(site: &Site) -> Vec<Duration> {
    let at: Vec<_> = site.received().iter().map(|received| received.at).collect();
    at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_event_is_sent_again_under_its_id() {
    let site = hearing(&[("/", own_tracker(ALLOWED))]).await;
    site.refuse(&["503 Busy"; 2]);
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        hears(&site, "/path", &["/"]).await;
        let received = site.received();
        let refused = received.iter().filter(|received| received.is_refused).count();
        let ids: HashSet<_> = received.iter().map(|it| it.body["event_id"].to_string()).collect();
        assert_eq!((refused, ids.len()), (2, 1), "{ids:?}");
        // The second wait is twice as long.
        let waits = waits(&site);
        assert!(
            waits[0] >= Duration::from_secs(1) && waits[1] >= Duration::from_secs(2),
            "{waits:?}"
        );
        let errors = browser.errors().await;
        assert!(errors.iter().all(|error| error.contains("status of 503")), "{errors:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_waits_for_as_long_as_it_is_told() {
    let site = hearing(&[("/", own_tracker(ALLOWED))]).await;
    site.refuse(&["503 Busy\r\nretry-after: 3"]);
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        hears(&site, "/path", &["/"]).await;
        let waits = waits(&site);
        assert!(waits[0] >= Duration::from_secs(3), "{waits:?}");
        let errors = browser.errors().await;
        assert!(errors.iter().all(|error| error.contains("status of 503")), "{errors:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_event_is_said_with_what_is_wrong_and_not_sent_again() {
    let (host, tenant) = (deployment::embedded().url(), new_tenant());
    let site = Site::start(&[("/", page(&host, &tenant, ""))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        browser.run_script::<Value>("spillway(''); return null").await;
        let said = said(browser).await;
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("an event was refused (400): event_type must not be empty"),
            "{said:?}"
        );
    })
    .await;
    // An answer that is not Spillway's.
    let site = hearing(&[("/", own_tracker(ALLOWED))]).await;
    site.refuse(&["400 Bad Request"]);
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        let said = said(browser).await;
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("an event was refused (400): see its answer"), "{said:?}");
        browser.run_script::<Value>("spillway('next'); return null").await;
        hears(&site, "/event_type", &["next"]).await;
        assert_eq!(site.received().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_error_is_tried_again() {
    let site = hearing(&[("/", own_tracker(ALLOWED))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        let offline = "const real = fetch; window.tries = 0;\
             window.fetch = (...given) => ++tries < 4 ? Promise.reject(new TypeError('x')) \
             : real(...given); return null";
        browser.run_script::<Value>(offline).await;
        hears(&site, "/path", &["/"]).await;
        assert_eq!(browser.run_script::<u64>("return tries").await, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_browser_will_not_keep_alive_is_sent_all_the_same() {
    // Another script's request takes nearly all of what a browser keeps alive.
    let busy = "<script>fetch('/other', { method: 'POST', keepalive: true, body: 'x'.repeat(65500) })</script>";
    let site = hearing(&[("/", format!("{busy}{}", own_tracker(ALLOWED)))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        let large = "for (const n of [1, 2, 3, 4]) spillway('large', { n, text: 'x'.repeat(20000) });\
             return null";
        browser.run_script::<Value>(large).await;
        hears(&site, "/event_type", &["large", "large", "large", "large", "page_view"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_50_events_wait() {
    let site = hearing(&[("/", own_tracker(ALLOWED))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        hears(&site, "/event_type", &["page_view"]).await;
        let flood = "const real = fetch; let isDown = true;\
             window.fetch = (...given) => isDown ? Promise.reject(new TypeError('x')) : real(...given);\
             for (let n = 0; n < 200; n++) spillway('many'); isDown = false; return null";
        browser.run_script::<Value>(flood).await;
        eventually("50 events", async || (heard(&site, "/event_type").len() >= 51).then_some(())).await;
        browser.run_script::<Value>("spillway('last'); return null").await;
        eventually("the last one", async || {
            heard(&site, "/event_type").iter().any(|it| it == "last").then_some(())
        })
        .await;
        assert_eq!(heard(&site, "/event_type").iter().filter(|it| *it == "many").count(), 50);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_of_every_kind_name_their_element() {
    let text = format!("{}\u{1f600}y", "x".repeat(99));
    let body = format!(
        "<meta charset=utf-8>{}<form data-spillway-event=form><input name=id><b id=inner>In</b></form>\
         <button id=long data-spillway-event=long>{text}</button><div id=host></div>\
         <a id=middle href=/x data-spillway-event=middle>Middle</a>\
         <input id=value type=button value=Sell data-spillway-event=value>\
         <input id=typed value=secret data-spillway-event=typed>\
         <script>document.getElementById('host').attachShadow({{ mode: 'open' }}).innerHTML = \
         '<p id=deep data-spillway-event=deep>Deep</p>'</script>",
        own_tracker(ALLOWED)
    );
    let site = hearing(&[("/", body)]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        browser.click("#inner").await;
        browser.click("#long").await;
        browser.click("#value").await;
        browser.click("#typed").await;
        let others = "document.getElementById('host').shadowRoot.querySelector('p').click();\
             for (const button of [1, 2]) document.getElementById('middle').dispatchEvent(\
             new MouseEvent('auxclick', { button, bubbles: true, composed: true })); return null";
        browser.run_script::<Value>(others).await;
        let types = ["deep", "form", "long", "middle", "page_view", "typed", "value"];
        hears(&site, "/event_type", &types).await;
        let ids = ["deep", "long", "middle", "typed", "value"];
        assert_eq!(heard(&site, "/payload/element_id"), ids);
        let cut = format!("{}\u{1f600}", "x".repeat(99));
        assert_eq!(heard(&site, "/payload/text"), ["", "Deep", "In", "Middle", "Sell", &cut]);
    })
    .await;
}
