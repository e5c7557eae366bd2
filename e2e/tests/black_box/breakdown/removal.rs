//! A user, a page and days are removed: every count equals an independent one of what is left.

use std::collections::{BTreeMap, BTreeSet};

use e2e::api::{Answer, Api, answer, new_tenant};
use e2e::deployment::Deployment;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::visits::{Visit, visits};
use super::{assert_exact, counted, send_all, settings};

const DAYS: u32 = 4;
/// A worker's URL at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

e2e::in_both_modes!(settings; what_is_left_is_counted_as_if_the_rest_had_never_come);

/// Delivers nothing any more. The emulator may deliver a message once more, and one whose record was removed
/// would be stored again.
fn hold_deliveries(deployment: &Deployment) {
    if let Deployment::Cloud(cloud) = deployment {
        cloud.relay().redirect(NOBODY.to_owned());
    }
}

/// Asks until nothing is left, and returns how many events all requests together have removed.
async fn remove(api: &Api, site: &str, query: &str) -> u64 {
    let mut events = 0;
    loop {
        let answer = ask(api, site, query).await;
        assert!(answer.status.is_success(), "{query}: {}", answer.body);
        events += answer.body["removed"]["events"].as_u64().unwrap_or(0);
        if answer.status == StatusCode::OK {
            return events;
        }
    }
}

async fn ask(api: &Api, site: &str, query: &str) -> Answer {
    answer(api.request(Method::DELETE, &format!("/tenants/{site}?{query}"))).await
}

/// Compares views, users and pages, of all time and of each day, with those of the events.
async fn assert_stats(api: &Api, site: &str, visits: &[Visit]) {
    let days = (1..=DAYS).map(|day| Some(format!("2025-05-{day:02}")));
    for day in days.chain([None]) {
        let of_day = |visit: &&Visit| day.as_ref().is_none_or(|day| visit.day == *day);
        let events: Vec<_> = visits.iter().filter(of_day).collect();
        let is_view = |visit: &&&Visit| visit.dimensions["event"].ends_with("view");
        let users: BTreeSet<_> = events.iter().filter_map(|visit| visit.user.as_ref()).collect();
        let mut paths: BTreeMap<&str, i64> = BTreeMap::new();
        for view in events.iter().filter(is_view) {
            *paths.entry(view.body["path"].as_str().expect("a path")).or_default() += 1;
        }
        let mut top: Vec<_> = paths.into_iter().collect();
        top.sort_by_key(|(path, views)| (-views, *path));
        let top = top.iter().map(|(path, views)| json!({"path": path, "views": views}));
        let expected = json!({
            "site_id": site, "date": day, "total_views": events.iter().filter(is_view).count(),
            "unique_users": users.len(), "top_paths": top.collect::<Vec<_>>(), "excluded": {},
        });
        let date = day.map(|day| format!("&date={day}")).unwrap_or_default();
        assert_eq!(api.get(&format!("/stats?site_id={site}{date}")).await.body, expected);
    }
}

async fn assert_types(api: &Api, site: &str, visits: &[Visit]) {
    let mut types: BTreeMap<&str, u64> = BTreeMap::new();
    for visit in visits {
        *types.entry(&visit.dimensions["event"]).or_default() += 1;
    }
    let path = format!("/analytics/event-counts-by-type?tenant_id={site}");
    assert_eq!(api.get(&path).await.body, json!(types));
}

async fn what_is_left_is_counted_as_if_the_rest_had_never_come(deployment: Deployment) {
    let (api, site, kept) = (Api::new(deployment.url()), new_tenant(), new_tenant());
    let (mut left, others) = (visits(3, 400, DAYS), visits(4, 40, DAYS));
    send_all(&api, &site, &left).await;
    send_all(&api, &kept, &others).await;
    counted(&api, &site, left.len()).await;
    counted(&api, &kept, others.len()).await;
    hold_deliveries(&deployment);
    type Goes = fn(&Visit) -> bool;
    let parts: [(&str, Goes); 4] = [
        ("user_id=user+3", |visit| visit.user.as_deref() == Some("user 3")),
        ("path=/docs", |visit| visit.body["path"] == "/docs"),
        ("path=/pricing&date=2025-05-01", |visit| {
            visit.body["path"] == "/pricing" && visit.day == "2025-05-01"
        }),
        ("from=2025-05-02&to=2025-05-03", |visit| {
            ("2025-05-02"..="2025-05-03").contains(&visit.day.as_str())
        }),
    ];
    for (query, goes) in parts {
        let before = left.len();
        left.retain(|visit| !goes(visit));
        let removed = remove(&api, &site, query).await;
        assert_eq!(removed, (before - left.len()) as u64, "{query}");
        assert_stats(&api, &site, &left).await;
        assert_types(&api, &site, &left).await;
        assert_exact(&api, &site, &left, DAYS).await;
        let nothing = json!({"tenant_id": site, "complete": true, "removed": {}});
        assert_eq!(ask(&api, &site, query).await.body, nothing, "{query}");
    }
    assert_stats(&api, &kept, &others).await;
    assert_exact(&api, &kept, &others, DAYS).await;
}
