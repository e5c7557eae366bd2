//! Snowplow's trackers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::running::beside;

const PATH: &str = "/com.snowplowanalytics.snowplow/tp2";

fn event(kind: &str, id: &str, more: &Value) -> Value {
    let mut event = json!({
        "e": kind, "eid": id, "aid": "acme", "tv": "js-3.24.0", "p": "web", "duid": "d-1",
        "url": "https://acme.example/pricing?utm_source=letter", "page": "Pricing",
        "refr": "https://news.example/", "dtm": "1746093600000", "stm": "1746093600100",
        "res": "1920x1080", "lang": "de-AT", "ua": "Mozilla/5.0 Gecko",
    });
    let fields = event.as_object_mut().expect("an object");
    fields.extend(more.as_object().cloned().unwrap_or_default());
    event
}

fn payload(events: &[Value]) -> String {
    let schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";
    json!({"schema": schema, "data": events}).to_string()
}

#[tokio::test]
async fn a_view_is_taken_and_sent_again_it_is_the_same() {
    beside(&[], async |gateway| {
        let view = event("pv", "4f5c0b4e-8d36-4f0e-9f3b-000000000001", &json!({}));
        let answer =
            gateway.beacon(PATH, payload(std::slice::from_ref(&view))).await.has_status(200);
        assert_eq!(answer.text(), "ok");
        let sent = gateway.one().await;
        assert_eq!((&*sent.tenant, &*sent.source), ("acme", "snowplow"));
        assert_eq!(sent.id, "4f5c0b4e-8d36-4f0e-9f3b-000000000001");
        assert_eq!(
            (&sent.event["event_type"], &sent.event["path"]),
            (&json!("page_view"), &json!("/pricing"))
        );
        assert_eq!(sent.event["user_id"], "d-1");
        assert_eq!(sent.event["timestamp"], "2025-05-01T10:00:00Z");
        assert_eq!(sent.event["dimensions"]["utm_source"], "letter");
        assert!(!sent.event.to_string().contains("Gecko"));
        let direct = event("pv", "2", &json!({"refr": null}));
        gateway.beacon(PATH, payload(&[direct])).await.has_status(200);
        assert_eq!(gateway.one().await.event["dimensions"]["entry_page"], "/pricing");
        let mut again = view;
        again["stm"] = "1746099999999".into();
        gateway.beacon(PATH, payload(&[again])).await.has_status(200);
        let again = gateway.one().await;
        assert_eq!((again.id, again.digest), (sent.id, sent.digest));
    })
    .await;
}

#[tokio::test]
async fn events_of_every_kind_are_taken_and_pings_are_ignored() {
    beside(&[], async |gateway| {
        let described = json!({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
            "data": {"schema": "iglu:com.acme/signup/jsonschema/1-0-0", "data": {"plan": "pro"}}});
        let encoded = URL_SAFE_NO_PAD.encode(described.to_string());
        let events = [
            event("se", "1", &json!({"se_ca": "video", "se_ac": "play", "se_la": "intro"})),
            event("ue", "2", &json!({"ue_pr": described.to_string()})),
            event("ue", "3", &json!({"ue_px": encoded})),
            event("tr", "4", &json!({"tr_id": "o-1"})),
            event("pp", "5", &json!({})),
        ];
        gateway.post(PATH, &[], payload(&events)).await.has_status(200);
        let sent = gateway.sent().await;
        let kinds: Vec<_> = sent.iter().map(|sent| sent.event["event_type"].clone()).collect();
        assert_eq!(kinds, ["play", "signup", "signup", "transaction"]);
        assert_eq!(sent[0].event["payload"]["category"], "video");
        assert_eq!(sent[1].event["payload"]["plan"], "pro");
        assert_eq!(sent[1].event["payload"], sent[2].event["payload"]);
    })
    .await;
}

#[tokio::test]
async fn one_bad_event_does_not_affect_the_others_and_a_query_is_an_event() {
    beside(&[], async |gateway| {
        let good = event("pv", "1", &json!({}));
        let bad =
            [event("xx", "2", &json!({})), event("ue", "3", &json!({"ue_pr": "{"})), json!(7)];
        let all = [&[good], &bad[..]].concat();
        gateway.post(PATH, &[], payload(&all)).await.has_status(200);
        assert_eq!(gateway.one().await.id, "1");
        // A tracker gives up after 400 only.
        gateway.post(PATH, &[], payload(&bad)).await.has_status(400);
        let query = "/i?e=pv&aid=acme&eid=9&url=https%3A%2F%2Facme.example%2F";
        assert!(gateway.get(query).await.has_status(200).body.starts_with(b"GIF89a"));
        assert_eq!(gateway.one().await.id, "9");
    })
    .await;
}
