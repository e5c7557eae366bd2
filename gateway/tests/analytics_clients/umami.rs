//! Umami's tracker and its clients for servers.

use serde_json::{Value, json};

use crate::running::{BROWSER, beside};

const WEBSITE: &str = "b59e9c65-ae32-47f1-8400-119fcf4861c4";

fn body(kind: &str, more: Value) -> String {
    let mut payload = json!({
        "website": WEBSITE, "screen": "1920x1080", "language": "de-AT", "title": "Pricing",
        "hostname": "acme.example", "url": "https://acme.example/pricing?utm_source=letter",
        "referrer": "https://news.example/item",
    });
    let fields = payload.as_object_mut().expect("an object");
    fields.extend(more.as_object().cloned().unwrap_or_default());
    json!({"type": kind, "payload": payload}).to_string()
}

#[tokio::test]
async fn a_view_of_the_tracker_is_a_view_and_the_tracker_may_go_on() {
    beside(&[], async |gateway| {
        let headers = [&BROWSER[..], &["x-umami-cache: a token"]].concat();
        let answer = gateway.post("/api/send", &headers, body("event", json!({}))).await;
        assert_eq!(answer.has_status(200).json(), json!({"cache": "", "disabled": false}));
        let sent = gateway.one().await;
        assert_eq!((&*sent.tenant, &*sent.source), (WEBSITE, "umami"));
        assert_eq!(sent.event["event_type"], "page_view");
        assert_eq!(sent.event["path"], "/pricing");
        assert_eq!(sent.event["payload"]["title"], "Pricing");
        assert_eq!(sent.event["dimensions"]["source"], "news.example");
        assert_eq!(sent.event["dimensions"]["utm_source"], "letter");
        assert_eq!(sent.event["dimensions"]["host"], "acme.example");
    })
    .await;
}

#[tokio::test]
async fn a_page_of_the_site_itself_is_no_source_though_it_comes_without_its_host() {
    beside(&[], async |gateway| {
        let own = body("event", json!({"url": "/b", "referrer": "/a"}));
        gateway.post("/api/send", &BROWSER, own).await.has_status(200);
        let event = gateway.one().await.event;
        assert_eq!(event["payload"]["referrer"], "https://acme.example/a");
        assert!(event["dimensions"].get("entry_page").is_none(), "{event}");
    })
    .await;
}

#[tokio::test]
async fn an_event_keeps_its_data_and_a_user_has_its_id() {
    beside(&[], async |gateway| {
        let event = body(
            "event",
            json!({"name": "signup", "data": {"plan": "pro"}, "id": "u-1",
            "timestamp": 1_762_975_801, "userAgent": "x", "ip": "192.0.2.1"}),
        );
        gateway.post("/api/send", &[], event).await.has_status(200);
        let sent = gateway.one().await.event;
        assert_eq!((&sent["event_type"], &sent["user_id"]), (&json!("signup"), &json!("u-1")));
        assert_eq!(sent["payload"]["plan"], "pro");
        assert_eq!(sent["timestamp"], "2025-11-12T19:30:01Z");
        assert!(!sent.to_string().contains("192.0.2.1"));

        let identify = body("identify", json!({"id": "u-1", "data": {"team": "a"}}));
        gateway.post("/api/send", &[], identify).await.has_status(200);
        let sent = gateway.one().await.event;
        assert_eq!(
            (&sent["event_type"], &sent["payload"]["team"]),
            (&json!("identify"), &json!("a"))
        );

        gateway
            .post("/api/send", &[], body("performance", json!({"lcp": 7})))
            .await
            .has_status(200);
        assert_eq!(gateway.sent().await, []);
    })
    .await;
}

#[tokio::test]
async fn one_bad_event_of_a_batch_is_named_and_the_others_are_taken() {
    beside(&[], async |gateway| {
        let good = body("event", json!({}));
        let batch = format!("[{good},{{\"type\":\"view\",\"payload\":{{}}}},{good}]");
        let answer = gateway.post("/api/batch", &[], batch).await.has_status(200).json();
        assert_eq!(
            (&answer["size"], &answer["processed"], &answer["errors"]),
            (&json!(3), &json!(2), &json!(1))
        );
        assert_eq!(answer["details"][0]["index"], 1);
        assert_eq!(gateway.sent().await.len(), 2);
        let missing =
            gateway.post("/api/send", &[], r#"{"type":"event","payload":{"url":"/"}}"#).await;
        assert!(missing.has_status(400).text().contains("website is required"));
    })
    .await;
}
