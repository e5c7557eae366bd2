//! Invalid events, and events that are only just valid.

use e2e::api::{Answer, answer};
use e2e::deployment::Deployment;
use reqwest::Method;
use serde_json::{Value, json};

use super::site::{Site, assert_taken};

const MISSING: &str = "missing-field";
const RANGE: &str = "out-of-range";
const TYPE: &str = "wrong-type";

/// A field with a wrong value, and the code of its problem.
type Wrong = (&'static str, Value, &'static str);

fn wrong_site_events() -> Vec<Wrong> {
    let of_type = |fields: &[&'static str], values: &[Value]| -> Vec<Wrong> {
        let pairs = fields.iter().flat_map(|name| values.iter().map(|value| (*name, value)));
        pairs.map(|(name, value)| (name, value.clone(), TYPE)).collect()
    };
    let no_texts = [json!(true), json!(["a"]), json!({"a": 1})];
    let texts = ["event_type", "path", "user_id", "timestamp", "event_id", "excluded"];
    let no_objects = [json!([]), json!([{"a": 1}]), json!("{}"), json!(7), json!(false)];
    let values = vec![
        ("event_type", Value::Null, MISSING),
        ("event_type", json!(""), RANGE),
        ("event_type", json!(7), TYPE),
        ("path", json!(7), TYPE),
        ("user_id", json!(4.5), TYPE),
        ("event_id", json!(1e30), TYPE),
        ("excluded", json!("robots"), RANGE),
        ("event_id", text(129), "invalid-id"),
        ("event_id", json!("a/b"), "invalid-id"),
        ("event_id", json!("__x__"), "invalid-id"),
    ];
    [of_type(&texts, &no_texts), of_type(&["payload"], &no_objects), values].concat()
}

/// What does not fit: it is cut or replaced, and only refused if the client asks for that.
fn too_much() -> Vec<(&'static str, Value)> {
    vec![
        ("event_type", text(65)),
        ("event_type", json!("ü".repeat(33))),
        ("event_type", json!("a\nb")),
        ("event_type", json!("a\u{7f}")),
        ("path", json!(format!("/{}", "x".repeat(1_024)))),
        ("path", json!("/a\0b")),
        ("user_id", text(257)),
        ("user_id", json!("ü".repeat(129))),
        ("user_id", json!("a\tb")),
        ("payload", payload_of(65_537)),
        ("payload", payload_of(200_000)),
    ]
}

pub(super) async fn what_does_not_fit_is_cut_unless_the_client_is_strict(deployment: &Deployment) {
    let site = Site::new(deployment);
    let cases = too_much();
    for (field, value) in &cases {
        let mut event = json!({"event_type": "view", "site_id": site.name});
        event[field] = value.clone();
        let strict = post(&site, "/event?strict=true", event.to_string()).await;
        assert_refused(&strict, &event, RANGE, field);
        assert_taken(&site.event(event).await, &json!(field));
    }
    let long = json!({"url": text(1_025), "text": text(70_000)});
    for event_type in ["view", "click"] {
        let event = json!({"user_id": "u", "event_type": event_type, "payload": long});
        let strict = post(&site, "/events?strict=true", event.to_string()).await;
        strict.assert_problem(event_type, 400, RANGE);
        assert_eq!(sorted(&strict), ["payload", "payload.url"]);
        assert_taken(&site.interaction(&event).await, &json!(event_type));
    }
    site.counts(cases.len() + 2).await;
    let paths: Vec<_> = site.top_paths("").await.into_iter().map(|(path, _)| path).collect();
    let long = format!("/{}", "x".repeat(1_023));
    assert_eq!(paths, ["/a%00b".to_owned(), long, "x".repeat(1_024)]);
    let users = site.stats("").await["unique_users"].as_u64();
    assert_eq!(users, Some(4), "long users stay apart");
}

pub(super) async fn an_invalid_site_event_is_refused(deployment: &Deployment) {
    let site = Site::new(deployment);
    for (field, value, code) in wrong_site_events() {
        let mut event = json!({"event_type": "view"});
        event[field] = value;
        assert_refused(&site.event(event.clone()).await, &event, code, field);
    }
    for name in [json!(7.5), json!({}), json!(["a"])] {
        let event = json!({"site_id": name, "event_type": "view"});
        assert_refused(&post(&site, "/event", event.to_string()).await, &event, TYPE, "site_id");
    }
    site.has([json!({"event_type": "click"})]).await;
}

fn wrong_interactions() -> Vec<Wrong> {
    let location = |latitude: Value, longitude: Value, accuracy: Value| json!({"latitude": latitude, "longitude": longitude, "accuracy": accuracy});
    let (lat, lon) = (json!(52.5), json!(13.4));
    let located = |wrong: Value| location(wrong, lon.clone(), Value::Null);
    let mut wrong = vec![
        ("view payload", Value::Null, MISSING),
        ("view payload", json!([]), TYPE),
        ("view payload", json!("/a"), TYPE),
        ("view payload.url", json!({}), MISSING),
        ("view payload.url", json!({"url": null}), MISSING),
        ("view payload.url", json!({"url": 7}), TYPE),
        ("view payload.url", json!({"url": ["/a"]}), TYPE),
        ("location payload", Value::Null, MISSING),
        ("location payload", json!([52.5, 13.4]), TYPE),
        ("location payload.longitude", json!({"latitude": 52.5}), MISSING),
        ("location payload.latitude", json!({"longitude": 13.4}), MISSING),
        ("click payload", json!([]), TYPE),
        ("click payload", json!("x"), TYPE),
        ("click payload.url", json!({"url": 7}), TYPE),
    ];
    for value in [json!("52.5"), json!(true), json!([52.5]), json!({"degrees": 52.5}), json!("NaN")]
    {
        wrong.push(("location payload.latitude", located(value.clone()), TYPE));
        let longitude = location(lat.clone(), value.clone(), Value::Null);
        wrong.push(("location payload.longitude", longitude, TYPE));
        let accuracy = location(lat.clone(), lon.clone(), value);
        wrong.push(("location payload.accuracy", accuracy, TYPE));
    }
    for value in [90.000_001, -90.000_001, 91.0, 1e308] {
        wrong.push(("location payload.latitude", located(json!(value)), RANGE));
    }
    for value in [180.000_001, -180.000_001, 360.0, -1e308] {
        let payload = location(lat.clone(), json!(value), Value::Null);
        wrong.push(("location payload.longitude", payload, RANGE));
    }
    for value in [-0.000_001, -1.0] {
        let payload = location(lat.clone(), lon.clone(), json!(value));
        wrong.push(("location payload.accuracy", payload, RANGE));
    }
    wrong.extend(wrong_texts_of_payloads());
    wrong
}

/// Optional fields that must be strings.
fn wrong_texts_of_payloads() -> Vec<Wrong> {
    let values = [json!(7), json!(false), json!(["a"]), json!({})];
    let fields = [
        ("click payload.title", "title"),
        ("click payload.element_id", "element_id"),
        ("click payload.text", "text"),
        ("click payload.xpath", "xpath"),
        ("view payload.title", "title"),
    ];
    let wrong = fields.into_iter().flat_map(|(place, name)| {
        values.clone().map(|value| (place, json!({"url": "/a", name: value}), TYPE))
    });
    wrong.collect()
}

pub(super) async fn an_invalid_interaction_is_refused(deployment: &Deployment) {
    let site = Site::new(deployment);
    for (place, payload, code) in wrong_interactions() {
        let (event_type, field) = place.split_once(' ').expect("a type and a field");
        let body = json!({"user_id": "u", "event_type": event_type, "payload": payload});
        assert_refused(&site.interaction(&body).await, &body, code, field);
    }
    for (field, value, code) in [
        ("user_id", Value::Null, MISSING),
        ("user_id", json!(""), MISSING),
        ("user_id", json!(7.5), TYPE),
        ("event_type", Value::Null, MISSING),
        ("event_type", json!("page_view"), RANGE),
        ("event_type", json!(""), RANGE),
        ("event_type", json!(["click"]), TYPE),
    ] {
        let mut body = json!({"user_id": "u", "event_type": "click"});
        body[field] = value;
        assert_refused(&site.interaction(&body).await, &body, code, field);
    }
    let click = json!({"user_id": "u", "event_type": "click"});
    assert_taken(&site.interaction(&click).await, &click);
    site.counts(1).await;
}

pub(super) async fn a_body_that_is_not_an_event_is_refused(deployment: &Deployment) {
    let site = Site::new(deployment);
    let location = |latitude: &str| {
        format!(
            r#"{{"user_id":"u","event_type":"location",
            "payload":{{"latitude":{latitude},"longitude":1}}}}"#
        )
    };
    let bodies = [
        "",
        "{",
        "null,",
        "{\"event_type\":\"view\"",
        "{'event_type':'view'}",
        "\u{feff}\u{feff}{}",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(["NaN", "Infinity", "-Infinity", "1e999", "+1", "01", ".5", "1."].map(location))
    .chain(["[".repeat(500), format!("{{\"payload\":{}", "{\"a\":".repeat(500))]);
    for body in bodies {
        for path in ["/event", "/events"] {
            let what = body.get(..60).unwrap_or(&body);
            post(&site, path, body.clone()).await.assert_problem(what, 400, "invalid-json");
        }
    }
    for body in ["[]", "null", "7", "\"view\"", "[{\"event_type\":\"view\"}]"] {
        for path in ["/event", "/events"] {
            post(&site, path, body.to_owned()).await.assert_problem(body, 400, TYPE);
        }
    }
    for path in ["/event", "/events"] {
        let body = json!({"user_id": "u", "event_type": "click", "x": text(300_000)});
        let large = post(&site, path, body.to_string()).await;
        large.assert_problem("a large body", 413, "too-large");
    }
    site.has([json!({"event_type": "click"})]).await;
}

pub(super) async fn all_problems_of_an_event_are_reported_at_once(deployment: &Deployment) {
    let site = Site::new(deployment);
    let body = json!({"event_type": 7, "path": 7, "user_id": [], "timestamp": "x", "payload": [],
        "event_id": "a/b"});
    let refused = site.event(body).await;
    refused.assert_problem("a site event", 400, "invalid-body");
    let fields = ["event_id", "event_type", "path", "payload", "timestamp", "user_id"];
    assert_eq!(sorted(&refused), fields);

    let refused = post(&site, "/event", "{}".to_owned()).await;
    assert_eq!(sorted(&refused), ["event_type"]);
    let nameless = site.api.request(Method::POST, "/event").json(&json!({}));
    let nameless = answer(nameless).await;
    nameless.assert_problem("an empty event", 400, "invalid-body");
    assert_eq!(sorted(&nameless), ["event_type", "site_id"]);

    let payload = json!({"latitude": 91, "longitude": "x", "accuracy": -1});
    let refused = site.interaction(&json!({"event_type": "location", "payload": payload})).await;
    refused.assert_problem("an interaction", 400, "invalid-body");
    let fields = ["payload.accuracy", "payload.latitude", "payload.longitude", "user_id"];
    assert_eq!(sorted(&refused), fields);
    let refused = site.interaction(&json!({})).await;
    refused.assert_problem("an empty interaction", 400, MISSING);
    assert_eq!(sorted(&refused), ["event_type", "user_id"]);
    let payload = json!({"element_id": 1, "text": 2, "xpath": 3, "title": 4});
    let click = json!({"user_id": "u", "event_type": "click", "payload": payload});
    let refused = site.interaction(&click).await;
    refused.assert_problem("a click", 400, TYPE);
    let fields = ["payload.element_id", "payload.text", "payload.title", "payload.xpath"];
    assert_eq!(sorted(&refused), fields);
}

pub(super) async fn values_at_their_limits_are_accepted(deployment: &Deployment) {
    let site = Site::new(deployment);
    let path = format!("/{}", "x".repeat(1_023));
    let events = [
        json!({"event_type": text(64)}),
        json!({"event_type": "ü".repeat(32)}),
        json!({"event_type": "view", "path": path}),
        json!({"event_type": "view", "path": format!("{path}?{}", "q".repeat(500))}),
        json!({"event_type": "view", "payload": {"url": format!("https://a.b{path}#top")}}),
        json!({"event_type": "click", "user_id": text(256)}),
        json!({"event_type": "click", "user_id": "\"größe 🦀\" <a@b.c> \u{a0}\\"}),
        json!({"event_type": "click", "payload": payload_of(65_536)}),
        json!({"event_type": "click", "payload": {}}),
        json!({"event_type": "click", "event_id": text(128)}),
    ];
    let location = |latitude: f64, longitude: f64, accuracy: Value| {
        json!({"user_id": "u", "event_type": "location", "payload":
            {"latitude": latitude, "longitude": longitude, "accuracy": accuracy}})
    };
    let interactions = [
        location(90.0, 180.0, json!(0)),
        location(-90.0, -180.0, json!(1e9)),
        location(0.0, -0.0, Value::Null),
        json!({"user_id": text(256), "event_type": "click"}),
        json!({"user_id": "u", "event_type": "click", "payload": {}}),
        json!({"user_id": "u", "event_type": "click", "payload": payload_of(65_536)}),
        json!({"user_id": "u", "event_type": "view", "payload": {"url": path}}),
    ];
    for interaction in &interactions {
        assert_taken(&site.interaction(interaction).await, interaction);
    }
    for event in &events {
        assert_taken(&site.event(event.clone()).await, event);
    }
    site.counts(events.len() + interactions.len()).await;
    assert_eq!(site.top_paths("").await, [(path, 4)]);
}

pub(super) async fn unknown_fields_and_nulls_are_ignored(deployment: &Deployment) {
    let site = Site::new(deployment);
    site.has([
        json!({"event_type": "click", "Path": 7, "colour": {"a": [1]}, "": null}),
        json!({"event_type": "click", "path": null, "user_id": null, "timestamp": null,
            "event_id": null, "payload": null}),
        json!({"event_type": "click", "payload": {"latitude": "here", "title": 7}}),
    ])
    .await;
    let interactions = [
        json!({"user_id": "u", "event_type": "click", "site_id": 7, "event_id": [], "path": 1}),
        json!({"user_id": "u", "event_type": "click", "timestamp": "never", "payload": null}),
        json!({"user_id": "u", "event_type": "click", "payload":
            {"latitude": "here", "colour": 7, "title": null, "xpath": null}}),
        json!({"user_id": "u", "event_type": "view", "payload": {"url": "/a", "latitude": "x"}}),
    ];
    for interaction in &interactions {
        assert_taken(&site.interaction(interaction).await, interaction);
    }
    site.counts(7).await;
    assert_eq!(site.types("").await, json!({"click": 6, "view": 1}));
}

fn assert_refused(answer: &Answer, what: &Value, code: &str, field: &str) {
    let what = what.to_string().chars().take(120).collect::<String>();
    answer.assert_problem(&what, 400, code);
    assert_eq!(answer.fields(), [field], "{what}");
}

/// `POST` with any body that claims to be JSON.
async fn post(site: &Site, path: &str, body: String) -> Answer {
    let request = site.api.request(Method::POST, path).header("content-type", "application/json");
    answer(request.header("x-tenant-id", &site.name).body(body)).await
}

fn sorted(answer: &Answer) -> Vec<&str> {
    let mut fields = answer.fields();
    fields.sort_unstable();
    fields
}

fn text(bytes: usize) -> Value {
    "x".repeat(bytes).into()
}

/// A payload whose JSON is `bytes` long.
fn payload_of(bytes: usize) -> Value {
    json!({"x": text(bytes - r#"{"x":""}"#.len())})
}
