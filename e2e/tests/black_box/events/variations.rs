//! The ways in which people write the same few events by hand: each is taken and counted.

use std::collections::BTreeMap;

use e2e::api::answer;
use e2e::deployment::Deployment;
use reqwest::Method;
use serde_json::{Value, json};

use super::site::{Site, assert_taken};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// One way to write an event: what it is, the path and the content type (empty for none) that it is
/// sent with, the body, and the type that it is counted as. `SITE` stands for the site.
type Variation = (&'static str, &'static str, &'static str, &'static str, &'static str);

const SITE_EVENTS: [Variation; 37] = [
    ("a slash at the end", "/event/", JSON, r#"{"site_id":"SITE","event_type":"click"}"#, "click"),
    (
        "as documented",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"page_view","path":"/pricing","user_id":"u-1","timestamp":"2025-11-12T19:30:01Z"}"#,
        "page_view",
    ),
    (
        "without an optional field",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"page_view"}"#,
        "page_view",
    ),
    (
        "a charset",
        "/event",
        "application/json; charset=utf-8",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "a charset in capitals",
        "/event",
        "application/json;charset=UTF-8",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "a charset in quotes",
        "/event",
        "application/json; charset=\"UTF-8\"",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "a charset without a hyphen",
        "/event",
        "application/json; charset=utf8",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "a semicolon at the end",
        "/event",
        "application/json;",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "a media type in capitals",
        "/event",
        "APPLICATION/JSON",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "an old media type",
        "/event",
        "text/json",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "a media type of its own",
        "/event",
        "application/vnd.shop.event+json",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "a beacon of a string",
        "/event",
        "text/plain;charset=UTF-8",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "a beacon of a Blob without a type",
        "/event",
        "",
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
    (
        "curl -d",
        "/event",
        FORM,
        r#"{"site_id":"SITE","event_type":"click","path":"/a?b=c&d=e"}"#,
        "click",
    ),
    (
        "curl -d with line breaks",
        "/event",
        FORM,
        "\n{\n  \"site_id\": \"SITE\",\r\n  \"event_type\": \"click\"\n}\n",
        "click",
    ),
    (
        "a form with one JSON field",
        "/event",
        FORM,
        "data=%7B%22site_id%22%3A%22SITE%22%2C%22event_type%22%3A%22click%22%7D",
        "click",
    ),
    (
        "a form data with one JSON field",
        "/event",
        "multipart/form-data; boundary=b1",
        "--b1\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n{\"site_id\":\"SITE\",\"event_type\":\"click\"}\r\n--b1--\r\n",
        "click",
    ),
    (
        "a byte order mark",
        "/event",
        JSON,
        "\u{feff}{\"site_id\":\"SITE\",\"event_type\":\"click\"}",
        "click",
    ),
    (
        "a type in capitals",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"PAGE_VIEW","path":"/pricing/"}"#,
        "page_view",
    ),
    (
        "a type in camel case",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"pageView","path":"https://shop.example/pricing?a=b"}"#,
        "pageview",
    ),
    ("the site in a header only", "/event", JSON, r#"{"event_type":"click"}"#, "click"),
    (
        "the site in the query only",
        "/event?tenant_id=SITE",
        JSON,
        r#"{"event_type":"click"}"#,
        "click",
    ),
    (
        "fields that nobody knows",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","sessionId":4,"tags":["a",{"b":null}],"v":1.5}"#,
        "click",
    ),
    (
        "nulls",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","path":null,"user_id":null,"timestamp":null,"payload":null,"event_id":null}"#,
        "click",
    ),
    (
        "a user that is a number",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","user_id":42}"#,
        "click",
    ),
    (
        "the same user as text",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","user_id":"42"}"#,
        "click",
    ),
    (
        "an empty user",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","user_id":""}"#,
        "click",
    ),
    (
        "an id that is a number",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","event_id":7}"#,
        "click",
    ),
    (
        "an empty id",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","event_id":""}"#,
        "click",
    ),
    (
        "a time without a zone",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","timestamp":"2025-11-12T19:30:01"}"#,
        "click",
    ),
    (
        "a time with a blank",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","timestamp":"2025-11-12 19:30:01"}"#,
        "click",
    ),
    (
        "a time with a short offset",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","timestamp":"2025-11-12T20:30:01,5+01"}"#,
        "click",
    ),
    (
        "seconds",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","timestamp":1762975801}"#,
        "click",
    ),
    (
        "milliseconds",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","timestamp":1762975801000}"#,
        "click",
    ),
    (
        "seconds as text",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"click","timestamp":"1762975801.25"}"#,
        "click",
    ),
    (
        "half an emoji",
        "/event",
        JSON,
        r#"{"site_id":"SITE","event_type":"page_view","path":"/pricing","payload":{"title":"hi \ud83d"}}"#,
        "page_view",
    ),
    (
        "a local answer to strictness",
        "/event?strict=true",
        JSON,
        r#"{"site_id":"SITE","event_type":"click"}"#,
        "click",
    ),
];

const INTERACTIONS: [Variation; 11] = [
    ("a slash at the end", "/events/", JSON, r#"{"user_id":"u-1","event_type":"click"}"#, "click"),
    (
        "a view as documented",
        "/events",
        JSON,
        r#"{"user_id":"u-1","event_type":"view","payload":{"url":"https://shop.example/pricing","title":"Pricing"}}"#,
        "view",
    ),
    (
        "a click as documented",
        "/events",
        JSON,
        r#"{"user_id":"u-1","event_type":"click","payload":{"element_id":"buy","text":"Buy","xpath":"/html/body/button"}}"#,
        "click",
    ),
    (
        "a location as documented",
        "/events",
        JSON,
        r#"{"user_id":"u-1","event_type":"location","payload":{"latitude":48.2082,"longitude":16.3738,"accuracy":12.5}}"#,
        "location",
    ),
    (
        "whole degrees",
        "/events",
        JSON,
        r#"{"user_id":"u-1","event_type":"location","payload":{"latitude":48,"longitude":16}}"#,
        "location",
    ),
    ("a type in capitals", "/events", JSON, r#"{"user_id":"u-1","event_type":"CLICK"}"#, "click"),
    (
        "a user that is a number",
        "/events",
        JSON,
        r#"{"user_id":42,"event_type":"click","payload":{}}"#,
        "click",
    ),
    (
        "curl -d",
        "/events",
        FORM,
        r#"{"user_id":"u-1","event_type":"click","payload":{"text":"a & b = c"}}"#,
        "click",
    ),
    (
        "no content type",
        "/events",
        "",
        r#"{"user_id":"u-1","event_type":"view","payload":{"url":"/pricing"}}"#,
        "view",
    ),
    (
        "fields of the other route",
        "/events",
        JSON,
        r#"{"user_id":"u-1","event_type":"click","site_id":7,"timestamp":"never","path":1}"#,
        "click",
    ),
    (
        "half an emoji",
        "/events",
        JSON,
        r#"{"user_id":"u-1","event_type":"view","payload":{"url":"/pricing#top","title":"\udE00"}}"#,
        "view",
    ),
];

pub(super) async fn every_reasonable_way_to_write_an_event_is_counted(deployment: &Deployment) {
    let site = Site::new(deployment);
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    for (what, path, kind, body, counted_as) in SITE_EVENTS.into_iter().chain(INTERACTIONS) {
        let (path, body) = (path.replace("SITE", &site.name), body.replace("SITE", &site.name));
        let request = site.api.request(Method::POST, &path).body(body.clone());
        let needs_header = !format!("{path}{body}").contains(&site.name);
        let request =
            if needs_header { request.header("x-tenant-id", &site.name) } else { request };
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        let taken = answer(request).await;
        assert_taken(&taken, &json!([what, body]));
        assert_eq!(taken.body.get("counted"), None, "{what}");
        *types.entry(counted_as).or_default() += 1;
    }
    site.counts(SITE_EVENTS.len() + INTERACTIONS.len()).await;
    assert_eq!(site.types("").await, json!(types));
    let stats = site.stats("").await;
    let views = types["page_view"] + types["pageview"] + types["view"];
    assert_eq!(stats["total_views"], views);
    assert_eq!(stats["unique_users"], 2, "u-1 and 42");
    let pricing = views as u64 - 1;
    assert_eq!(site.top_paths("").await, [("/pricing".to_owned(), pricing)], "one page, one row");
    assert_eq!(site.types("&start_date=2025-11-12&end_date=2025-11-12").await["click"], 6);
    assert_eq!(site.api.all(&site.name, "quarantine").await, [] as [Value; 0]);
}

pub(super) async fn one_page_is_one_row(deployment: &Deployment) {
    let site = Site::new(deployment);
    let view = |path: &str| json!({"event_type": "view", "path": path});
    let cafe = ["/caf%C3%A9", "/caf%c3%a9", "/café", "/cafe\u{301}", "/%63afe%CC%81/"];
    let a = ["/%61", "/a/", "/a/../a", "//h.example/a", "https://h.example/a?b", "/./a#c"];
    let none = ["javascript:alert(1)", "about:blank", "mailto:ann@example.com", "data:,x"];
    let long = format!("/{}", "%E6%97%A5".repeat(121));
    let others = ["/a%2fb", &long];
    let pages = cafe.iter().chain(&a).chain(&none).chain(&others);
    site.has(pages.map(|path| view(path))).await;
    let long = format!("/{}", "日".repeat(121));
    let paths = [("/a", 6), ("/café", 5), ("/a%2Fb", 1), (long.as_str(), 1)];
    assert_eq!(site.top_paths("").await, paths.map(|(path, views)| (path.to_owned(), views)));
    assert_eq!(site.stats("").await["total_views"], 17, "a view without a page is a view");
}
