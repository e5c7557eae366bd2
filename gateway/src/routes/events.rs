//! `GET /tenants/{tenant}/events`, and one of them: the stored events.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use chrono::DateTime;
use common::event::{self, counted_type};
use common::event_listing::{Position, Selection, newest};
use common::path::{Collection, CollectionPath};
use common::record::RecordId;
use common::store::Document;
use serde_json::Value as Json;

use super::ON_READ;
use crate::extractors::period::{Asked, LAST_MOMENT};
use crate::extractors::{query, record_id, tenant};
use crate::listing::{self, PageRequest};
use crate::openapi::responses::responses;
use crate::openapi::stored::{StoredEvent, StoredEvents};
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;
use crate::stored;

/// The detail of a 404.
const NOT_FOUND: &str = "There is no event with this id, or it is not processed yet.";

responses! {
    /// The problems of a page of events.
    ListProblems: tenant::CODES, listing::CODES, ON_READ;
    /// The problems of one event.
    GetProblems:
        tenant::CODES, ON_READ, [ProblemCode::InvalidId, ProblemCode::NotFound];
}

/// Lists events
///
/// with all their fields, the newest first; events of the same time are ordered by id.
#[utoipa::path(
    get, path = "/tenants/{tenant}/events", tag = "events", operation_id = "listEvents",
    params(
        parameters::InPath,
        ("type" = Option<String>, Query, description = "Only events of this type."),
        parameters::Period, parameters::Page,
    ),
    responses(
        (status = 200, description = "A page of events.", body = StoredEvents, example = json!({
            "events": [{
                "event_id": "e-1",
                "digest": "966b0a761ea0c87b16e249c5507b452385efef7941c39b67a1d4755b8ff58792",
                "event_type": "page_view", "path": "/pricing", "payload": null,
                "received_at": "2026-11-21T08:00:00.050Z",
                "timestamp": "2025-05-01T23:59:59.999Z", "user_id": "u-1",
            }, {
                "event_id": "e-2",
                "digest": "be719b19e12273c8face53ffef743a9c5557984432d53e049b0650547a0ece3b",
                "event_type": "a-type-of-many-more-than-the-sixty-four-bytes-that-are-kept-of-i",
                "path": null, "payload": {"plan": "pro"},
                "received_at": "2026-11-21T08:00:00.050Z",
                "timestamp": "2025-05-01T12:00:00.000Z", "truncated": true, "user_id": "u-1",
            }, {
                "event_id": "e-3",
                "digest": "932191c8d802ac2d95bd6ae649619d1006a307a5e4f73a364bebbf6d2295f2f5",
                "event_type": "page_view", "excluded": "frame", "path": null, "payload": null,
                "received_at": "2026-11-21T08:00:00.050Z",
                "timestamp": "2025-05-01T06:00:00.000Z", "user_id": null,
            }],
        })),
        ListProblems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn list(
    request: HttpRequest,
    path: Path<String>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::in_path(&request, &path)?;
    let Asked { from, to, .. } = Asked::read(&request, gateway.sites.zone(&tenant).await)?;
    let event_type = event_type(&request)?;
    let (from, to) = (from.map(|from| from.at), to.map(|to| to.at.min(LAST_MOMENT)));
    let selection = Selection { event_type, from, to, ..Selection::default() };
    let events = CollectionPath::of(&tenant, Collection::Events);
    let page = PageRequest::at(&request, events, |place| position(place).is_some())?;
    let after = page.after().and_then(position);
    let (store, most) = (&*gateway.store, page.one_more());
    let found = newest(store, &tenant, &selection, after.as_ref(), most).await?;
    let mut body = page.cut(found, place).json("events", "event_id");
    body["events"].as_array_mut().into_iter().flatten().for_each(unpack);
    Ok(listing::answer(&request, body))
}

/// The type that is asked for, as events are stored with it.
fn event_type(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let named = query::parameter(request, "type")?.map(|name| name.trim().to_owned());
    if named.as_deref() == Some("") {
        return Err(query::invalid("type", "must be the type of an event"));
    }
    Ok(named.map(counted_type))
}

/// The place of an event in the listing, as in page tokens.
fn place(event: &Document) -> String {
    let time = event.timestamp("timestamp").unwrap_or_default();
    format!("{} {}", time.timestamp_micros(), event.id)
}

fn position(place: &str) -> Option<Position> {
    let (time, id) = place.split_once(' ')?;
    let timestamp = DateTime::from_timestamp_micros(time.parse().ok()?)?;
    let is_storable = (DateTime::UNIX_EPOCH..=LAST_MOMENT).contains(&timestamp);
    RecordId::parse(id).ok()?;
    is_storable.then(|| Position { timestamp, id: id.to_owned() })
}

/// The payload as the object that was sent. The store keeps it as text.
fn unpack(event: &mut Json) {
    let payload = event["payload"].as_str().and_then(|text| serde_json::from_str(text).ok());
    if let Some(payload) = payload {
        event["payload"] = payload;
    }
}

/// Reads an event
///
/// as it is stored.
#[utoipa::path(
    get, path = "/tenants/{tenant}/events/{event_id}", tag = "events", operation_id = "getEvent",
    params(
        parameters::InPath,
        ("event_id" = forms::RecordId, Path, description = "The event."),
    ),
    responses(
        (status = 200, description = "The event.", body = StoredEvent, examples(
            ("a view" = (value = json!({
                "tenant_id": "acme", "event_id": "e-1",
                "digest": "966b0a761ea0c87b16e249c5507b452385efef7941c39b67a1d4755b8ff58792",
                "event_type": "page_view", "path": "/pricing", "payload": null,
                "received_at": "2026-11-21T08:00:00.050Z",
                "timestamp": "2025-05-01T23:59:59.999Z", "user_id": "u-1",
            }))),
            ("in a frame" = (value = json!({
                "tenant_id": "acme", "event_id": "e-3",
                "digest": "932191c8d802ac2d95bd6ae649619d1006a307a5e4f73a364bebbf6d2295f2f5",
                "event_type": "page_view", "excluded": "frame", "path": null, "payload": null,
                "received_at": "2026-11-21T08:00:00.050Z",
                "timestamp": "2025-05-01T06:00:00.000Z", "user_id": null,
            }))),
            ("too long" = (value = json!({
                "tenant_id": "acme", "event_id": "e-2",
                "digest": "be719b19e12273c8face53ffef743a9c5557984432d53e049b0650547a0ece3b",
                "event_type": "a-type-of-many-more-than-the-sixty-four-bytes-that-are-kept-of-i",
                "path": null, "payload": {"plan": "pro"},
                "received_at": "2026-11-21T08:00:00.050Z",
                "timestamp": "2025-05-01T12:00:00.000Z", "truncated": true, "user_id": "u-1",
            }))),
        )),
        GetProblems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    path: Path<(String, String)>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let (tenant, id) = path.into_inner();
    let tenant = tenant::in_path(&request, &tenant)?;
    let path = event::path(&tenant, &record_id::in_path("event_id", &id)?);
    let event = stored::get(&*gateway.store, &path, NOT_FOUND).await?;
    let mut body = stored::render(tenant.as_str(), "event_id", event);
    unpack(&mut body);
    Ok(HttpResponse::Ok().json(body))
}
