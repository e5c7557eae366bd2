//! The test server's listings, documents and quarantine.

use actix_web::web::{Data, Path, Query, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};

use super::behaviour::Fault;
use super::server::{Peer, REASON};
use super::state::Stored;

/// Small pages, so that even a small run has several.
const PAGE: usize = 7;

#[derive(Deserialize)]
struct PageQuery {
    limit: usize,
    page_token: Option<String>,
}

/// Adds the routes that read.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.route("/tenants/{tenant}/processed_logs", get().to(list))
        .route("/tenants/{tenant}/processed_logs/{id}", get().to(document))
        .route("/tenants/{tenant}/quarantine", get().to(quarantine));
}

async fn list(
    peer: Data<Peer>,
    request: HttpRequest,
    tenant: Path<String>,
    query: Query<PageQuery>,
) -> HttpResponse {
    if let Some(refusal) = peer.refuses_read(&request) {
        return refusal;
    }
    let items = listing(&peer, &tenant, query.page_token.is_none());
    let (items, mut next) = page(items, &query);
    if peer.behaviour.endless {
        next = Some("0".to_owned());
    }
    HttpResponse::Ok().json(json!({ "processed_logs": items, "next_page_token": next }))
}

/// All that a tenant lists. A read of the first page begins a listing.
fn listing(peer: &Peer, tenant: &str, begins: bool) -> Vec<Value> {
    let mut state = peer.state();
    let begun = state.listings.entry(tenant.to_owned()).or_default();
    *begun += usize::from(begins);
    let late_ones_too = *begun >= 3;
    if let Some(token) = &peer.behaviour.cancels_at_third_listing
        && late_ones_too
    {
        token.cancel();
    }
    let mut listed = state.stored.get(tenant).cloned().unwrap_or_default();
    listed.retain(|s| late_ones_too || s.fault != Some(Fault::Late));
    let mut items: Vec<_> = listed.into_iter().map(|s| s.document).collect();
    if peer.behaviour.stranger {
        items.push(json!({ "log_id": "from-nowhere", "processed_at": Utc::now() }));
    }
    items.sort_by_key(|item| item["log_id"].to_string());
    items
}

/// The page of a token, which is the number of items before it, and the token of the next page.
fn page(items: Vec<Value>, query: &PageQuery) -> (Vec<Value>, Option<String>) {
    let skip = query.page_token.as_deref().map_or(0, |t| t.parse().expect("a token of mine"));
    let size = PAGE.min(query.limit);
    let next = (items.len() > skip + size).then(|| (skip + size).to_string());
    (items.into_iter().skip(skip).take(size).collect(), next)
}

async fn document(
    peer: Data<Peer>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> HttpResponse {
    if let Some(refusal) = peer.refuses_read(&request) {
        return refusal;
    }
    let (tenant, id) = path.into_inner();
    let mut state = peer.state();
    let first_time = state.looked_up.insert(id.clone());
    let stored = state.stored.get(&tenant).and_then(|all| all.iter().find(|s| s.id == id));
    let not_found = |code| HttpResponse::NotFound().json(json!({ "code": code }));
    match stored {
        None | Some(Stored { fault: Some(Fault::ListedOnly), .. }) => not_found("not-found"),
        Some(Stored { fault: Some(Fault::Unfinished), .. }) => not_found("in-progress"),
        Some(Stored { fault: Some(Fault::InParts), .. }) if first_time => not_found("in-progress"),
        Some(stored) => HttpResponse::Ok().json(&stored.document),
    }
}

async fn quarantine(
    peer: Data<Peer>,
    request: HttpRequest,
    tenant: Path<String>,
    query: Query<PageQuery>,
) -> HttpResponse {
    if let Some(refusal) = peer.refuses_read(&request) {
        return refusal;
    }
    let ids = peer.state().quarantine.get(tenant.as_str()).cloned().unwrap_or_default();
    let item = |id| json!({ "attributes": { "record_id": id }, "reason": REASON });
    let (items, next) = page(ids.iter().map(item).collect(), &query);
    HttpResponse::Ok().json(json!({ "quarantine": items, "next_page_token": next }))
}
