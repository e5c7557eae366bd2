//! Segment's libraries for servers and for browsers.

use serde_json::{Value, json};

use crate::running::{BROWSER, beside};

/// `key-1:` in base64.
const KEY: &str = "Authorization: Basic a2V5LTE6";

fn track(id: &str) -> Value {
    json!({
        "type": "track", "messageId": id, "event": "Order Completed", "userId": "u-1",
        "properties": {"total": 9.5, "ip": "192.0.2.1"}, "timestamp": "2025-05-01T10:00:00.000Z",
        "context": {"ip": "192.0.2.1", "userAgent": "Mozilla/5.0", "library": {"name": "x"}},
        "integrations": {}, "_metadata": {"nodeVersion": "20"},
    })
}

fn batch(messages: &[Value], sent_at: &str) -> String {
    json!({"batch": messages, "sentAt": sent_at}).to_string()
}

#[tokio::test]
async fn a_batch_of_a_server_is_taken_and_sent_again_it_is_the_same() {
    beside(&[], async |gateway| {
        let first = batch(&[track("m-1"), track("odd id/2")], "2025-05-01T10:00:01Z");
        let answer = gateway.post("/v1/batch", &[KEY], first).await.has_status(200);
        assert_eq!(answer.json(), json!({"success": true}));
        let sent = gateway.sent().await;
        assert_eq!((&*sent[0].tenant, &*sent[0].id, &*sent[0].source), ("key-1", "m-1", "segment"));
        assert_eq!(sent[0].event["event_type"], "Order Completed");
        assert_eq!(sent[0].event["user_id"], "u-1");
        assert_eq!(sent[0].event["timestamp"], "2025-05-01T10:00:00Z");
        assert_eq!(sent[0].event["payload"], json!({"total": 9.5}));

        let again = batch(&[track("m-1"), track("odd id/2")], "2025-05-01T10:09:09Z");
        gateway.post("/v1/batch", &[KEY], again).await.has_status(200);
        let names = |sent: &[crate::running::Sent]| {
            sent.iter().map(|sent| (sent.id.clone(), sent.digest.clone())).collect::<Vec<_>>()
        };
        assert_eq!(names(&gateway.sent().await), names(&sent));
    })
    .await;
}

#[tokio::test]
async fn a_page_of_a_browser_is_a_view() {
    beside(&[], async |gateway| {
        let page = json!({
            "type": "page", "messageId": "m-2", "anonymousId": "a-1", "writeKey": "key-1",
            "properties": {"path": "/pricing", "url": "https://acme.example/pricing?x=1",
                "referrer": "https://news.example/", "title": "Pricing", "search": "?x=1"},
            "context": {"page": {"url": "https://acme.example/other"}, "campaign": {"name": "may"}},
            "sentAt": "2025-05-01T10:00:01Z", "timestamp": "2025-05-01T10:00:00Z",
        });
        gateway.beacon("/v1/p", page.to_string()).await.has_status(200);
        let sent = gateway.one().await;
        assert_eq!((&*sent.tenant, &*sent.id), ("key-1", "m-2"));
        assert_eq!(sent.event["event_type"], "page_view");
        assert_eq!(
            (&sent.event["path"], &sent.event["user_id"]),
            (&json!("/pricing"), &json!("a-1"))
        );
        assert_eq!(sent.event["payload"]["title"], "Pricing");
        assert_eq!(sent.event["dimensions"]["utm_campaign"], "may");
        assert_eq!(sent.event["dimensions"]["source"], "news.example");
    })
    .await;
}

#[tokio::test]
async fn every_type_of_message_has_a_long_and_a_short_path() {
    beside(&[], async |gateway| {
        let message = json!({"userId": "u-1", "event": "Signup", "name": "Home", "groupId": "g-1",
            "previousId": "a-1", "traits": {"plan": "pro"}});
        for (short, long, kind) in [
            ("t", "track", "Signup"),
            ("p", "page", "page_view"),
            ("s", "screen", "screen"),
            ("i", "identify", "identify"),
            ("g", "group", "group"),
            ("a", "alias", "alias"),
        ] {
            for path in [short, long] {
                let path = format!("/v1/{path}");
                gateway.post(&path, &[KEY], message.to_string()).await.has_status(200);
                assert_eq!(gateway.one().await.event["event_type"], kind, "{path}");
            }
        }
        let preflight = [
            BROWSER[0],
            "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: content-type",
        ];
        let answer = gateway.request("OPTIONS /v1/t", &preflight, b"").await.has_status(200);
        assert!(answer.head.contains("access-control-allow-origin: https://acme.example"));
    })
    .await;
}

#[tokio::test]
async fn one_bad_message_does_not_affect_the_others() {
    beside(&[], async |gateway| {
        let nameless = json!({"type": "track", "userId": "u-1"});
        let bad =
            [track("m-1"), nameless.clone(), json!("x"), json!({"type": "order"}), track("m-2")];
        let answer =
            gateway.post("/v1/batch", &[KEY], batch(&bad, "")).await.has_status(200).json();
        assert_eq!((&answer["success"], &answer["rejected"]), (&json!(true), &json!(3)));
        assert_eq!(answer["errors"][0]["index"], 1);
        assert_eq!(answer["errors"][0]["field"], "event");
        assert_eq!(gateway.sent().await.len(), 2);
        // A number that is no JSON, as Python writes it.
        let broken = batch(&[track("m-3"), track("m-4")], "").replacen("9.5", "NaN", 1);
        let answer = gateway.post("/v1/batch", &[KEY], broken).await.has_status(200).json();
        assert_eq!(answer["rejected"], 1);
        assert_eq!(gateway.one().await.id, "m-4");

        let refused =
            gateway.post("/v1/batch", &[KEY], batch(&[nameless], "")).await.has_status(400);
        assert_eq!(
            (&refused.json()["success"], &refused.json()["code"]),
            (&json!(false), &json!("missing-field"))
        );
        let keyless = gateway.post("/v1/batch", &[], batch(&[track("m-1")], "")).await;
        let keyless = keyless.has_status(400).json();
        assert!(keyless["message"].as_str().expect("a text").starts_with("writeKey is required"));
        assert_eq!(gateway.sent().await, []);
    })
    .await;
}
