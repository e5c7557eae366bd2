//! A dashboard that is shared by a link: it opens the statistics of its site, and nothing else.

use e2e::api::{Api, answer};
use e2e::books::spillway;
use e2e::browser::Browser;
use e2e::deployment::{Deployment, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::site::Site;

const TOKEN: &str = "the-token-of-the-operator";
const READ_TOKEN: &str = "the-token-of-all-readers";
const SHARED: &str = "the-token-of-one-dashboard";

e2e::in_both_modes!(
    with_tokens;
    the_token_of_a_dashboard_opens_the_statistics_of_its_site_alone,
);

fn with_tokens() -> Settings {
    vec![("ADMIN_TOKEN", TOKEN.to_owned()), ("READ_TOKEN", READ_TOKEN.to_owned())]
}

async fn status(api: &Api, method: Method, path: &str, token: &str) -> u16 {
    answer(api.request(method, path).bearer_auth(token)).await.status.as_u16()
}

async fn set(site: &Site, settings: Value) {
    let request = site.api.request(Method::PUT, &site.path()).bearer_auth(TOKEN);
    let answer = answer(request.json(&settings)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

async fn the_token_of_a_dashboard_opens_the_statistics_of_its_site_alone(deployment: Deployment) {
    let (site, other) = (Site::new(&deployment), Site::new(&deployment));
    let get = async |path: &str| status(&site.api, Method::GET, path, SHARED).await;
    let stats = |site: &Site, path: &str| format!("{path}site_id={}", site.name);
    let statistics = [
        "/stats?",
        "/stats/?",
        "/stats/series?",
        "/stats/breakdown?dimension=os&",
        "/stats/filtered?filter=os:Linux&",
        "/stats/visits?",
        "/stats/live?",
        "/stats/today?",
        "/analytics/event-counts?",
        "/analytics/event-counts-by-type?",
    ];
    for path in statistics {
        assert_eq!(get(&stats(&site, path)).await, 401, "{path} is not shared yet");
    }
    set(&site, json!({"dashboard_token": SHARED})).await;
    set(&other, json!({"dashboard_token": "the-token-of-another-one"})).await;
    for path in statistics {
        assert_eq!(get(&stats(&site, path)).await, 200, "{path}");
        assert_eq!(get(&stats(&other, path)).await, 401, "{path} of another site");
    }
    let records = ["events", "processed_logs", "quarantine", "export", "settings", "events/e-1"];
    let records = records.map(|name| format!("/tenants/{}/{name}", site.name));
    for path in records.iter().map(String::as_str).chain(["/tenants", "/metrics", "/stats"]) {
        assert_eq!(get(path).await, 401, "{path}");
    }
    assert_eq!(get(&stats(&site, "/logs/stats?")).await, 401);
    assert_eq!(
        status(&site.api, Method::DELETE, &format!("/tenants/{}", site.name), SHARED).await,
        401
    );
    set(&site, json!({})).await;
    assert_eq!(get(&stats(&site, "/stats?")).await, 401, "it is not shared any more");
    for token in ["short", "with a blank in between", "x".repeat(129).as_str()] {
        let request = site.api.request(Method::PUT, &site.path()).bearer_auth(TOKEN);
        let refused = answer(request.json(&json!({"dashboard_token": token}))).await;
        refused.assert_problem(token, 400, "out-of-range");
    }
}

/// Who opens the link sees the numbers of the site, and is asked for no token.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_a_link_that_shows_the_dashboard() {
    let deployment = Deployment::embedded(with_tokens()).await;
    let Deployment::Embedded(embedded) = &deployment else { panic!("another mode") };
    let (site, url) = (Site::new(&deployment), deployment.url());
    site.views(&["/a", "/a", "/b"]).await;
    let share = async |options: &[&str]| {
        let words =
            [&["site", "share", &site.name, "--target", &url, "--token", TOKEN], options].concat();
        let output = spillway(embedded.folder(), &words).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a text").trim().to_owned()
    };
    let link = share(&[]).await;
    assert!(link.starts_with(&format!("{url}/dashboard?tenant={}#token=", site.name)), "{link}");
    assert_eq!(share(&[]).await, link, "the same each time");
    Browser::run(async |browser| {
        browser.open(&link).await;
        browser
            .until("the numbers are shown", "document.getElementById('views').textContent === '3'")
            .await;
        browser.until("everything is loaded", "!document.body.hasAttribute('aria-busy')").await;
        assert_eq!(browser.rows("#paths-table").await, [["/a", "2"], ["/b", "1"]]);
        browser.click("#paths-table .pick").await;
        browser
            .until("a page is chosen", "document.getElementById('views').textContent === '2'")
            .await;
        assert_eq!(browser.errors().await, [] as [String; 0]);
    })
    .await;
    let renewed = share(&["--renew"]).await;
    assert_ne!(renewed, link);
    let token = |link: &str| link.split_once("#token=").expect("a token").1.to_owned();
    let stats = format!("/stats?site_id={}", site.name);
    for (link, expected) in [(&link, 401), (&renewed, 200)] {
        assert_eq!(status(&site.api, Method::GET, &stats, &token(link)).await, expected);
    }
    share(&["--stop"]).await;
    assert_eq!(status(&site.api, Method::GET, &stats, &token(&renewed)).await, 401);
}
