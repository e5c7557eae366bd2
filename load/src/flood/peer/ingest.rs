//! The test server takes posts.

use actix_web::web::{Bytes, Data, ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::behaviour::Fault;
use super::server::{Peer, REASON, header};
use super::state::Posted;

/// Adds the route that takes posts.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.route("/ingest", post().to(ingest));
}

async fn ingest(peer: Data<Peer>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let Some((posted, source)) = posted(&request, &body) else {
        return HttpResponse::UnsupportedMediaType().finish();
    };
    arrive(&peer).await;
    let mut state = peer.state();
    if state.tried.insert(posted.log_id.clone()) && peer.behaviour.refuse_first {
        return HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "0")).finish();
    }
    let fault = peer.behaviour.faults.get(&state.accepted).copied();
    state.accepted += 1;
    if let Some(fault) = fault {
        state.faulty.push((fault, posted.tenant_id.clone(), posted.log_id.clone()));
    }
    if fault == Some(Fault::Reject) {
        return HttpResponse::BadRequest().json(json!({ "detail": REASON }));
    }
    state.keep(&posted, source, fault, peer.behaviour.no_originals);
    HttpResponse::Accepted().json(json!({ "status": "accepted" }))
}

/// Counts the post, and waits until posts may be answered.
async fn arrive(peer: &Peer) {
    let number = {
        let mut state = peer.state();
        state.posts += 1;
        state.posts
    };
    if let Some((at, token)) = &peer.behaviour.cancels
        && number == *at
    {
        token.cancel();
    }
    if let Some(mut open) = peer.behaviour.open.clone() {
        open.wait_for(|open| *open).await.expect("the test holds the other end");
    }
}

fn posted(request: &HttpRequest, body: &[u8]) -> Option<(Posted, &'static str)> {
    match header(request, "content-type")?.as_str() {
        "application/json" => Some((serde_json::from_slice(body).ok()?, "json_upload")),
        "text/plain; charset=utf-8" => {
            let (tenant_id, log_id) =
                (header(request, "x-tenant-id")?, header(request, "x-log-id")?);
            let text = String::from_utf8(body.to_vec()).ok()?;
            Some((Posted { tenant_id, log_id, text }, "text_upload"))
        }
        _ => None,
    }
}
