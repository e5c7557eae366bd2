//! The body of `POST /event`: an event of a site, checked and normalized.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use chrono::{DateTime, Utc};
use common::event::{
    Event, MAX_PATH_BYTES, MAX_PAYLOAD_BYTES, MAX_TYPE_BYTES, MAX_USER_ID_BYTES, counted_path,
    path_in,
};
use serde_json::Value;

use super::body::FromBody;
use super::browser::{self, Browser};
use super::json::Object;
use super::new_event::{self, NewEvent};
use super::tenant::TenantNames;
use super::{limits, record_id, traceparent};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// An event of a site, and the browser that sent it, if one did.
pub(crate) struct SiteEvent {
    pub(crate) event: NewEvent,
    pub(crate) browser: Option<Browser>,
}

impl FromBody for SiteEvent {
    const MEDIA_TYPES: &str = "application/json, text/plain";

    async fn read(
        request: &HttpRequest,
        payload: Payload,
        gateway: &Gateway,
    ) -> Result<Self, Problem> {
        let mut body = new_event::object(request, payload).await?;
        let event = named(request, &mut body, Utc::now())?;
        Ok(Self { event, browser: browser::of(request, gateway.settings.trusted_hops) })
    }
}

/// The event with its site and its id.
fn named(
    request: &HttpRequest,
    body: &mut Object,
    received_at: DateTime<Utc>,
) -> Result<NewEvent, Problem> {
    let (event, timestamp) = fields(body, received_at);
    let [site, id] = ["site_id", "event_id"].map(|name| body.string(name));
    let names = TenantNames::of(request, &["X-Tenant-ID"])?.and("site_id", site.as_deref());
    let tenant = names.one("site_id").map_err(|wrong| body.errors.extend(wrong));
    let id = record_id::one(request, None, "event_id", id.as_deref());
    let id = id.map_err(|wrong| body.errors.extend(wrong));
    let (Ok(tenant), Ok(id), true) = (tenant, id, body.errors.is_empty()) else {
        return Err(Problem::invalid(std::mem::take(&mut body.errors)));
    };
    let (digest, traceparent) = (event.digest(timestamp), traceparent::of(request));
    Ok(NewEvent { tenant, id, source: "site_event", event, digest, received_at, traceparent })
}

/// The event, and the timestamp that the client gave it.
fn fields(body: &mut Object, now: DateTime<Utc>) -> (Event, Option<DateTime<Utc>>) {
    let event_type = body.required_string("event_type").unwrap_or_default();
    if body.errors.iter().all(|error| error.field != "event_type") {
        bounded(body, "event_type", &event_type, MAX_TYPE_BYTES);
    }
    let (user_id, path, timestamp) = (user_id(body), path(body), timestamp(body, now));
    let payload = body.object("payload").map(Value::Object);
    let text = payload.as_ref().map(Value::to_string);
    check_payload(body, text.as_deref());
    let mut event =
        Event { event_type, user_id, path, payload: text, timestamp: timestamp.unwrap_or(now) };
    if event.is_view() && event.path.is_none() {
        event.path = payload.as_ref().and_then(path_in);
        check_path(body, "payload.url", event.path.as_deref());
    }
    (event, timestamp)
}

/// The `user_id`, if there is one.
pub(super) fn user_id(body: &mut Object) -> Option<String> {
    let user_id = body.string("user_id")?;
    bounded(body, "user_id", &user_id, MAX_USER_ID_BYTES);
    Some(user_id)
}

/// Checks that a path that is counted is short and printable.
pub(super) fn check_path(body: &mut Object, field: &str, path: Option<&str>) {
    if let Some(path) = path {
        bounded(body, field, path, MAX_PATH_BYTES);
    }
}

/// Checks the length of a payload as JSON text.
pub(super) fn check_payload(body: &mut Object, text: Option<&str>) {
    if text.is_some_and(|text| text.len() > MAX_PAYLOAD_BYTES) {
        let reason = format!("must be at most {MAX_PAYLOAD_BYTES} bytes long as JSON");
        body.wrong(ProblemCode::OutOfRange, "payload", reason);
    }
}

fn path(body: &mut Object) -> Option<String> {
    let path = counted_path(&body.string("path")?);
    check_path(body, "path", Some(&path));
    Some(path)
}

fn timestamp(body: &mut Object, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = body.string("timestamp")?;
    let Ok(time) = DateTime::parse_from_rfc3339(&text) else {
        body.wrong(ProblemCode::OutOfRange, "timestamp", "must be an RFC 3339 time");
        return None;
    };
    let time = limits::without_leap_second(time.with_timezone(&Utc));
    if let Err(reason) = limits::time(time, now) {
        body.wrong(ProblemCode::OutOfRange, "timestamp", reason);
    }
    Some(time)
}

fn bounded(body: &mut Object, field: &str, text: &str, most: usize) {
    if let Err(reason) = limits::text(text, most) {
        body.wrong(ProblemCode::OutOfRange, field, reason);
    }
}
