//! A part of a tenant is removed while it is killed, and while others send.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::path::{Collection, CollectionPath};
use common::store::{DocumentStore, Query};
use common::tenant::TenantId;
use e2e::api::{Answer, Api, answer, eventually, new_tenant};
use e2e::books::spillway;
use e2e::deployment::{Deployment, Settings};
use futures::{StreamExt as _, stream};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Events of the page that is removed while the server is killed: some twenty commits.
const EVENTS: usize = 6_000;

fn fast() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0".to_owned())]
}

e2e::in_both_modes!(
    fast;
    what_is_sent_meanwhile_is_gone_or_counted,
    a_period_has_texts_batches_and_windows_of_access_logs,
);

async fn delete(api: &Api, tenant: &str, query: &str) -> Answer {
    answer(api.request(Method::DELETE, &format!("/tenants/{tenant}?{query}"))).await
}

/// Asks until nothing is left, and returns what all requests together have removed, by collection.
async fn forget(api: &Api, tenant: &str, query: &str) -> BTreeMap<String, u64> {
    let mut removed: BTreeMap<String, u64> = BTreeMap::new();
    loop {
        let answer = delete(api, tenant, query).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        for (collection, count) in answer.body["removed"].as_object().expect("counts") {
            *removed.entry(collection.clone()).or_default() += count.as_u64().expect("a count");
        }
        if answer.status == StatusCode::OK {
            return removed;
        }
    }
}

/// An event of a user of its own: a worker that has seen a user a moment ago does not write it again.
async fn send(api: &Api, tenant: &str, number: usize, path: &str) {
    let event = json!({
        "site_id": tenant, "event_type": "view", "path": path, "event_id": format!("e-{number}"),
        "user_id": format!("user-{number}"), "timestamp": "2025-05-01T10:00:00Z",
    });
    let sent = answer(api.request(Method::POST, "/event").json(&event)).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
}

/// Sends events by turns on `/gone` and on `/kept`.
async fn send_all(api: &Api, tenant: &str, numbers: std::ops::Range<usize>) {
    let send = async |number| {
        send(api, tenant, number, ["/gone", "/kept"][number % 2]).await;
    };
    stream::iter(numbers).for_each_concurrent(32, send).await;
}

/// Sends at least so many events, and up to twice as many until two removals have been answered meanwhile.
/// Returns how many: where removals are slow, more events would make them slower still.
async fn send_until_two(api: &Api, tenant: &str, least: usize, removals: &AtomicUsize) -> usize {
    const AT_ONCE: usize = 100;
    let mut sent = 0;
    while sent < least || (sent < 2 * least && removals.load(Ordering::Relaxed) < 2) {
        send_all(api, tenant, sent..sent + AT_ONCE).await;
        sent += AT_ONCE;
    }
    sent
}

async fn ids(store: &dyn DocumentStore, tenant: &str) -> BTreeSet<String> {
    let tenant = TenantId::parse(tenant).expect("a tenant");
    let events = Query::all(CollectionPath::of(&tenant, Collection::Events)).select(&[]);
    let found = store.query(&events).await.expect("read");
    found.into_iter().map(|event| event.id).collect()
}

/// The statistics of a site that has so many views of `/kept`, each of a user of its own, and no others.
async fn assert_only_kept(api: &Api, tenant: &str, views: usize) {
    for date in ["", "&date=2025-05-01"] {
        let stats = api.get(&format!("/stats?site_id={tenant}{date}")).await.body;
        let paths = json!([{"path": "/kept", "views": views}]);
        assert_eq!(stats["top_paths"], paths, "{date}");
        assert_eq!((&stats["total_views"], &stats["unique_users"]), (&json!(views), &json!(views)));
    }
    let types = api.get(&format!("/analytics/event-counts-by-type?tenant_id={tenant}")).await.body;
    assert_eq!(types, json!({"view": views}));
    let series = format!("/stats/series?site_id={tenant}&date=2025-05-01&grain=hour");
    let hour = json!([{"start": "2025-05-01T10:00:00Z", "views": views}]);
    assert_eq!(api.get(&series).await.body["series"], hour);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_is_killed_is_finished_by_the_next_embedded() {
    let mut deployment = Deployment::embedded(fast()).await;
    let (api, store, tenant) = (Api::new(deployment.url()), deployment.store(), new_tenant());
    send_all(&api, &tenant, 0..2 * EVENTS).await;
    let number = async || ids(&*store, &tenant).await.len();
    eventually("all are stored", async || (number().await == 2 * EVENTS).then_some(())).await;
    let deleting = {
        let (api, tenant) = (api.clone(), tenant.clone());
        tokio::spawn(api.request(Method::DELETE, &format!("/tenants/{tenant}?path=/gone")).send())
    };
    while number().await == 2 * EVENTS {
        assert!(!deleting.is_finished(), "nothing was removed");
    }
    deployment.crash_gateway().await.expect("it starts again");
    drop(deleting.await);
    let between = number().await;
    assert!((EVENTS + 1..2 * EVENTS).contains(&between), "it was killed on the way: {between}");
    forget(&api, &tenant, "path=/gone").await;
    assert_only_kept(&api, &tenant, EVENTS).await;
    let again = delete(&api, &tenant, "path=/gone").await;
    assert_eq!(again.body, json!({"tenant_id": tenant, "complete": true, "removed": {}}));
}

/// What many removals of `/gone` say that they have removed.
#[derive(Default)]
struct Account {
    events: u64,
    /// Whether one took as long as Firestore's adapter waits for a commit. If the answer comes later,
    /// nobody knows what the commit has removed.
    was_slow: bool,
}

impl Account {
    /// Removes once. A busy store that has removed nothing yet says so, and that is no fault: Firestore's
    /// emulator is, where two cores have other work as well.
    async fn remove(&mut self, api: &Api, tenant: &str) -> Answer {
        let began = Instant::now();
        let answer = delete(api, tenant, "path=/gone").await;
        let is_busy = answer.body["code"] == "unavailable";
        assert!(is_busy || answer.status.is_success(), "{}", answer.body);
        self.was_slow |= began.elapsed() >= Duration::from_secs(10);
        self.events += answer.body["removed"]["events"].as_u64().unwrap_or(0);
        answer
    }
}

/// How many deliveries of events have ended with the event stored, or found so.
async fn delivered(deployment: &Deployment) -> u64 {
    let worker = Api::new(deployment.worker_url());
    let mut delivered = 0.0;
    for outcome in ["stored", "duplicate"] {
        let labels = format!("kind=\"event\",outcome=\"{outcome}\"");
        delivered += worker.metric(&format!("spillway_messages_delivered_total{{{labels}}}")).await;
    }
    delivered as u64
}

async fn what_is_sent_meanwhile_is_gone_or_counted(deployment: Deployment) {
    let (api, store, tenant) = (Api::new(deployment.url()), deployment.store(), new_tenant());
    let least = if matches!(deployment, Deployment::Embedded(_)) { 3_000 } else { 600 };
    let requests = Arc::new(AtomicUsize::new(0));
    let sending = {
        let (api, tenant, requests) = (api.clone(), tenant.clone(), Arc::clone(&requests));
        tokio::spawn(async move { send_until_two(&api, &tenant, least, &requests).await })
    };
    let mut removed = Account::default();
    while !sending.is_finished() {
        removed.remove(&api, &tenant).await;
        requests.fetch_add(1, Ordering::Relaxed);
    }
    let events = sending.await.expect("all are sent");
    let kept: BTreeSet<_> = (1..events).step_by(2).map(|number| format!("e-{number}")).collect();
    eventually("all were stored, and those that go are gone", async || {
        let answer = removed.remove(&api, &tenant).await;
        (answer.status == StatusCode::OK && ids(&*store, &tenant).await == kept).then_some(())
    })
    .await;
    let gone = events as u64 / 2;
    if matches!(deployment, Deployment::Embedded(_)) {
        assert_eq!(removed.events, gone);
    } else if !removed.was_slow {
        assert!(removed.events >= gone, "{} of {gone}", removed.events);
    }
    // What Pub/Sub delivers once more after its removal is stored, and removed, once more.
    let most = delivered(&deployment).await - kept.len() as u64;
    assert!(removed.events <= most, "{} of {most}", removed.events);
    assert_only_kept(&api, &tenant, events / 2).await;
}

async fn a_period_has_texts_batches_and_windows_of_access_logs(deployment: Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    for (day, key) in [("01", "b-1"), ("02", "b-2")] {
        let line =
            format!(r#"192.0.2.1 - - [{day}/May/2025:10:00:10 +0000] "GET /a HTTP/1.1" 200 5"#);
        let batch = api.request(Method::POST, &format!("/logs?tenant_id={tenant}"));
        let batch = batch.header("content-type", "text/plain").header("idempotency-key", key);
        assert_eq!(answer(batch.body(line)).await.status, StatusCode::ACCEPTED);
    }
    let batch = |key: &str| format!("/tenants/{tenant}/log_batches/{key}");
    for key in ["b-1", "b-2"] {
        eventually("the batch is stored", async || {
            (api.get(&batch(key)).await.status == StatusCode::OK).then_some(())
        })
        .await;
    }
    let long = "a line of text\n".repeat(600);
    api.ingest_json(&tenant, "long", &long).await;
    let text = api.processed_log(&tenant, "long").await;
    let removed = forget(&api, &tenant, "date=2025-05-01").await;
    assert_eq!(removed.get("log_batches"), Some(&1), "{removed:?}");
    assert_eq!(api.get(&batch("b-1")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.get(&batch("b-2")).await.status, StatusCode::OK);
    for (day, windows) in [("01", 0), ("02", 1)] {
        for grain in ["minute", "hour", "day"] {
            let path = format!("/logs/stats?tenant_id={tenant}&date=2025-05-{day}&grain={grain}");
            let found = api.get(&path).await.body["windows"].as_array().map(Vec::len);
            assert_eq!(found, Some(windows), "{path}");
        }
    }
    let today = text["received_at"].as_str().expect("a time")[..10].to_owned();
    forget(&api, &tenant, &format!("from={today}")).await;
    assert_eq!(api.all(&tenant, "processed_logs").await, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_removes_a_user() {
    let deployment = Deployment::embedded(fast()).await;
    let Deployment::Embedded(embedded) = &deployment else { panic!("another mode") };
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    send_all(&api, &tenant, 0..4).await;
    api.listed(&tenant, "events", 4).await;
    let target = deployment.url();
    let args = ["forget", &tenant, "--user", "user-1", "--target", &target];
    let output = spillway(embedded.folder(), &args).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let removed = json!({"events": 1, "visitors": 2});
    assert_eq!(report, json!({"tenant_id": tenant, "complete": true, "removed": removed}));
    assert_eq!(api.all(&tenant, "events").await.len(), 3);
    let nobody = spillway(embedded.folder(), &["forget", &tenant]).await;
    assert_eq!(nobody.status.code(), Some(2), "{nobody:?}");
}
