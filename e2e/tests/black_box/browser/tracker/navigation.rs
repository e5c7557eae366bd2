//! Every way of navigating within a page is seen once.

use e2e::browser::Browser;
use serde_json::{Value, json};

use super::{ALLOWED, heard, hearing, hears, own_tracker};

async fn run(browser: &Browser, script: &str) {
    browser.run_script::<Value>(&format!("{script}; return null")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_that_kept_the_browsers_own_push_state_is_seen() {
    let kept = "<script>const push = history.pushState.bind(history)</script>";
    let site = hearing(&[("/", format!("{kept}{}", own_tracker(ALLOWED)))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/start")).await;
        run(browser, "push({}, '', '/a'); push({}, '', '/b')").await;
        hears(&site, "/path", &["/a", "/b", "/start"]).await;
        let (a, start) = (site.page("/a"), site.page("/start"));
        hears(&site, "/payload/referrer", &["", &a, &start]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn navigations_that_a_page_intercepts_are_seen() {
    let links = "<a id=x href=/x>x</a><a id=y href=/y>y</a>";
    let intercept = "<script>navigation.addEventListener('navigate', event => \
         event.intercept({ handler: async () => {} }))</script>";
    let page = format!("{}{links}{intercept}", own_tracker(ALLOWED));
    let site = hearing(&[("/", page)]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/start")).await;
        browser.click("#x").await;
        browser.click("#y").await;
        browser
            .run_script::<Value>("return navigation.navigate('/z').finished.then(() => null)")
            .await;
        browser.run_script::<Value>("return navigation.back().finished.then(() => null)").await;
        hears(&site, "/path", &["/start", "/x", "/y", "/y", "/z"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_navigation_api_every_way_is_seen_too() {
    let older = "<script>Object.defineProperty(window, 'navigation', { value: undefined });\
         const push = history.pushState.bind(history)</script>";
    let site = hearing(&[("/", format!("{older}{}", own_tracker(ALLOWED)))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/start")).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        run(browser, "history.pushState({}, '', '/a'); history.pushState({}, '', '/b')").await;
        run(browser, "history.replaceState({}, '', '/c'); push({}, '', '/d')").await;
        hears(&site, "/path", &["/a", "/c", "/d", "/start"]).await;
        browser.back().await;
        hears(&site, "/path", &["/a", "/c", "/c", "/d", "/start"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_within_a_second_is_the_same_view() {
    let redirect =
        "<script>addEventListener('load', () => history.replaceState({}, '', '/en/'))</script>";
    let site = hearing(&[("/", format!("{}{redirect}", own_tracker(ALLOWED)))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        hears(&site, "/path", &["/en/"]).await;
        // Later it is another page.
        run(browser, "history.replaceState({}, '', '/en/later')").await;
        hears(&site, "/path", &["/en/", "/en/later"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_has_the_title_that_its_page_sets() {
    let site = hearing(&[("/", own_tracker(ALLOWED))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/")).await;
        hears(&site, "/payload/title", &["A site"]).await;
        let late = "history.pushState({}, '', '/next');\
             setTimeout(() => { document.title = 'Next' }, 30)";
        run(browser, late).await;
        hears(&site, "/payload/title", &["A site", "Next"]).await;
        // A page that is left at once is sent at once.
        run(browser, "history.pushState({}, '', '/last'); document.title = 'Last'").await;
        browser.open("about:blank").await;
        hears(&site, "/payload/title", &["A site", "Last", "Next"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hash_routes_are_pages_where_the_site_says_so() {
    let site = hearing(&[
        ("/", own_tracker(&format!("{ALLOWED} data-hash"))),
        ("/plain", own_tracker(ALLOWED)),
    ])
    .await;
    Browser::run(async |browser| {
        browser.open(&site.page("/app/")).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        run(browser, "location.hash = '#/users/1?secret=1'").await;
        run(browser, "location.hash = '#!/settings'").await;
        hears(&site, "/path", &["/app/", "/app/settings", "/app/users/1"]).await;
        browser.open(&site.page("/plain")).await;
        run(browser, "location.hash = '#/users/1'; history.pushState({}, '', '/end')").await;
        let all = ["/app/", "/app/settings", "/app/users/1", "/end", "/plain"];
        hears(&site, "/path", &all).await;
        let bodies: Vec<_> = site.received().into_iter().map(|received| received.body).collect();
        assert!(!json!(bodies).to_string().contains("secret"), "{bodies:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prerendered_page_counts_when_it_is_shown() {
    let prerendering = "<script>Object.defineProperty(document, 'prerendering', \
         { get: () => !window.isShown })</script>";
    let site = hearing(&[("/", format!("{prerendering}{}", own_tracker(ALLOWED)))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/never-shown")).await;
        browser.open(&site.page("/shown")).await;
        browser.until("the tracker is there", "window.spillway?.version").await;
        run(browser, "spillway('early')").await;
        let show = "window.isShown = true; document.dispatchEvent(new Event('prerenderingchange'))";
        run(browser, show).await;
        hears(&site, "/event_type", &["early", "page_view"]).await;
        assert_eq!(heard(&site, "/path"), ["/shown", "/shown"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_out_of_the_back_forward_cache_is_a_view_from_where_it_came_at_first() {
    let link = "<a id=link href=/page>Page</a>";
    let site = hearing(&[("/", format!("{}{link}", own_tracker(ALLOWED)))]).await;
    Browser::run(async |browser| {
        browser.open(&site.page("/start")).await;
        browser.click("#link").await;
        browser.until("the page is there", "location.pathname === '/page'").await;
        let back = "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
        run(browser, back).await;
        let start = site.page("/start");
        hears(&site, "/payload/referrer", &["", &start, &start]).await;
        hears(&site, "/path", &["/page", "/page", "/start"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_to_a_page_that_the_browser_kept_whole_is_a_view() {
    let link = "<a id=link href=/page>Page</a>";
    let site = hearing(&[("/", format!("{}{link}", own_tracker(ALLOWED)))]).await;
    Browser::run_whole(async |browser| {
        browser.open(&site.page("/start")).await;
        run(browser, "window.isKept = true").await;
        hears(&site, "/path", &["/start"]).await;
        browser.click("#link").await;
        browser.until("the page is there", "location.pathname === '/page'").await;
        hears(&site, "/path", &["/page", "/start"]).await;
        browser.back().await;
        browser.until("it is back", "location.pathname === '/start'").await;
        assert!(browser.run_script::<bool>("return Boolean(window.isKept)").await, "it was kept");
        hears(&site, "/path", &["/page", "/start", "/start"]).await;
    })
    .await;
}
