//! What Spillway has counted of a tenant.

use common::data_folder::QUEUE;
use e2e::api::{Api, eventually};
use e2e::deployment::Embedded;
use rusqlite::Connection;
use serde_json::Value;

use super::belief::Records;

/// How views are called among the types of events.
const VIEWS: [&str; 3] = ["page_view", "pageview", "view"];

/// The tenant's records, once everything that was taken is worked on.
///
/// # Errors
/// What is quarantined, since nothing that a client sends may end there; and counts that do not agree.
pub(crate) async fn counted(embedded: &Embedded, tenant: &str) -> Result<Records, String> {
    let api = Api::new(embedded.service().url());
    eventually("the queue is empty", async || (in_work(embedded) == Ok(0)).then_some(())).await;
    let quarantined = api.all(tenant, "quarantine").await;
    if !quarantined.is_empty() {
        return Err(format!("{} in quarantine: {}", quarantined.len(), quarantined[0]));
    }
    let views = api.get(&format!("/stats?site_id={tenant}")).await.body;
    let by_type =
        api.get(&format!("/analytics/event-counts-by-type?tenant_id={tenant}")).await.body;
    let listed = api.all(tenant, "events").await.len() as u64;
    let records = Records {
        views: views["total_views"].as_u64().unwrap_or(0),
        events: others(&by_type),
        texts: api.all(tenant, "processed_logs").await.len() as u64,
    };
    // The events one by one are as many as their counts say, so nothing was taken and left out.
    if listed != records.views + records.events {
        return Err(format!("{records} are counted, {listed} are kept: {views} {by_type}"));
    }
    Ok(records)
}

/// How many messages are in the queue and not worked on. The metric of it follows a moment later.
fn in_work(embedded: &Embedded) -> rusqlite::Result<i64> {
    let queue = Connection::open(embedded.folder().join(QUEUE))?;
    queue.query_row("SELECT count(*) FROM messages WHERE work <> 0", [], |row| row.get(0))
}

/// How many events of the counts by type are not views.
fn others(by_type: &Value) -> u64 {
    let counts = by_type.as_object().into_iter().flatten();
    let others = counts.filter(|(name, _)| !VIEWS.contains(&name.as_str()));
    others.filter_map(|(_, count)| count.as_u64()).sum()
}
