//! Visits that do not count: they are taken, told, and not counted.

use e2e::api::{Answer, answer, eventually};
use e2e::deployment::Deployment;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::site::{Site, assert_taken};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const BOTS: [&str; 5] = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
];

/// A view of a page, as a browser sends it.
fn view(site: &Site, query: &str, more: Value) -> RequestBuilder {
    let mut event = json!({"site_id": site.name, "event_type": "page_view", "path": "/"});
    event.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    let request = site.api.request(Method::POST, &format!("/event{query}"));
    request.header("content-type", "text/plain").body(event.to_string())
}

fn by(request: RequestBuilder, user_agent: &str, origin: &str) -> RequestBuilder {
    request.header("user-agent", user_agent).header("origin", origin)
}

fn assert_excluded(answer: &Answer, reason: &str) {
    assert_taken(answer, &json!(reason));
    let id = answer.body["event_id"].as_str().expect("an id");
    let body = json!({"status": "accepted", "event_id": id, "counted": false, "reason": reason});
    assert_eq!(answer.body, body);
}

/// No other test sends events that are excluded.
pub(super) async fn a_visit_that_is_none_is_told_and_not_counted(deployment: &Deployment) {
    let (site, shop) = (Site::new(deployment), "https://shop.example");
    let metric = async |reason: &str| {
        site.api.metric(&format!("spillway_events_excluded_total{{reason=\"{reason}\"}}")).await
    };
    let before = (metric("bot").await, metric("localhost").await);
    for bot in BOTS {
        assert_excluded(&answer(by(view(&site, "", json!({})), bot, shop)).await, "bot");
    }
    let firefox =
        |query: &str, more: Value, origin: &str| by(view(&site, query, more), FIREFOX, origin);
    for purpose in ["prefetch", "prefetch;prerender"] {
        let request = firefox("", json!({}), shop).header("sec-purpose", purpose);
        assert_excluded(&answer(request).await, "prefetch");
    }
    for origin in ["http://localhost:3000", "http://127.0.0.1:8000", "http://[::1]"] {
        assert_excluded(&answer(firefox("", json!({}), origin)).await, "localhost");
    }
    let file = json!({"payload": {"url": "file:///home/ann/private.html"}});
    assert_excluded(&answer(firefox("", file, "null")).await, "file");
    for reason in ["frame", "webdriver", "file", "localhost"] {
        let told = firefox("", json!({"excluded": reason}), shop);
        assert_excluded(&answer(told).await, reason);
    }
    for (query, more) in
        [("?allow=localhost,frames", json!({})), ("", json!({"allow": ["localhost"]}))]
    {
        let allowed = answer(firefox(query, more, "http://localhost:3000")).await;
        assert_taken(&allowed, &json!(query));
        assert_eq!(allowed.body.get("counted"), None);
    }
    site.counts(2).await;
    assert_eq!((metric("bot").await, metric("localhost").await), (before.0 + 5.0, before.1 + 4.0));
    let stats = site.stats("").await;
    assert_eq!(stats["total_views"], 2);
    assert!(stats["unique_users"].as_u64() <= Some(1), "two views of one browser");
    let excluded =
        json!({"bot": 5, "file": 2, "frame": 1, "localhost": 4, "prefetch": 2, "webdriver": 1});
    eventually("each is counted by its reason", async || {
        (site.stats("").await["excluded"] == excluded).then_some(())
    })
    .await;
}

pub(super) async fn what_a_client_sends_for_a_user_is_counted_as_it_says(deployment: &Deployment) {
    let site = Site::new(deployment);
    let user = json!({"user_id": "u"});
    for bot in BOTS {
        let request = by(view(&site, "", user.clone()), bot, "http://localhost:3000");
        assert_taken(&answer(request.header("sec-purpose", "prefetch")).await, &json!(bot));
    }
    let nobody = view(&site, "", json!({})).header("user-agent", "curl/8.5.0");
    assert_taken(&answer(nobody).await, &json!("curl"));
    site.counts(6).await;
    assert_eq!(site.stats("").await["unique_users"], 1);
}

pub(super) async fn an_excluded_event_that_is_sent_again_is_counted_once(deployment: &Deployment) {
    let site = Site::new(deployment);
    let request = || view(&site, "", json!({"event_id": "e-1", "excluded": "unseen"}));
    for _ in 0..3 {
        assert_excluded(&answer(request()).await, "unseen");
    }
    let excluded = eventually("it is counted", async || {
        let stats = site.stats("").await;
        stats.get("excluded").filter(|excluded| **excluded != json!({})).cloned()
    })
    .await;
    assert_eq!(excluded, json!({"unseen": 1}));
    site.api.assert_untouched(&site.name).await;
    assert_eq!(site.total("").await, 0);
}
