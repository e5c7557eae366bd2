//! However a page loads the tracker, it works, or says once what to do.

use e2e::browser::Browser;
use serde_json::Value;

use super::{ALLOWED, hearing, hears, own_tracker, said};

const QUERY: &str = "allow=webdriver,localhost";

/// What the console says about the tracker of a page with this markup.
async fn said_of(markup: &str) -> Vec<String> {
    let site = hearing(&[("/", format!("<link rel=icon href=data:,>{markup}"))]).await;
    let mut all = Vec::new();
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        all = said(browser).await;
        assert_eq!(site.received().len(), 0);
    })
    .await;
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_imports_and_tag_managers_count_like_a_script_element() {
    let inserted = format!(
        "<script>const it = document.createElement('script'); it.dataset.site = 'shop';\
         it.src = '/s.js?{QUERY}'; document.head.append(it)</script>"
    );
    // Tag managers may drop the attributes, or run the text of a script.
    let without = format!(
        "<script>const it = document.createElement('script');\
         it.src = '/s.js?site=shop&{QUERY}'; document.head.append(it)</script>"
    );
    let evaluated = format!(
        "<script type=text/later data-site=shop {ALLOWED} src=/s.js></script><script>\
         fetch('/s.js').then(it => it.text()).then(text => (0, eval)(text))</script>"
    );
    let ways = [
        format!("<script type=module data-site=shop {ALLOWED} src=/s.js></script>"),
        format!("<script type=module data-site=shop {ALLOWED}>import '/s.js'</script>"),
        format!("<script>import('/s.js?site=shop&{QUERY}')</script>"),
        inserted,
        without,
        evaluated,
    ];
    for way in ways {
        let site = hearing(&[("/", format!("<link rel=icon href=data:,>{way}"))]).await;
        Browser::run(async |browser| {
            browser.open(&site.page("/")).await;
            hears(&site, "/site_id", &["shop"]).await;
            assert_eq!(browser.warnings().await, [] as [String; 0], "{way}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_count_for_two_sites_and_each_only_once() {
    for kind in ["", "type=module "] {
        let options = format!("{kind}{ALLOWED}");
        let first = own_tracker(&options);
        let other = format!("<script defer data-site=other {options} src=/s.js></script>");
        let site = hearing(&[("/", format!("{first}{other}{first}"))]).await;
        Browser::run(async |browser| {
            browser.open(&site.page("/")).await;
            browser.until("the tracker is there", "window.spillway?.version").await;
            browser.run_script::<Value>("spillway('signup'); return null").await;
            hears(&site, "/site_id", &["other", "other", "shop", "shop"]).await;
            hears(&site, "/event_type", &["page_view", "page_view", "signup", "signup"]).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_names_no_site_says_once_what_to_do() {
    for markup in [
        "<script defer src=/s.js></script>",
        "<script>import('/s.js')</script>",
        "<script type=module src=/s.js></script>",
    ] {
        let said = said_of(markup).await;
        assert_eq!(said.len(), 1, "{markup}: {said:?}");
        assert!(said[0].contains("data-site") && said[0].contains("?site="), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_site_can_have_is_said_once_with_what_a_name_is() {
    for name in ["localhost:3000", "example.com/shop", "b\u{fc}cher.example", "-shop"] {
        let script = format!("<script defer data-site=\"{name}\" src=/s.js></script>");
        let said = said_of(&format!("<meta charset=utf-8>{script}{script}")).await;
        assert_eq!(said.len(), 1, "{name}: {said:?}");
        let expected = [
            &format!("nothing is counted: \\\"{name}\\\" cannot name a site."),
            "Use letters, digits, and . _ - between them.",
            "Add data-site=",
        ];
        assert!(expected.iter().all(|part| said[0].contains(part)), "{name}: {said:?}");
    }
}
