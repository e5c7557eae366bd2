//! Personal data in paths, referers and queries: they are neither counted, nor stored, nor archived,
//! unless `REDACT_PATHS` is off.

use std::fs;
use std::path::Path;

use e2e::api::{Api, answer, eventually};
use e2e::deployment::{Deployment, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

mod on {
    use super::*;

    e2e::in_both_modes!(by_default; nobody_is_named_where_paths_are_counted_stored_or_archived);
}

mod off {
    use super::*;

    e2e::in_both_modes!(turned_off; paths_are_kept_as_they_were_sent);
}

const SENT: &str = "/unsubscribe/ann@example.com/reset/4f9aB2c81d77e0a6b3";
const SHOWN: &str = "/unsubscribe/[REDACTED]/reset/[REDACTED]";

fn by_default() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0".to_owned())]
}

fn turned_off() -> Settings {
    [by_default(), vec![("REDACT_PATHS", "false".to_owned())]].concat()
}

async fn nobody_is_named_where_paths_are_counted_stored_or_archived(deployment: Deployment) {
    let seen = seen(&deployment, SHOWN).await;
    assert!(!seen.contains("ann") && !seen.contains("4f9aB2c8"), "{seen}");
    archived(&deployment, |archive| {
        assert!(!archive.contains("ann") && !archive.contains("4f9aB2c8"), "{archive}");
        archive.contains(SHOWN)
    })
    .await;
}

async fn paths_are_kept_as_they_were_sent(deployment: Deployment) {
    let seen = seen(&deployment, SENT).await;
    assert!(!seen.contains("[REDACTED]"), "{seen}");
    archived(&deployment, |archive| archive.contains(SENT)).await;
}

/// Sends the path through each door, waits until it is counted as `path`, and returns all answers
/// that show it.
async fn seen(deployment: &Deployment, path: &str) -> String {
    let api = Api::new(deployment.url());
    send_all(&api).await;
    let requests =
        "/logs/stats?tenant_id=acme&grain=hour&from=2025-05-01T10:00:00Z&to=2025-05-01T11:00:00Z";
    let mut seen = Vec::new();
    for (read, place, counted) in [
        (requests, "/windows/0/paths/0", json!({"path": format!("GET {path}"), "count": 1})),
        ("/stats?site_id=acme", "/top_paths/0", json!({"path": path, "views": 2})),
    ] {
        let what = format!("{path} is counted in {read}");
        let found = eventually(&what, async || {
            let body = api.get(read).await.body;
            (body.pointer(place) == Some(&counted)).then_some(body)
        });
        seen.push(found.await);
    }
    let events = api.get("/tenants/acme/events").await.body;
    let at = |id: &str| -> Value {
        let listed = events["events"].as_array().expect("a list");
        listed.iter().find(|event| event["event_id"] == id).cloned().unwrap_or_default()
    };
    assert_eq!(at("by-path")["path"], path);
    assert_eq!(at("by-path")["payload"]["referrer"], format!("https://acme.example{path}"));
    let interaction = events["events"].as_array().expect("a list").iter();
    assert_eq!(interaction.filter(|event| event["path"] == path).count(), 2, "{events}");
    seen.push(events);
    seen.iter().map(Value::to_string).collect()
}

async fn send_all(api: &Api) {
    let referrer = format!("https://acme.example{SENT}");
    let entry = json!([{"receivedAt": "2025-05-01T10:00:10Z", "method": "GET",
        "path": format!("{SENT}?to=ann@example.com"), "referer": referrer}]);
    let event = json!({"event_type": "view", "event_id": "by-path", "path": SENT,
        "payload": {"referrer": referrer}});
    let interaction = json!({"user_id": "u-1", "event_type": "view",
        "payload": {"url": format!("{referrer}?mail=ann%40example.com")}});
    for (door, body) in [("/logs", entry), ("/event", event), ("/events", interaction)] {
        let request = api.request(Method::POST, door).header("x-tenant-id", "acme");
        let sent = answer(request.json(&body)).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{door}: {}", sent.body);
    }
}

/// Waits until the archive is as it should be. On Google Cloud, Pub/Sub writes it from the same
/// messages.
async fn archived(deployment: &Deployment, is_right: impl Fn(&str) -> bool) {
    let Deployment::Embedded(embedded) = deployment else { return };
    eventually("all three messages are archived", async || {
        let archive = read_below(&embedded.folder().join("archive"));
        (archive.lines().count() == 3 && is_right(&archive)).then_some(())
    })
    .await;
}

fn read_below(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let read = |path: std::path::PathBuf| {
        if path.is_dir() { read_below(&path) } else { fs::read_to_string(path).unwrap_or_default() }
    };
    entries.map(read).collect()
}
