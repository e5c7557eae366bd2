//! Plausible's trackers and its events API.

use serde_json::json;

use crate::running::beside;

/// What the script of a site sends when a page opens.
const VIEW: &str = r#"{"n":"pageview","v":22,"u":"https://acme.example/pricing/?utm_source=letter","d":"acme.example","r":"https://news.example/item"}"#;

#[tokio::test]
async fn a_view_of_the_tracker_is_a_view_of_a_visitor() {
    beside(&[], async |gateway| {
        let answer = gateway.beacon("/api/event", VIEW).await.has_status(202);
        assert_eq!(answer.text(), "ok");
        assert!(answer.head.contains("access-control-allow-origin: https://acme.example"));
        let sent = gateway.one().await;
        assert_eq!((&*sent.tenant, &*sent.source), ("acme.example", "plausible"));
        assert_eq!(sent.event["event_type"], "page_view");
        assert_eq!(sent.event["path"], "/pricing");
        let dimensions = &sent.event["dimensions"];
        assert_eq!(dimensions["source"], "news.example");
        assert_eq!(dimensions["utm_source"], "letter");
        assert_eq!(dimensions["browser"], "Firefox");
        assert!(sent.event["user_id"].as_str().expect("a visitor").starts_with("anon-"));
        let message = sent.event.to_string();
        assert!(!message.contains("127.0.0.1") && !message.contains("Gecko"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn an_event_keeps_its_properties_and_nothing_of_its_revenue() {
    beside(&[], async |gateway| {
        let short = r#"{"n":"Signup","u":"https://acme.example/","d":"acme.example","r":null,
            "p":{"plan":"pro","seats":3},"$":{"amount":10,"currency":"EUR"},"i":false}"#;
        gateway.beacon("/api/event", short).await.has_status(202);
        let sent = gateway.one().await;
        let expected = json!({"plan": "pro", "seats": 3, "url": "https://acme.example/", "referrer": ""});
        assert_eq!(sent.event["event_type"], "Signup");
        assert_eq!(sent.event["payload"], expected);

        let long = r#"{"name":"Signup","url":"https://acme.example/","domain":"acme.example",
            "props":{"plan":"pro","seats":3},"revenue":{"amount":"10","currency":"EUR"}}"#;
        gateway.post("/api/event", &[], long).await.has_status(202);
        let same = gateway.one().await;
        assert_eq!(same.event["payload"], expected);
        assert!(same.event["user_id"].is_null(), "a server sends for many");

        let old = r#"{"n":"Signup","u":"https://acme.example/","d":"acme.example","m":"{\"plan\":\"pro\"}"}"#;
        gateway.beacon("/api/event", old).await.has_status(202);
        assert_eq!(gateway.one().await.event["payload"]["plan"], "pro");
    })
    .await;
}

#[tokio::test]
async fn each_domain_of_a_list_gets_the_event_and_one_that_cannot_be_does_not_affect_the_others() {
    beside(&[], async |gateway| {
        let of = |domain: &str| VIEW.replace("\"acme.example\"", &format!("\"{domain}\""));
        gateway.beacon("/api/event", of("acme.example, www.all.example,a/b")).await.has_status(202);
        let mut tenants: Vec<_> =
            gateway.sent().await.into_iter().map(|sent| sent.tenant).collect();
        tenants.sort();
        assert_eq!(tenants, ["acme.example", "all.example"]);
        let refused = gateway.beacon("/api/event", of("a/b")).await.has_status(400);
        assert!(refused.text().contains("domain must contain only"), "{}", refused.text());
        let without = r#"{"n":"pageview","u":"https://www.acme.example/"}"#;
        gateway.beacon("/api/event", without).await.has_status(202);
        assert_eq!(gateway.one().await.tenant, "acme.example");
        gateway
            .beacon("/api/event?tenant_id=mine", of("a.example,b.example"))
            .await
            .has_status(202);
        assert_eq!(gateway.one().await.tenant, "mine");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_visit_is_excluded_and_how_long_a_page_was_read_is_ignored() {
    beside(&[], async |gateway| {
        let local = VIEW.replace("https://acme.example", "http://localhost:3000");
        gateway.beacon("/api/event", local).await.has_status(202);
        assert_eq!(gateway.one().await.event["excluded"], "localhost");
        let engagement = VIEW.replace("pageview", "engagement");
        let answer = gateway.beacon("/api/event", engagement).await.has_status(202);
        assert_eq!((answer.text().as_str(), gateway.sent().await.len()), ("ok", 0));
    })
    .await;
}

#[tokio::test]
async fn an_event_without_a_name_or_a_page_is_refused() {
    beside(&[], async |gateway| {
        for (body, reason) in [
            (r#"{"u":"https://acme.example/"}"#, "name is required"),
            (r#"{"n":"pageview","d":"acme.example"}"#, "url is required"),
            (r#"{"n":7,"u":"https://acme.example/"}"#, "name must be a string"),
            (r#"{"n":"pageview","u":"/"}"#, "domain is required"),
        ] {
            let refused = gateway.beacon("/api/event", body).await.has_status(400);
            assert!(
                refused.json()["detail"].as_str().expect("a text").starts_with(reason),
                "{body}"
            );
        }
        assert_eq!(gateway.sent().await, []);
    })
    .await;
}
