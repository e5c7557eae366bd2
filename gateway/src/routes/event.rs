//! `POST /event` and `POST /events`: one event of a site, one interaction of a user.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use common::event::Event;
use common::metrics::{ACCEPTED, UNKNOWN_VISITORS};
use common::record::{Kind, Part, Record, RecordId};
use common::tenant::TenantId;
use serde_json::json;

use crate::app::Gateway;
use crate::extractors::json::Object;
use crate::extractors::tenant::TenantNames;
use crate::extractors::{body, browser, interaction, record_id, site_event, traceparent};
use crate::problem::{Code, Problem};
use crate::publish::publish;

/// Largest body of an event, in bytes: its payload, and as much again for the rest.
const MAX_EVENT_BYTES: usize = 128 << 10;
/// Whose an interaction is that names no tenant.
const DEFAULT_TENANT: &str = "default";

/// An event ready to be published.
struct Taken {
    tenant: TenantId,
    id: RecordId,
    source: &'static str,
    event: Event,
    digest: String,
    received_at: DateTime<Utc>,
}

pub(crate) async fn post_site_event(
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let mut body = read(&request, payload, &["application/json", "text/plain"]).await?;
    let now = Utc::now();
    let (mut event, timestamp) = site_event::read(&mut body, now);
    let site = body.string("site_id");
    let id = body.string("event_id");
    let names = TenantNames::of(&request, &["X-Tenant-ID"])?.and("site_id", site.as_deref());
    let tenant = names.one("site_id").map_err(|wrong| body.errors.extend(wrong));
    let id = record_id::one(&request, None, "event_id", id.as_deref());
    let id = id.map_err(|wrong| body.errors.extend(wrong));
    let (Ok(tenant), Ok(id), true) = (tenant, id, body.errors.is_empty()) else {
        return Err(Problem::invalid(body.errors));
    };
    // Of what the client sent, so that it is the same event when it comes again on another day.
    let digest = event.digest(timestamp);
    if event.user_id.is_none() {
        event.user_id = visitor(&request, &gateway, &tenant, now).await;
    }
    let taken = Taken { tenant, id, source: "site_event", event, digest, received_at: now };
    accept(&request, &gateway, taken).await
}

pub(crate) async fn post_interaction(
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let mut body = read(&request, payload, &["application/json", "text/plain"]).await?;
    let now = Utc::now();
    let event = interaction::read(&mut body, now);
    let names = TenantNames::of(&request, &["X-Tenant-ID"])?;
    let tenant = names.or(DEFAULT_TENANT).map_err(|wrong| body.errors.extend(wrong));
    let (Ok(tenant), true) = (tenant, body.errors.is_empty()) else {
        return Err(Problem::invalid(body.errors));
    };
    let (id, digest) = (record_id::keyed(&request), event.digest(None));
    let taken = Taken { tenant, id, source: "interaction", event, digest, received_at: now };
    accept(&request, &gateway, taken).await
}

/// Who visits the site, where a browser sent the event. Where the store gives no salt, the event
/// is taken all the same: a page sends it once only.
async fn visitor(
    request: &HttpRequest,
    gateway: &Gateway,
    site: &TenantId,
    now: DateTime<Utc>,
) -> Option<String> {
    let browser = browser::of(request, gateway.settings.trusted_hops)?;
    let Some(salt) = gateway.salts.of(now.date_naive()).await else {
        UNKNOWN_VISITORS.inc();
        return None;
    };
    Some(salt.visitor(site, browser.address, &browser.user_agent))
}

async fn read(
    request: &HttpRequest,
    payload: Payload,
    accepted: &[&str],
) -> Result<Object, Problem> {
    let body = body::read(request, payload, MAX_EVENT_BYTES).await?;
    let media_type = body::media_type(request)?;
    if !accepted.contains(&media_type.as_str()) {
        let detail = format!("{media_type:?} is none of {}.", accepted.join(", "));
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    Object::parse(&body)
}

async fn accept(
    request: &HttpRequest,
    gateway: &Gateway,
    taken: Taken,
) -> Result<HttpResponse, Problem> {
    let Taken { tenant, id, source, event, digest, received_at } = taken;
    let data = serde_json::to_string(&event)
        .map_err(|error| Problem::new(Code::Internal, format!("{error}.")))?;
    let record = Record {
        kind: Kind::Event,
        tenant,
        id: id.clone(),
        digest,
        source: source.to_owned(),
        received_at,
        part: Part::WHOLE,
        traceparent: traceparent::of(request),
        data,
    };
    let published = publish(gateway, vec![record]).await;
    published.map_err(|problem| problem.with("event_id", id.as_str()))?;
    ACCEPTED.with_label_values(&[Kind::Event.as_str(), source]).inc();
    Ok(HttpResponse::Accepted().json(json!({"status": "accepted", "event_id": id.as_str()})))
}
