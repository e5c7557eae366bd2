//! CloudEvents on `/event`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::running::beside;

const STRUCTURED: &str = "Content-Type: application/cloudevents+json; charset=utf-8";
const BATCH: &str = "Content-Type: application/cloudevents-batch+json";

fn event(id: &str, more: &Value) -> Value {
    let mut event = json!({
        "specversion": "1.0", "id": id, "source": "/shop", "type": "com.acme.order",
        "time": "2025-05-01T10:00:00Z", "subject": "/orders/7", "tenantid": "acme", "userid": "u-1",
        "datacontenttype": "application/json", "data": {"total": 9},
    });
    let fields = event.as_object_mut().expect("an object");
    fields.extend(more.as_object().cloned().unwrap_or_default());
    event
}

#[tokio::test]
async fn an_event_is_the_same_in_headers_and_in_json() {
    beside(&[], async |gateway| {
        let body = event("1", &json!({})).to_string();
        let answer =
            gateway.request("POST /event", &[STRUCTURED], body.as_bytes()).await.has_status(202);
        let sent = gateway.one().await;
        assert_eq!(answer.json(), json!({"status": "accepted", "event_id": sent.id}));
        assert_eq!((&*sent.tenant, &*sent.source), ("acme", "cloudevents"));
        assert_eq!(
            (&sent.event["event_type"], &sent.event["path"]),
            (&json!("com.acme.order"), &json!("/orders/7"))
        );
        assert_eq!(
            (&sent.event["user_id"], &sent.event["payload"]),
            (&json!("u-1"), &json!({"total": 9}))
        );
        assert_eq!(sent.event["timestamp"], "2025-05-01T10:00:00Z");

        let headers = [
            "Content-Type: application/json",
            "ce-specversion: 1.0",
            "ce-id: 1",
            "ce-source: /shop",
            "ce-type: com.acme.order",
            "ce-time: 2025-05-01T10:00:00Z",
            "ce-subject: %2Forders/7",
            "ce-tenantid: acme",
            "ce-userid: u-1",
        ];
        gateway.request("POST /event", &headers, br#"{"total":9}"#).await.has_status(202);
        let same = gateway.one().await;
        assert_eq!((&same.id, &same.digest), (&sent.id, &sent.digest));

        let encoded = json!({"data": null, "data_base64": BASE64.encode(r#"{"total":9}"#)});
        let body = event("1", &encoded).to_string();
        gateway.request("POST /event", &[STRUCTURED], body.as_bytes()).await.has_status(202);
        let same = gateway.one().await;
        assert_eq!((&same.id, &same.digest), (&sent.id, &sent.digest));

        let other = event("1", &json!({"source": "/other"})).to_string();
        gateway.request("POST /event", &[STRUCTURED], other.as_bytes()).await.has_status(202);
        assert_ne!(gateway.one().await.id, sent.id, "an id is one of its source");
    })
    .await;
}

#[tokio::test]
async fn one_bad_event_of_a_batch_is_named_and_the_others_are_taken() {
    beside(&[], async |gateway| {
        let batch = json!([
            event("1", &json!({})),
            event("2", &json!({"source": ""})),
            event("3", &json!({}))
        ]);
        let answer = gateway.request("POST /event", &[BATCH], batch.to_string().as_bytes()).await;
        let answer = answer.has_status(202).json();
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(1)));
        assert_eq!(
            (&answer["errors"][0]["index"], &answer["errors"][0]["field"]),
            (&json!(1), &json!("source"))
        );
        assert_eq!(gateway.sent().await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_tenant_may_be_named_as_on_any_route_and_data_may_be_a_text() {
    beside(&[], async |gateway| {
        let headers = [
            "Content-Type: text/plain",
            "ce-specversion: 1.0",
            "ce-id: 1",
            "ce-source: x",
            "ce-type: note",
            "ce-subject: a note",
            "X-Tenant-ID: shop",
        ];
        gateway
            .request("POST /event", &headers, "gr\u{fc}\u{df}e".as_bytes())
            .await
            .has_status(202);
        let sent = gateway.one().await;
        assert_eq!(sent.tenant, "shop");
        assert_eq!(sent.event["payload"], json!({"data": "grüße", "subject": "a note"}));
        let refused = gateway.request("POST /event", &headers[..6], b"x").await.has_status(400);
        assert!(refused.text().contains("tenantid is required"), "{}", refused.text());
        gateway.request("POST /event", &headers, b"\xff").await.has_status(400);
        gateway.refuse(true);
        let body = event("1", &json!({})).to_string();
        let refused =
            gateway.request("POST /event", &[STRUCTURED], body.as_bytes()).await.has_status(503);
        assert!(refused.json()["event_id"].is_string());
    })
    .await;
}
