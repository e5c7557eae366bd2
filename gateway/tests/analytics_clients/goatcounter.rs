//! GoatCounter's script and its API.

use serde_json::json;

use crate::running::{BROWSER, beside};

#[tokio::test]
async fn the_pixel_of_a_page_is_a_view_of_the_site_in_the_path() {
    beside(&["--read-token", "sesame"], async |gateway| {
        let view = "p=%2Fpricing&r=https%3A%2F%2Fnews.example%2F&t=Pricing&s=1920%2C1080%2C1&b=0\
            &q=%3Futm_source%3Dletter&rnd=abcde";
        let answer = gateway.get(&format!("/count/acme?{view}")).await.has_status(200);
        assert!(
            answer.head.contains("content-type: image/gif") && answer.body.starts_with(b"GIF89a")
        );
        let sent = gateway.one().await;
        assert_eq!((&*sent.tenant, &*sent.source), ("acme", "goatcounter"));
        assert_eq!(
            (&sent.event["event_type"], &sent.event["path"]),
            (&json!("page_view"), &json!("/pricing"))
        );
        assert_eq!(sent.event["payload"]["title"], "Pricing");
        assert_eq!(sent.event["dimensions"]["utm_source"], "letter");
        assert_eq!(sent.event["dimensions"]["source"], "news.example");

        gateway.beacon("/count?p=%2Fb&site_id=acme", "").await.has_status(200);
        let sent = gateway.one().await;
        assert_eq!(
            (&*sent.tenant, &sent.event["dimensions"]["entry_page"]),
            ("acme", &json!("/b"))
        );
        gateway
            .get(&format!("/count/acme?{view}&e=true").replace("%2Fpricing", "signup"))
            .await
            .has_status(200);
        assert_eq!(gateway.one().await.event["event_type"], "signup");
        for (bot, reason) in [("153", "webdriver"), ("7", "bot")] {
            let driven = view.replace("b=0", &format!("b={bot}"));
            gateway.get(&format!("/count/acme?{driven}")).await.has_status(200);
            assert_eq!(gateway.one().await.event["excluded"], reason);
        }
        gateway.get(&format!("/count?{view}")).await.has_status(400);
        gateway.get("/count/acme?t=x").await.has_status(400);
        gateway.request("HEAD /count/acme?p=a", &[], b"").await.has_status(405);
        assert_eq!(gateway.sent().await, []);
    })
    .await;
}

#[tokio::test]
async fn an_image_is_on_the_site_that_its_referer_names() {
    beside(&[], async |gateway| {
        let pixel = "GET /count/acme?p=b&r=https%3A%2F%2Facme.example%2Fa";
        let browser = ["Referer: https://acme.example/", "Sec-Fetch-Site: cross-site", BROWSER[1]];
        for headers in [&browser[..1], &browser] {
            gateway.request(pixel, headers, b"").await.has_status(200);
            let event = gateway.one().await.event;
            assert_eq!(event["path"], "/b");
            let found = &event["dimensions"];
            assert_eq!(found["host"], "acme.example");
            assert!(found["source"].is_null() && found["entry_page"].is_null(), "{found}");
        }
        let local = ["Referer: http://localhost:3000/", browser[1], browser[2]];
        gateway.request(pixel, &local, b"").await.has_status(200);
        assert_eq!(gateway.one().await.event["excluded"], "localhost");
    })
    .await;
}

#[tokio::test]
async fn hits_of_a_program_are_taken_but_for_those_that_are_named() {
    beside(&[], async |gateway| {
        let hits = json!({"no_sessions": true, "hits": [
            {"path": "/a", "title": "A", "ref": "https://news.example/", "ip": "192.0.2.1",
                "user_agent": "Mozilla/5.0", "session": "s-1", "created_at": "2025-05-01T10:00:00Z"},
            {"title": "no path"},
            {"path": "signup", "event": true},
        ]});
        let token = ["Authorization: Bearer acme"];
        let answer = gateway.post("/api/v0/count", &token, hits.to_string()).await.has_status(400);
        assert_eq!(answer.json(), json!({"errors": {"1": "path is required"}}));
        let sent = gateway.sent().await;
        assert_eq!((sent.len(), &*sent[0].tenant), (2, "acme"));
        assert_eq!((&sent[0].event["path"], &sent[0].event["user_id"]), (&json!("/a"), &json!("s-1")));
        assert_eq!(sent[0].event["timestamp"], "2025-05-01T10:00:00Z");
        assert!(!sent[0].event.to_string().contains("192.0.2.1"));
        assert_eq!(sent[1].event["event_type"], "signup");

        let one = json!({"hits": [{"path": "/a"}]}).to_string();
        let answer = gateway.post("/api/v0/count/shop", &token, &one).await.has_status(202);
        assert_eq!(answer.json(), json!({"status": "ok"}));
        assert_eq!(gateway.one().await.tenant, "shop", "the path is preferred to the token");
        let empty = gateway.post("/api/v0/count", &token, r#"{"hits":[]}"#).await.has_status(400);
        assert_eq!(empty.json(), json!({"error": "The batch has no records."}));
    })
    .await;
}
