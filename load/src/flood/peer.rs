//! A test server with the part of the API that a flood uses, and with faults on demand.

use std::collections::{BTreeMap, HashSet};
use std::net::TcpListener;
use std::sync::{Mutex, MutexGuard};

use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Small pages, so that even a small run has several.
const PAGE: usize = 7;

/// The reason that the server gives for a refusal or quarantine.
const REASON: &str = "a fault on demand";

/// A fault in one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is answered 400.
    Reject,
    /// It is answered 202 and then lost.
    Lose,
    /// It is listed twice.
    Double,
    /// It is stored under another tenant instead.
    Misplace,
    /// It is stored under another tenant as well.
    Spread,
    /// Another text is stored.
    Corrupt,
    /// Another source is stored.
    Relabel,
    /// It is put in quarantine.
    Quarantine,
    /// It is put in quarantine and also stored.
    QuarantineToo,
    /// It is put in another tenant's quarantine.
    QuarantineElsewhere,
    /// It is listed only from the third complete listing on.
    Late,
    /// It is listed at once, but its document is in progress on the first look-up.
    InParts,
    /// It is listed, but its document stays in progress.
    Unfinished,
    /// It is listed, but has no document.
    ListedOnly,
    /// It is listed without a time.
    Timeless,
}

/// How the server treats all records.
#[derive(Clone, Debug, Default)]
pub(super) struct Behaviour {
    /// Faults by the number of the accepted record, counted from zero.
    pub(super) faults: BTreeMap<usize, Fault>,
    /// The first try of each record is answered 503.
    pub(super) refuse_first: bool,
    /// How many reads are answered 503 first.
    pub(super) refuse_reads: usize,
    /// Each tenant lists a record that nobody sent.
    pub(super) stranger: bool,
    /// No original text is kept.
    pub(super) no_originals: bool,
    /// Every page names the same next page.
    pub(super) endless: bool,
    /// The reads need this token.
    pub(super) token: Option<&'static str>,
    /// Cancelled when the post of this number arrives.
    pub(super) cancels: Option<(usize, CancellationToken)>,
    /// Cancelled when a tenant is listed for the third time.
    pub(super) cancels_at_third_listing: Option<CancellationToken>,
    /// No post is answered until this is true.
    pub(super) open: Option<watch::Receiver<bool>>,
}

/// The server's state.
pub(super) struct Peer {
    behaviour: Behaviour,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    posts: usize,
    accepted: usize,
    reads: usize,
    tried: HashSet<String>,
    looked_up: HashSet<String>,
    /// How often each tenant's listing was started.
    listings: BTreeMap<String, usize>,
    stored: BTreeMap<String, Vec<Stored>>,
    quarantine: BTreeMap<String, Vec<String>>,
    faulty: Vec<(Fault, String, String)>,
}

#[derive(Clone)]
struct Stored {
    id: String,
    fault: Option<Fault>,
    document: Value,
}

#[derive(Deserialize)]
struct Posted {
    tenant_id: String,
    log_id: String,
    text: String,
}

#[derive(Deserialize)]
struct PageQuery {
    limit: usize,
    page_token: Option<String>,
}

impl Peer {
    /// Starts a server, and returns it with its base URL.
    pub(super) fn start(behaviour: Behaviour) -> (Data<Self>, String) {
        let peer = Data::new(Self { behaviour, state: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let data = Data::clone(&peer);
        let server =
            HttpServer::new(move || App::new().app_data(Data::clone(&data)).configure(routes))
                .workers(1)
                .disable_signals()
                .listen(listener)
                .expect("a listening socket");
        tokio::spawn(server.run());
        (peer, format!("http://{address}"))
    }

    /// The tenant and id of the one record with this fault.
    pub(super) fn faulty(&self, fault: Fault) -> (String, String) {
        let state = self.state();
        let mut all = state.faulty.iter().filter(|(f, _, _)| *f == fault);
        let (_, tenant, id) = all.next().expect("the fault was done");
        assert!(all.next().is_none(), "the fault was done once");
        (tenant.clone(), id.clone())
    }

    /// How many posts have arrived, answered or not.
    pub(super) fn posts(&self) -> usize {
        self.state().posts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no handler panics")
    }

    fn refuses_read(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let expected = self.behaviour.token.map(|token| format!("Bearer {token}"));
        if expected.is_some() && header(request, "authorization") != expected {
            return Some(HttpResponse::Unauthorized().finish());
        }
        let mut state = self.state();
        state.reads += 1;
        (state.reads <= self.behaviour.refuse_reads)
            .then(|| HttpResponse::ServiceUnavailable().finish())
    }
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/ingest", web::post().to(ingest))
        .route("/tenants/{tenant}/processed_logs", web::get().to(list))
        .route("/tenants/{tenant}/processed_logs/{id}", web::get().to(document))
        .route("/tenants/{tenant}/quarantine", web::get().to(quarantine));
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
    state.keep(posted, source, fault, peer.behaviour.no_originals);
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

fn header(request: &HttpRequest, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().ok()?.to_owned())
}

impl State {
    fn keep(&mut self, posted: Posted, source: &str, fault: Option<Fault>, no_original: bool) {
        let Posted { tenant_id: tenant, log_id: id, text } = posted;
        let other = other(&tenant);
        let mut document = json!({
            "log_id": id, "source": source, "original_text": text,
            "received_at": Utc::now(), "processed_at": Utc::now(),
        });
        match fault {
            Some(Fault::Corrupt) => document["original_text"] = json!(format!("{text}!")),
            Some(Fault::Relabel) => document["source"] = json!("csv_upload"),
            Some(Fault::InParts | Fault::Unfinished | Fault::ListedOnly) => {
                document["parts"] = json!(2);
            }
            Some(Fault::Timeless) => document["processed_at"] = Value::Null,
            _ => {}
        }
        if no_original {
            document["original_text"] = Value::Null;
        }
        let (stored, quarantined) = places(&tenant, &other, fault);
        for tenant in stored {
            let stored = Stored { id: id.clone(), fault, document: document.clone() };
            self.stored.entry(tenant).or_default().push(stored);
        }
        for tenant in quarantined {
            self.quarantine.entry(tenant).or_default().push(id.clone());
        }
    }
}

/// The other of the two tenants.
pub(super) fn other(tenant: &str) -> String {
    match tenant.strip_suffix("-1") {
        Some(stem) => format!("{stem}-2"),
        None => format!("{}-1", tenant.strip_suffix("-2").expect("one of two tenants")),
    }
}

/// The tenants that list a record, and the tenants that have it in quarantine.
fn places(own: &str, other: &str, fault: Option<Fault>) -> (Vec<String>, Vec<String>) {
    let (own, other) = (own.to_owned(), other.to_owned());
    match fault {
        Some(Fault::Lose) => (vec![], vec![]),
        Some(Fault::Double) => (vec![own.clone(), own], vec![]),
        Some(Fault::Misplace) => (vec![other], vec![]),
        Some(Fault::Spread) => (vec![own, other], vec![]),
        Some(Fault::Quarantine) => (vec![], vec![own]),
        Some(Fault::QuarantineToo) => (vec![own.clone()], vec![own]),
        Some(Fault::QuarantineElsewhere) => (vec![own], vec![other]),
        _ => (vec![own], vec![]),
    }
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
    let mut state = peer.state();
    let begun = state.listings.entry(tenant.clone()).or_default();
    *begun += usize::from(query.page_token.is_none());
    let late_ones_too = *begun >= 3;
    if let Some(token) = &peer.behaviour.cancels_at_third_listing
        && late_ones_too
    {
        token.cancel();
    }
    let mut listed = state.stored.get(tenant.as_str()).cloned().unwrap_or_default();
    listed.retain(|s| late_ones_too || s.fault != Some(Fault::Late));
    let mut items: Vec<_> = listed.into_iter().map(|s| s.document).collect();
    if peer.behaviour.stranger {
        items.push(json!({ "log_id": "from-nowhere", "processed_at": Utc::now() }));
    }
    items.sort_by_key(|item| item["log_id"].to_string());
    let (items, mut next) = page(items, &query);
    if peer.behaviour.endless {
        next = Some("0".to_owned());
    }
    HttpResponse::Ok().json(json!({ "processed_logs": items, "next_page_token": next }))
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
