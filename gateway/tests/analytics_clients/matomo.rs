//! Matomo's tracker and its clients for servers.

use serde_json::json;

use crate::running::{BROWSER, beside};

/// What the tracker sends when a page opens.
const VIEW: &str = "action_name=Pricing&idsite=7&rec=1&r=123456&h=10&m=0&s=0\
    &url=https%3A%2F%2Facme.example%2Fpricing%3Futm_source%3Dletter\
    &urlref=https%3A%2F%2Fnews.example%2F&_id=0123456789abcdef&_idn=1&send_image=0&cookie=1\
    &res=1920x1080&pv_id=abcdef&cvar=%7B%221%22%3A%5B%22a%22%2C%22b%22%5D%7D";

#[tokio::test]
async fn a_view_comes_as_a_form_or_as_a_query() {
    beside(&[], async |gateway| {
        let form = ["Content-Type: application/x-www-form-urlencoded; charset=UTF-8"];
        let headers = [&form[..], &BROWSER[..]].concat();
        for path in ["/matomo.php", "/piwik.php"] {
            let answer = gateway.request(&format!("POST {path}"), &headers, VIEW.as_bytes()).await;
            assert_eq!(answer.has_status(204).body, b"");
            let sent = gateway.one().await;
            assert_eq!((&*sent.tenant, &*sent.source), ("7", "matomo"));
            assert_eq!(sent.event["event_type"], "page_view");
            assert_eq!(sent.event["path"], "/pricing");
            assert_eq!(sent.event["user_id"], "0123456789abcdef");
            assert_eq!(sent.event["payload"]["title"], "Pricing");
            assert_eq!(sent.event["dimensions"]["source"], "news.example");
        }
        let direct = VIEW.replace("&urlref=https%3A%2F%2Fnews.example%2F", "");
        gateway.get(&format!("/matomo.php?{direct}")).await.has_status(204);
        assert_eq!(gateway.one().await.event["dimensions"]["entry_page"], "/pricing");
        gateway.get(&format!("/matomo.php?{VIEW}")).await.has_status(204);
        let image = VIEW.replace("&send_image=0", "");
        let answer = gateway.get(&format!("/matomo.php?{image}")).await.has_status(200);
        assert!(
            answer.head.contains("content-type: image/gif") && answer.body.starts_with(b"GIF89a")
        );
        assert_eq!(gateway.sent().await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_view_is_an_event_of_its_kind_and_a_ping_is_ignored() {
    beside(&[], async |gateway| {
        let page = "idsite=7&rec=1&url=https%3A%2F%2Facme.example%2F";
        for (more, kind, payload) in [
            (
                "e_c=video&e_a=play&e_n=intro&e_v=3&ca=1",
                "play",
                json!({"category": "video", "action": "play", "name": "intro", "value": "3"}),
            ),
            ("search=boots&search_count=2", "search", json!({"keyword": "boots", "count": "2"})),
            ("link=https%3A%2F%2Fx.example%2F", "outlink", json!({"url": "https://x.example/"})),
            ("download=%2Fa.pdf", "download", json!({"url": "/a.pdf"})),
            ("idgoal=1&revenue=5", "goal", json!({"goal": "1", "revenue": "5"})),
            ("dimension1=a&dimensions=b", "page_view", json!({"dimension1": "a"})),
        ] {
            gateway.get(&format!("/matomo.php?{page}&{more}")).await.has_status(200);
            let event = gateway.one().await.event;
            assert_eq!(event["event_type"], kind);
            assert_eq!(event["path"], "/", "{kind}");
            for (name, value) in payload.as_object().expect("an object") {
                assert_eq!(&event["payload"][name], value, "{kind} {name}");
            }
        }
        for more in ["ping=1", "c_n=banner&c_t=x", "ca=1", "ma_id=1"] {
            gateway.get(&format!("/matomo.php?{page}&{more}")).await.has_status(200);
        }
        assert_eq!(gateway.sent().await, []);
    })
    .await;
}

#[tokio::test]
async fn an_image_without_an_address_is_of_the_page_that_shows_it() {
    beside(&[], async |gateway| {
        let headers = ["Referer: https://acme.example/shop?mtm_campaign=May"];
        gateway.request("GET /matomo.php?idsite=7&rec=1", &headers, b"").await.has_status(200);
        let event = gateway.one().await.event;
        assert_eq!(event["path"], "/shop");
        let found = &event["dimensions"];
        assert_eq!(
            (&found["entry_page"], &found["host"]),
            (&json!("/shop"), &json!("acme.example"))
        );
        assert_eq!(found["utm_campaign"], "May");
        let named = "GET /matomo.php?idsite=7&rec=1&url=%2Fa&urlref=";
        gateway.request(named, &headers, b"").await.has_status(200);
        let event = gateway.one().await.event;
        assert_eq!(
            (&event["path"], &event["dimensions"]["entry_page"]),
            (&json!("/a"), &json!("/a"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_bulk_request_is_taken_but_for_what_is_not_valid() {
    beside(&[], async |gateway| {
        let bulk = json!({"token_auth": "x", "requests": [
            "?idsite=7&rec=1&url=https%3A%2F%2Facme.example%2Fa&uid=ann&cdt=2025-05-01%2010%3A00%3A00",
            "?rec=1&url=https%3A%2F%2Facme.example%2Fa", 5, {"idsite": 8, "rec": 1, "url": "/b"},
        ]});
        let answer = gateway.post("/matomo.php", &[], bulk.to_string()).await.has_status(200).json();
        let expected = json!({"status": "success", "tracked": 2, "invalid": 2, "invalid_indices": [1, 2]});
        assert_eq!(answer, expected);
        let sent = gateway.sent().await;
        assert_eq!((&*sent[0].tenant, &*sent[1].tenant), ("7", "8"));
        assert_eq!(sent[0].event["user_id"], "ann");
        assert_eq!(sent[0].event["timestamp"], "2025-05-01T10:00:00Z");
        let refused = gateway.get("/matomo.php?rec=1").await.has_status(400);
        assert!(refused.text().contains("idsite is required"), "{}", refused.text());
    })
    .await;
}
