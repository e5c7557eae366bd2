//! The worker acknowledges every push, and quarantines those that are not records.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::hash;
use common::path::CollectionPath;
use common::store::{Document, DocumentStore as _, Query, Value as Field};
use common::tenant::TenantId;
use e2e::api::{Api, new_tenant};
use e2e::deployment::{self, Cloud, Deployment};
use futures::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};

/// The shape of Google Cloud, and clients of the gateway and the worker.
struct Pushing {
    cloud: &'static Cloud,
    api: Api,
    client: Client,
}

impl Pushing {
    fn new() -> Self {
        let deployment = deployment::cloud();
        let Deployment::Cloud(cloud) = deployment else { unreachable!("it is the cloud's shape") };
        let client = Client::builder().build().expect("a client without TLS");
        Self { cloud, api: Api::new(deployment.url()), client }
    }

    /// Pushes a body; returns the status of the worker's answer.
    async fn push(&self, body: impl Into<Vec<u8>>) -> u16 {
        let url = format!("{}/push", self.cloud.worker().url());
        let request = self.client.post(url).header("content-type", "application/json");
        request.body(body.into()).send().await.expect("an answer").status().as_u16()
    }

    /// The quarantined messages without a tenant that have these data.
    async fn strays(&self, data: &[u8]) -> Vec<Document> {
        let all = self.cloud.store().query(&Query::all(CollectionPath::stray())).await;
        let is_it = |document: &Document| text(document, "data_sha256") == hash::sha256(data);
        all.expect("documents").into_iter().filter(is_it).collect()
    }

    /// The ids of the top-level collections, and those of the documents in `tenants`.
    async fn top(&self) -> (Vec<String>, Vec<String>) {
        let documents = format!(
            "http://{}/v1/projects/{}/databases/(default)/documents",
            self.cloud.setting("FIRESTORE_EMULATOR_HOST"),
            self.cloud.setting("GOOGLE_CLOUD_PROJECT"),
        );
        let listed = self.client.post(format!("{documents}:listCollectionIds")).json(&json!({}));
        let listed: Value = listed.send().await.expect("an answer").json().await.expect("JSON");
        let all = format!("{documents}/tenants?showMissing=true&pageSize=1000");
        let all: Value =
            self.client.get(all).send().await.expect("an answer").json().await.expect("JSON");
        let last = |name: &Value| {
            name.as_str().and_then(|name| name.rsplit('/').next()).map(str::to_owned)
        };
        let ids = |list: &Value| list.as_array().into_iter().flatten().filter_map(last).collect();
        let names = all["documents"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|document| document["name"].clone());
        (ids(&listed["collectionIds"]), ids(&names.collect::<Value>()))
    }
}

/// Bad attributes are quarantined under their tenant with a reason, once, even if pushed again.
#[tokio::test]
async fn a_message_that_is_not_a_record_is_quarantined_once_under_its_tenant() {
    let pushing = Pushing::new();
    let (long, large, store) = ("x".repeat(129), "x".repeat(100_000), "invalid");
    let cases = [
        ("v", Some("2"), "version"),
        ("v", Some(""), "version"),
        ("v", Some("01"), "version"),
        ("v", Some(&large), "version"),
        ("v", None, "v"),
        ("kind", Some("access"), "kind"),
        ("kind", Some("TEXT"), "kind"),
        ("kind", None, "kind"),
        ("record_id", Some("../beta"), "record_id"),
        ("record_id", Some("a/b"), "record_id"),
        ("record_id", Some("."), "record_id"),
        ("record_id", Some("__x__"), "record_id"),
        ("record_id", Some("a\0"), "record_id"),
        ("record_id", Some(&long), "record_id"),
        ("record_id", None, "record_id"),
        ("digest", None, "digest"),
        ("source", None, "source"),
        ("received_at", Some("yesterday"), "received_at"),
        ("received_at", Some("1750000000"), "received_at"),
        ("received_at", Some("0000-01-01T00:00:00Z"), store),
        ("received_at", None, "received_at"),
        ("part", Some("0"), "part"),
        ("part", Some("2"), "part"),
        ("part", Some("-1"), "part"),
        ("part", None, "part"),
        ("parts", Some("0"), "part"),
        ("parts", Some("4294967296"), "part"),
        ("parts", None, "part"),
    ];
    join_all(cases.map(|(name, value, reason)| pushing.quarantined(name, value, reason))).await;
}

impl Pushing {
    async fn quarantined(&self, name: &str, value: Option<&str>, reason: &str) {
        let tenant = new_tenant();
        let mut attributes = attributes(&tenant);
        set(&mut attributes, name, value);
        for attempt in [1, 2, 7] {
            let body = envelope(&attributes, b"a text", attempt);
            assert_eq!(self.push(body).await, 204, "{name} {value:?}");
        }
        let [found] = &self.api.all(&tenant, "quarantine").await[..] else {
            panic!("{name} {value:?} is not in quarantine once");
        };
        let said = format!("{}: {}", found["reason"], found["detail"]);
        assert!(said.contains(reason), "{name} {value:?}: {said}");
        assert_eq!((&found["attributes"], &found["attempts"]), (&attributes, &json!(1)));
        self.api.assert_only_quarantined(&tenant).await;
    }
}

#[tokio::test]
async fn data_that_are_not_utf8_are_quarantined_under_their_tenant() {
    let (pushing, tenant) = (Pushing::new(), new_tenant());
    for _ in 0..2 {
        assert_eq!(pushing.push(envelope(&attributes(&tenant), b"\xff\xfe", 3)).await, 204);
    }
    let found = pushing.api.listed(&tenant, "quarantine", 1).await;
    assert_eq!((&found[0]["reason"], &found[0]["attempts"]), (&json!("bad-message"), &json!(3)));
    assert_eq!(found[0]["data_sha256"], hash::sha256(b"\xff\xfe"));
    pushing.api.assert_only_quarantined(&tenant).await;
}

#[tokio::test]
async fn data_that_are_not_base64_are_quarantined_once_under_their_tenant() {
    let (pushing, tenant) = (Pushing::new(), new_tenant());
    let datas = ["%%%%", "YQ", "YQ=", "Y Q==", "YQ==YQ==", "YR==", "größe"];
    for (data, attempt) in datas.into_iter().flat_map(|data| [(data, 1), (data, 2)]) {
        let message = json!({"data": data, "attributes": attributes(&tenant)});
        let body = json!({"message": message, "deliveryAttempt": attempt}).to_string();
        assert_eq!(pushing.push(body).await, 204, "{data}");
    }
    let found = pushing.api.listed(&tenant, "quarantine", datas.len()).await;
    let sums: Vec<_> = found.iter().filter_map(|found| found["data_sha256"].as_str()).collect();
    assert!(datas.iter().all(|data| sums.contains(&&*hash::sha256(data))), "{found:?}");
    assert!(
        found.iter().all(|found| found["detail"].as_str().is_some_and(|d| d.contains("Base64")))
    );
    pushing.api.assert_only_quarantined(&tenant).await;
}

#[tokio::test]
async fn a_message_without_a_tenant_is_quarantined_once_outside_of_all_tenants() {
    let pushing = Pushing::new();
    let long = "x".repeat(129);
    let names = [
        "",
        ".",
        "..",
        "../beta",
        "a/b",
        "beta/processed_logs/1",
        "%2e%2e",
        "__x__",
        "a\0",
        "\u{430}cme",
        "\u{202e}",
        "beta ",
        &long,
    ];
    let unique = new_tenant();
    let tenants = names.map(Some).into_iter().chain([None]);
    for tenant in tenants {
        let data = format!("{unique} {}", tenant.is_some());
        let mut attributes = attributes("acme");
        set(&mut attributes, "tenant_id", tenant);
        for attempt in 1..=2 {
            let body = envelope(&attributes, data.as_bytes(), attempt);
            assert_eq!(pushing.push(body).await, 204, "{tenant:?}");
        }
        let strays = pushing.strays(data.as_bytes()).await;
        let is_it = |stray: &&Document| attribute(stray, "tenant_id") == tenant;
        let found: Vec<_> = strays.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{tenant:?}: {strays:?}");
        assert_eq!(text(found[0], "reason"), "bad-message");
    }
    pushing.assert_nothing_elsewhere().await;
}

#[tokio::test]
async fn a_body_that_is_not_an_envelope_is_quarantined_once_outside_of_all_tenants() {
    let (pushing, unique) = (Pushing::new(), new_tenant());
    let message = |data: &str, attributes: Value| {
        json!({"message": {"data": data, "attributes": attributes}, "subscription": unique})
            .to_string()
    };
    let numbers = json!({"tenant_id": 5, "v": 1});
    let bodies = [
        unique.clone(),
        format!("[\"{unique}\"]"),
        format!("{{\"message\":\"{unique}\"}}"),
        format!("{{\"massage\":\"{unique}\"}}"),
        format!("{{\"message\":{{\"data\":\"{unique}"),
        message("YQ==", numbers),
        message("YQ==", json!([unique])),
        format!("{unique}\0\u{fffd}"),
        format!("{{\"message\":{}\"{unique}\"", "[".repeat(100_000)),
    ];
    for body in bodies {
        for _ in 0..2 {
            assert_eq!(pushing.push(body.clone()).await, 204, "{body:.200}");
        }
        let strays = pushing.strays(body.as_bytes()).await;
        assert_eq!(strays.len(), 1, "{body:.200}");
        assert!(text(&strays[0], "detail").contains("push"), "{:?}", strays[0].fields["detail"]);
    }
    assert_eq!(pushing.push("").await, 204);
    assert_eq!(pushing.strays(b"").await.len(), 1);
    pushing.api.assert_untouched(&unique).await;
}

/// In Pub/Sub's usual casing, in its other casing, and in both at once.
#[tokio::test]
async fn a_record_is_read_from_either_casing_of_an_envelope() {
    let pushing = Pushing::new();
    let (camel, snake) = ("deliveryAttempt", "delivery_attempt");
    let both = json!({camel: 3, snake: 3, "messageId": "1", "message_id": "1"});
    let cases = [
        (json!({}), 1),
        (json!({camel: 3}), 3),
        (json!({snake: 3}), 3),
        (both, 3),
        (json!({camel: null}), 1),
        (json!({camel: 0}), 1),
        (json!({"publishTime": "x", "publish_time": "x", "orderingKey": "x", "new": {}}), 1),
    ];
    for (names, attempts) in cases {
        let tenant = new_tenant();
        for digest in ["one", "other"] {
            let mut attributes = attributes(&tenant);
            set(&mut attributes, "digest", Some(digest));
            let mut body = json!({"subscription": "s", "message": {
                "data": BASE64.encode("a text"), "attributes": attributes}});
            for (name, value) in names.as_object().into_iter().flatten() {
                body[name] = value.clone();
                body["message"][name] = value.clone();
            }
            assert_eq!(pushing.push(body.to_string()).await, 204, "{names}");
        }
        // The first one is stored. The second one has another digest, and its conflict shows the
        // attempts.
        assert_eq!(pushing.api.processed_log(&tenant, "1").await["original_text"], "a text");
        let conflict = pushing.api.listed(&tenant, "quarantine", 1).await;
        assert_eq!(conflict[0]["attempts"], attempts, "{names}");
    }
}

/// A message may have no data, and odd or very large attributes.
#[tokio::test]
async fn a_message_is_quarantined_whatever_its_attributes_are_called() {
    let pushing = Pushing::new();
    let large = "x".repeat(2 << 20);
    let cases = [
        ("a.b", "a"),
        ("a/b", "\0"),
        ("`", "\u{202e}"),
        ("", "a"),
        ("__x__", "a"),
        ("__name__", "a"),
        ("large", &large),
        (&large, "a"),
        (&large[..1501], "a"),
    ];
    for (name, value) in cases {
        let tenant = new_tenant();
        let mut attributes = attributes(&tenant);
        set(&mut attributes, "v", Some("2"));
        set(&mut attributes, name, Some(value));
        for data in [json!({"data": "YQ=="}), json!({"data": null}), json!({})] {
            let mut message = data;
            message["attributes"] = attributes.clone();
            let body = json!({"message": message}).to_string();
            assert_eq!(pushing.push(body).await, 204, "{name:.20} {value:.20}");
        }
        // Null data and missing data are the same message.
        pushing.api.listed(&tenant, "quarantine", 2).await;
    }
    pushing.assert_nothing_elsewhere().await;
}

impl Pushing {
    async fn assert_nothing_elsewhere(&self) {
        let (collections, tenants) = self.top().await;
        let is_known = |id: &String| ["tenants", "quarantine"].contains(&&**id);
        assert!(collections.iter().all(is_known), "{collections:?}");
        let is_made_here = |id: &String| id.starts_with("t-") && TenantId::parse(id).is_ok();
        assert!(tenants.iter().all(is_made_here), "{tenants:?}");
    }
}

/// The attributes of a valid record.
fn attributes(tenant: &str) -> Value {
    json!({
        "v": "1", "kind": "text", "tenant_id": tenant, "record_id": "1",
        "digest": hash::sha256("a text"), "source": "text_upload",
        "received_at": "2026-01-01T00:00:00.000Z", "part": "1", "parts": "1",
    })
}

fn set(attributes: &mut Value, name: &str, value: Option<&str>) {
    let attributes = attributes.as_object_mut().expect("an object");
    match value {
        Some(value) => drop(attributes.insert(name.to_owned(), value.into())),
        None => drop(attributes.remove(name)),
    }
}

fn envelope(attributes: &Value, data: &[u8], attempt: u32) -> String {
    let message = json!({"data": BASE64.encode(data), "attributes": attributes, "messageId": "1"});
    json!({"message": message, "subscription": "s", "deliveryAttempt": attempt}).to_string()
}

fn text<'a>(document: &'a Document, name: &str) -> &'a str {
    document.fields[name].as_text().expect("a text")
}

fn attribute<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    let Field::Map(attributes) = &document.fields["attributes"] else { return None };
    attributes.get(name)?.as_text()
}
