//! The body of `POST /events`: a view, a click or a location, checked and normalized.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use chrono::{DateTime, Utc};
use common::event::{Event, path_in};
use serde_json::{Map, Value};

use super::body::FromBody;
use super::json::Object;
use super::new_event::{self, NewEvent};
use super::site_event::{check_path, check_payload, user_id};
use super::tenant::TenantNames;
use super::{record_id, traceparent};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// The types of interactions.
pub(crate) const TYPES: [&str; 3] = ["view", "click", "location"];

/// An interaction of a user. Its id and its time are the server's.
pub(crate) struct Interaction(pub(crate) NewEvent);

impl FromBody for Interaction {
    const MEDIA_TYPES: &str = "application/json, text/plain";

    async fn read(request: &HttpRequest, payload: Payload, _: &Gateway) -> Result<Self, Problem> {
        let mut body = new_event::object(request, payload).await?;
        let received_at = Utc::now();
        let event = fields(&mut body, received_at);
        let tenant = TenantNames::of(request, &["X-Tenant-ID"])?.or_default();
        let tenant = tenant.map_err(|wrong| body.errors.extend(wrong));
        let (Ok(tenant), true) = (tenant, body.errors.is_empty()) else {
            return Err(Problem::invalid(body.errors));
        };
        Ok(Self(NewEvent {
            tenant,
            id: record_id::keyed(request),
            source: "interaction",
            digest: event.digest(None),
            event,
            received_at,
            traceparent: traceparent::of(request),
        }))
    }
}

fn fields(body: &mut Object, now: DateTime<Utc>) -> Event {
    let event_type = event_type(body);
    let user_id = required_user_id(body);
    let payload = match event_type.as_str() {
        "view" | "location" => body.required_object("payload"),
        _ => body.object("payload"),
    };
    let json = payload.clone().map(Value::Object);
    let text = json.as_ref().map(Value::to_string);
    check_payload(body, text.as_deref());
    let path = json.as_ref().and_then(path_in);
    check_path(body, "payload.url", path.as_deref());
    if let Some(payload) = payload {
        check_fields(body, &event_type, payload);
    }
    Event { event_type, user_id, path, payload: text, timestamp: now }
}

fn event_type(body: &mut Object) -> String {
    let event_type = body.required_string("event_type").unwrap_or_default();
    let is_known = TYPES.contains(&event_type.as_str());
    if !is_known && body.errors.iter().all(|error| error.field != "event_type") {
        body.wrong(ProblemCode::OutOfRange, "event_type", "must be view, click or location");
    }
    event_type
}

fn required_user_id(body: &mut Object) -> Option<String> {
    let user_id = user_id(body);
    if user_id.is_none() && body.errors.iter().all(|error| error.field != "user_id") {
        body.wrong(ProblemCode::MissingField, "user_id", "is required");
    }
    user_id
}

fn check_fields(body: &mut Object, event_type: &str, payload: Map<String, Value>) {
    let mut payload = Object::new(payload, "payload.");
    match event_type {
        "view" => drop(payload.required_string("url")),
        "location" => {
            payload.required_number("latitude", -90.0, 90.0);
            payload.required_number("longitude", -180.0, 180.0);
            payload.number("accuracy", 0.0, f64::INFINITY);
        }
        _ => {}
    }
    for text in ["url", "title", "element_id", "text", "xpath"] {
        payload.string(text);
    }
    body.errors.append(&mut payload.errors);
}
