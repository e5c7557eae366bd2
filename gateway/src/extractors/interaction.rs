//! The body of `POST /events`: a view, a click or a location, checked and normalized.

use chrono::{DateTime, Utc};
use common::event::{Event, MAX_PAYLOAD_BYTES, path_in};
use serde_json::{Map, Value};

use super::json::Object;
use super::site_event::{check_path, user_id};
use crate::problem::Code;

/// The types that there are.
pub(crate) const TYPES: [&str; 3] = ["view", "click", "location"];

/// Takes the fields of an interaction. What is wrong stands in `body.errors` afterwards.
pub(crate) fn read(body: &mut Object, now: DateTime<Utc>) -> Event {
    let event_type = event_type(body);
    let user_id = user_id(body);
    if user_id.is_none() && body.errors.iter().all(|error| error.field != "user_id") {
        body.wrong(Code::MissingField, "user_id", "is required");
    }
    let payload = match event_type.as_str() {
        "view" | "location" => body.required_object("payload"),
        _ => body.object("payload"),
    };
    let text = payload.as_ref().map(|payload| Value::Object(payload.clone()).to_string());
    if text.as_ref().is_some_and(|text| text.len() > MAX_PAYLOAD_BYTES) {
        body.wrong(
            Code::OutOfRange,
            "payload",
            format!("must have at most {MAX_PAYLOAD_BYTES} bytes"),
        );
    }
    let path = payload.as_ref().and_then(|payload| path_in(&Value::Object(payload.clone())));
    check_path(body, "payload.url", path.as_deref());
    if let Some(payload) = payload {
        check_payload(body, &event_type, payload);
    }
    Event { event_type, user_id, path, payload: text, timestamp: now }
}

fn event_type(body: &mut Object) -> String {
    let event_type = body.required_string("event_type").unwrap_or_default();
    let is_known = TYPES.contains(&event_type.as_str());
    if !is_known && body.errors.iter().all(|error| error.field != "event_type") {
        body.wrong(Code::OutOfRange, "event_type", "must be view, click or location");
    }
    event_type
}

fn check_payload(body: &mut Object, event_type: &str, payload: Map<String, Value>) {
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
