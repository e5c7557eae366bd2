//! Visits that do not count are not counted, and reported by their reason.

use std::fs;

use e2e::browser::{Browser, Site};
use serde_json::{Value, json};

use super::{ALLOWED, heard, hearing, hears, own_tracker};

/// Asserts that what was left out says nothing about the page.
fn assert_bare(site: &Site) {
    for received in site.received() {
        let body = received.body;
        if body.get("excluded").is_some() {
            assert_eq!((body.get("path"), body.get("payload")), (None, None), "{body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn automated_browsers_and_localhost_are_left_out_unless_the_page_allows_them() {
    for (options, reason) in [("", "webdriver"), ("data-allow=webdriver", "localhost")] {
        let site = hearing(&[("/", own_tracker(options))]).await;
        Browser::run(async |browser| {
            browser.open(&site.page("/")).await;
            hears(&site, "/excluded", &[reason]).await;
            browser.run_script::<Value>("spillway('signup'); return null").await;
            hears(&site, "/excluded", &[reason, reason]).await;
            assert_bare(&site);
            let said = browser.warnings().await;
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].contains(reason) && said[0].contains("data-allow"), "{said:?}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_in_frames_are_left_out_unless_the_page_allows_them() {
    let around =
        format!("{}<iframe src=/inner></iframe><iframe src=/other></iframe>", own_tracker(ALLOWED));
    let site = hearing(&[
        ("/", around),
        ("/inner", own_tracker(ALLOWED)),
        ("/other", own_tracker("data-allow=\"webdriver, localhost, frames\"")),
    ])
    .await;
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        hears(&site, "/excluded", &["frame"]).await;
        hears(&site, "/path", &["/", "/other"]).await;
        assert_bare(&site);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_from_a_disk_is_left_out_and_its_path_stays_there() {
    let site = hearing(&[("/", String::new())]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("private.html");
    let page = format!(
        "<!doctype html><title>Private</title>\
         <script defer data-site=shop data-allow=webdriver src=\"{}\"></script>",
        site.page("/s.js")
    );
    fs::write(&path, page).expect("a file");
    Browser::run(async |browser| {
        browser.open(&format!("file://{}", path.display())).await;
        hears(&site, "/excluded", &["file"]).await;
        let body = site.received()[0].body.clone();
        assert!(!body.to_string().to_lowercase().contains("private"), "{body}");
        assert_bare(&site);
        // The site does not allow pages of other origins to read its answers.
        browser.errors().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_counts_when_it_is_looked_at_and_not_if_it_never_is() {
    let hidden =
        "<script>Object.defineProperty(document, 'hidden', { get: () => !window.isSeen })</script>";
    let site = hearing(&[("/", format!("{hidden}{}", own_tracker(ALLOWED)))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/never")).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        browser.open(&site.page("/later")).await;
        hears(&site, "/excluded", &["unseen"]).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        browser.run_script::<Value>("spillway('held'); return null").await;
        assert_eq!(heard(&site, "/path"), [] as [String; 0]);
        let see = "window.isSeen = true;\
             document.dispatchEvent(new Event('visibilitychange')); return null";
        browser.run_script::<Value>(see).await;
        hears(&site, "/path", &["/later", "/later"]).await;
        assert_bare(&site);
    })
    .await;
    let site = hearing(&[(
        "/",
        format!("{hidden}{}", own_tracker("data-allow=\"webdriver,localhost,unseen\"")),
    )])
    .await;
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        hears(&site, "/path", &["/"]).await;
        assert_eq!(site.received()[0].body.get("excluded").unwrap_or(&json!(null)), &json!(null));
    })
    .await;
}
