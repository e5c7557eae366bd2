//! What a tenant has is exported whole, and deleted whole, and nothing of another tenant is.

use std::collections::{BTreeMap, BTreeSet};

use common::path::{Collection, CollectionPath};
use common::store::{Aggregation, DocumentStore, Query};
use common::tenant::TenantId;
use e2e::api::{Answer, Api, answer, eventually, new_tenant};
use e2e::books::spillway;
use e2e::deployment::{Deployment, Settings};
use futures::{StreamExt as _, stream};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The events that are deleted while the gateway is killed: some twenty commits.
const EVENTS: usize = 3_000;
/// A text of three parts.
const LONG: usize = 9_000;

e2e::on_shared_deployments!(
    a_tenant_is_deleted_with_everything_and_no_other_is,
    a_deletion_of_something_else_is_refused,
    an_export_has_everything_of_a_tenant_and_nothing_of_another,
);

mod killed {
    use super::{a_deletion_that_is_killed_is_finished_by_the_next, fast};

    e2e::in_both_modes!(fast; a_deletion_that_is_killed_is_finished_by_the_next);
}

fn fast() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0".to_owned())]
}

async fn delete(api: &Api, tenant: &str) -> Answer {
    answer(api.request(Method::DELETE, &format!("/tenants/{tenant}"))).await
}

/// Sends a record of every kind, of which one is quarantined, and waits until all are stored.
async fn fill(api: &Api, tenant: &str) {
    let line = r#"192.0.2.1 - - [01/May/2025:10:00:10 +0000] "GET /a HTTP/1.1" 200 5"#;
    let batch = api.request(Method::POST, &format!("/logs?tenant_id={tenant}"));
    let batch = batch.header("content-type", "text/plain").header("idempotency-key", "b-1");
    assert_eq!(answer(batch.body(line)).await.status, StatusCode::ACCEPTED);
    for event in ["e-1", "e-2"] {
        assert_eq!(send_event(api, tenant, event).await.status, StatusCode::ACCEPTED);
    }
    let long = "a line of text\n".repeat(LONG / 15);
    api.ingest_json(tenant, "long", &long).await;
    api.ingest_json(tenant, "short", "hello").await;
    api.processed_log(tenant, "long").await;
    api.processed_log(tenant, "short").await;
    api.ingest_json(tenant, "short", "other content").await;
    api.listed(tenant, "quarantine", 1).await;
    api.listed(tenant, "events", 2).await;
    eventually("the batch is stored", async || {
        let path = format!("/tenants/{tenant}/log_batches/b-1");
        (api.get(&path).await.status == StatusCode::OK).then_some(())
    })
    .await;
    let settings = api.request(Method::PUT, &format!("/tenants/{tenant}/settings"));
    let settings = answer(settings.json(&json!({"excluded_paths": ["/admin*"]}))).await;
    assert_eq!(settings.status, StatusCode::OK);
}

async fn send_event(api: &Api, tenant: &str, id: &str) -> Answer {
    let event = json!({
        "site_id": tenant, "event_type": "view", "path": "/a", "event_id": id,
        "user_id": format!("user-of-{id}"), "timestamp": "2025-05-01T10:00:00.123456Z",
    });
    answer(api.request(Method::POST, "/event").json(&event)).await
}

/// How many documents the tenant has, by collection.
async fn stored(store: &dyn DocumentStore, tenant: &str) -> BTreeMap<String, usize> {
    let tenant = TenantId::parse(tenant).expect("a tenant");
    let mut all = BTreeMap::new();
    for collection in Collection::ALL {
        let path = CollectionPath::of(&tenant, collection);
        let found = store.query(&Query::all(path).select(&["parts"])).await.expect("read");
        all.insert(collection.as_str().to_owned(), found.len());
    }
    all.retain(|_, count| *count > 0);
    all
}

/// The statistics of a tenant that has nothing.
async fn assert_nothing_left(api: &Api, tenant: &str) {
    let stats = api.get(&format!("/stats?site_id={tenant}")).await.body;
    let nothing = json!({
        "site_id": tenant, "date": null, "total_views": 0, "unique_users": 0, "top_paths": [],
        "excluded": {},
    });
    assert_eq!(stats, nothing);
    for listing in ["events", "processed_logs", "quarantine"] {
        assert_eq!(api.all(tenant, listing).await, [] as [Value; 0], "{listing}");
    }
    let windows = format!("/logs/stats?tenant_id={tenant}&date=2025-05-01&grain=day");
    assert_eq!(api.get(&windows).await.body["windows"], json!([]));
    assert_eq!(export(api, tenant).await, BTreeSet::new());
}

/// The documents of an export, by collection and id.
async fn export(api: &Api, tenant: &str) -> BTreeSet<(String, String)> {
    let lines = lines(api, tenant).await;
    let text = |line: &Value, name: &str| line[name].as_str().expect("a text").to_owned();
    lines.iter().map(|line| (text(line, "collection"), text(line, "id"))).collect()
}

async fn lines(api: &Api, tenant: &str) -> Vec<Value> {
    let request = api.request(Method::GET, &format!("/tenants/{tenant}/export"));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let text = answer.text().await.expect("a whole body");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

async fn a_tenant_is_deleted_with_everything_and_no_other_is(deployment: &Deployment) {
    let (api, store) = (Api::new(deployment.url()), deployment.store());
    let gone = new_tenant();
    // A name that begins with the other one.
    let kept = format!("{gone}-2");
    fill(&api, &gone).await;
    fill(&api, &kept).await;
    let (has, before) = (stored(&*store, &gone).await, stored(&*store, &kept).await);
    let names: Vec<_> = has.keys().map(String::as_str).collect();
    let all = [
        "events",
        "log_batches",
        "processed_logs",
        "quarantine",
        "rollups",
        "settings",
        "visitors",
    ];
    assert_eq!(names, all);

    let answer = delete(&api, &gone).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let mut removed = json!(has);
    removed["parts"] = json!(3);
    let expected = json!({"tenant_id": gone, "complete": true, "removed": removed});
    assert_eq!(answer.body, expected);
    assert_eq!(stored(&*store, &gone).await, BTreeMap::new());
    assert_nothing_left(&api, &gone).await;
    let tenants = api.get("/tenants?limit=1000").await.body;
    assert!(!tenants["tenants"].as_array().expect("a list").contains(&json!(gone)));

    assert_eq!(stored(&*store, &kept).await, before);
    let again = delete(&api, &gone).await;
    let nothing = json!({"tenant_id": gone, "complete": true, "removed": {}});
    assert_eq!((again.status, again.body), (StatusCode::OK, nothing));

    // What comes afterwards is new, also under an id that was there, and decided by no settings.
    assert_eq!(send_event(&api, &gone, "e-1").await.status, StatusCode::ACCEPTED);
    let events = api.listed(&gone, "events", 1).await;
    assert_eq!(events[0]["event_id"], "e-1");
    let path = format!("/tenants/{gone}/settings");
    assert_eq!(api.get(&path).await.body["excluded_paths"], json!([]));
}

/// A parameter that is ignored would delete more than was meant.
async fn a_deletion_of_something_else_is_refused(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    send_event(&api, &tenant, "e-1").await;
    api.listed(&tenant, "events", 1).await;
    let path = format!("/tenants/{tenant}");
    let refused =
        ["?user_id=", "?path=", "?user_id=ann&path=/a", "?from=2025-05-01T10:00:00Z", "?user=ann"];
    for query in refused {
        let refused = answer(api.request(Method::DELETE, &format!("{path}{query}"))).await;
        refused.assert_problem(query, 400, "invalid-query");
    }
    let elsewhere = ("x-forwarded-for", "203.0.113.7");
    for (method, path) in [(Method::DELETE, path.clone()), (Method::GET, format!("{path}/export"))]
    {
        let request = api.request(method, &path).header(elsewhere.0, elsewhere.1);
        answer(request).await.assert_problem(&path, 403, "forbidden");
    }
    let get = api.get(&path).await;
    get.assert_problem("GET", 405, "method-not-allowed");
    assert_eq!(get.headers["allow"], "DELETE");
    let token = api.get(&format!("{path}/export?page_token=x")).await;
    token.assert_problem("a token", 400, "invalid-page-token");
    assert_eq!(api.all(&tenant, "events").await.len(), 1);
}

async fn an_export_has_everything_of_a_tenant_and_nothing_of_another(deployment: &Deployment) {
    let (api, store) = (Api::new(deployment.url()), deployment.store());
    let tenant = new_tenant();
    fill(&api, &tenant).await;
    fill(&api, &format!("{tenant}-2")).await;
    let lines = lines(&api, &tenant).await;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in &lines {
        let collection = line["collection"].as_str().expect("a text");
        *counts.entry(collection.to_owned()).or_default() += 1;
    }
    let mut expected = stored(&*store, &tenant).await;
    expected.insert("processed_logs/long/parts".to_owned(), 3);
    assert_eq!(counts, expected);
    let document = |id: &str| {
        let line = lines.iter().find(|line| line["id"] == id);
        line.unwrap_or_else(|| panic!("{id} is missing"))["document"].clone()
    };
    assert_eq!(document("e-1")["timestamp"], "2025-05-01T10:00:00.123456Z", "to the microsecond");
    assert_eq!(document("e-1")["user_id"], "user-of-e-1");
    assert_eq!(document("short")["original_text"], "hello");
    assert!(document("site")["settings"].as_str().is_some_and(|text| text.contains("/admin*")));
}

/// How many events a tenant has.
async fn number(store: &dyn DocumentStore, tenant: &str) -> i64 {
    let tenant = TenantId::parse(tenant).expect("a tenant");
    let events = Query::all(CollectionPath::of(&tenant, Collection::Events));
    store.aggregate(&events, &[Aggregation::Count]).await.expect("a number")[0]
}

async fn a_deletion_that_is_killed_is_finished_by_the_next(mut deployment: Deployment) {
    let (api, store) = (Api::new(deployment.url()), deployment.store());
    let (gone, kept) = (new_tenant(), new_tenant());
    send_event(&api, &kept, "e-1").await;
    let events = stream::iter(0..EVENTS);
    events
        .for_each_concurrent(32, async |n| {
            let sent = send_event(&api, &gone, &format!("e-{n}")).await;
            assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
        })
        .await;
    let count = async || stored(&*store, &gone).await.get("events").copied().unwrap_or_default();
    eventually("all are stored", async || (count().await == EVENTS).then_some(())).await;
    api.listed(&kept, "events", 1).await;
    let before = stored(&*store, &kept).await;

    let request = api.request(Method::DELETE, &format!("/tenants/{gone}"));
    let deleting = tokio::spawn(request.send());
    // Looks without a pause, because a fast disk is done within a moment.
    while number(&*store, &gone).await == i64::try_from(EVENTS).expect("a number") {
        assert!(!deleting.is_finished(), "nothing was removed");
    }
    deployment.crash_gateway().await.expect("it starts again");
    drop(deleting.await);
    assert!(count().await > 0, "it was killed on the way");

    let finished = eventually("the next one finishes", async || {
        let answer = delete(&api, &gone).await;
        (answer.status == StatusCode::OK).then_some(answer.body)
    })
    .await;
    assert_eq!(finished["complete"], true);
    assert_eq!(stored(&*store, &gone).await, BTreeMap::new());
    assert_nothing_left(&api, &gone).await;
    assert_eq!(stored(&*store, &kept).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_exports_everything() {
    let deployment = Deployment::embedded(fast()).await;
    let Deployment::Embedded(embedded) = &deployment else { panic!("another mode") };
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    fill(&api, &tenant).await;
    let expected = export(&api, &tenant).await;
    let args = ["export", &tenant, "--target", &deployment.url()];
    let output = spillway(embedded.folder(), &args).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let name = |line: Value, name: &str| line[name].as_str().expect("a text").to_owned();
    let printed = lines.map(|line| (name(line.clone(), "collection"), name(line, "id")));
    assert_eq!(printed.collect::<BTreeSet<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_exports_a_collection_as_a_table() {
    let deployment = Deployment::embedded(fast()).await;
    let Deployment::Embedded(embedded) = &deployment else { panic!("another mode") };
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    fill(&api, &tenant).await;
    let all = export(&api, &tenant).await;
    let events = all.into_iter().filter(|(collection, _)| collection == "events");
    let args = ["export", &tenant, "--csv", "events", "--target", &deployment.url()];
    let output = spillway(embedded.folder(), &args).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let (header, rows) = text.split_once('\n').expect("a header");
    assert!(header.starts_with("id,") && header.contains(",event_type,"), "{header}");
    let ids = rows.lines().filter_map(|row| row.split(',').next()).map(str::to_owned);
    assert_eq!(ids.collect::<BTreeSet<_>>(), events.map(|(_, id)| id).collect());
}
