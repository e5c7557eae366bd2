//! `POST /event` and `POST /events`: one event of a site, one interaction of a user.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use common::event::Event;
use common::metrics::{ACCEPTED, UNKNOWN_VISITORS};
use common::record::{Kind, Part, Record, RecordId};
use common::tenant::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ON_PUBLISH, Status};
use crate::app::Gateway;
use crate::extractors::json::Object;
use crate::extractors::tenant::TenantNames;
use crate::extractors::{
    body, browser, interaction, json, record_id, site_event, tenant, traceparent,
};
use crate::openapi::bodies::{Interaction, SiteEvent};
use crate::openapi::problems::problems;
use crate::openapi::{forms, parameters};
use crate::problem::{Code, Extensions, Problem};
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

/// An event that is durable.
#[derive(Serialize, ToSchema)]
struct EventAccepted<'a> {
    status: Status,
    #[schema(value_type = forms::RecordId)]
    event_id: &'a str,
}

problems! {
    /// What can go wrong with an event of a site.
    SiteEventProblems:
        body::PROBLEMS, json::PROBLEMS, tenant::PROBLEMS, record_id::PROBLEMS, ON_PUBLISH,
        [Code::MissingTenant, Code::OutOfRange];
    /// What can go wrong with an interaction.
    InteractionProblems:
        body::PROBLEMS, json::PROBLEMS, tenant::PROBLEMS, ON_PUBLISH, [Code::OutOfRange];
}

/// Takes an event of a site
///
/// from a page of any origin. The type `text/plain` is what a beacon has; the body is JSON all the
/// same. Header, query and body have to agree on the tenant, and one of them has to name it.
#[utoipa::path(
    post, path = "/event", tag = "events", operation_id = "postSiteEvent",
    params(parameters::Tenant, parameters::Upload, parameters::Browser),
    request_body(content(
        (SiteEvent = "application/json", example = json!({
            "site_id": "acme", "event_type": "page_view", "path": "/pricing", "user_id": "u-1",
            "timestamp": "2025-05-01T23:59:59.999Z", "event_id": "e-1",
        })),
        (forms::SiteEventText = "text/plain", example = json!(
            r#"{"site_id": "acme", "event_type": "view", "payload": {"url": "https://acme.example/"}}"#
        )),
    )),
    responses(
        (status = 202, description = "The event is durable.", body = EventAccepted<'static>,
            example = json!({"status": "accepted", "event_id": "e-1"})),
        SiteEventProblems,
    ),
)]
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

/// Takes an interaction of a user
///
/// from a page of any origin. Id and time are the server's. Without a tenant it is one of
/// `default`.
#[utoipa::path(
    post, path = "/events", tag = "events", operation_id = "postInteraction",
    params(parameters::Tenant, parameters::Upload),
    request_body(content(
        (Interaction = "application/json", examples(
            ("view" = (value = json!({
                "user_id": "u-1", "event_type": "view",
                "payload": {"url": "https://acme.example/pricing", "title": "Pricing"},
            }))),
            ("click" = (value = json!({
                "user_id": "u-1", "event_type": "click", "payload": {"element_id": "buy"},
            }))),
            ("location" = (value = json!({
                "user_id": "u-1", "event_type": "location",
                "payload": {"latitude": 48.2082, "longitude": 16.3738, "accuracy": 12.5},
            }))),
        )),
        (forms::InteractionText = "text/plain", example = json!(
            r#"{"user_id": "u-1", "event_type": "click", "payload": {"element_id": "buy"}}"#
        )),
    )),
    responses(
        (status = 202, description = "The interaction is durable.", body = EventAccepted<'static>,
            example = json!({"status": "accepted", "event_id": "6f1d7c2a90b34e5f8a7b6c5d4e3f2a1b"})),
        InteractionProblems,
    ),
)]
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
    let event_id = Some(id.to_string());
    published.map_err(|problem| problem.with(Extensions { event_id, ..Extensions::default() }))?;
    ACCEPTED.with_label_values(&[Kind::Event.as_str(), source]).inc();
    let accepted = EventAccepted { status: Status::Accepted, event_id: id.as_str() };
    Ok(HttpResponse::Accepted().json(accepted))
}
