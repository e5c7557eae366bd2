//! The body of `POST /event`: an event of a site, checked and normalized.

use chrono::{DateTime, Utc};
use common::event::{
    Event, MAX_PATH_BYTES, MAX_PAYLOAD_BYTES, MAX_TYPE_BYTES, MAX_USER_ID_BYTES, counted_path,
    path_in,
};
use serde_json::Value;

use super::checks;
use super::json::Object;
use crate::problem::Code;

/// Takes the fields of an event. What is wrong stands in `body.errors` afterwards. The client's
/// own time is given back too.
pub(crate) fn read(body: &mut Object, now: DateTime<Utc>) -> (Event, Option<DateTime<Utc>>) {
    let event_type = body.required_string("event_type").unwrap_or_default();
    if body.errors.iter().all(|error| error.field != "event_type") {
        bounded(body, "event_type", &event_type, MAX_TYPE_BYTES);
    }
    let user_id = user_id(body);
    let path = path(body);
    let timestamp = timestamp(body, now);
    let payload = body.object("payload").map(Value::Object);
    let text = payload.as_ref().map(Value::to_string);
    if text.as_ref().is_some_and(|text| text.len() > MAX_PAYLOAD_BYTES) {
        body.wrong(
            Code::OutOfRange,
            "payload",
            format!("must have at most {MAX_PAYLOAD_BYTES} bytes"),
        );
    }
    let mut event =
        Event { event_type, user_id, path, payload: text, timestamp: timestamp.unwrap_or(now) };
    if event.is_view() && event.path.is_none() {
        event.path = payload.as_ref().and_then(path_in);
        check_path(body, "payload.url", event.path.as_deref());
    }
    (event, timestamp)
}

/// `user_id`, where it is there.
pub(crate) fn user_id(body: &mut Object) -> Option<String> {
    let user_id = body.string("user_id")?;
    bounded(body, "user_id", &user_id, MAX_USER_ID_BYTES);
    Some(user_id)
}

/// A path to count must be short and printable.
pub(crate) fn check_path(body: &mut Object, field: &str, path: Option<&str>) {
    if let Some(path) = path {
        bounded(body, field, path, MAX_PATH_BYTES);
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
        body.wrong(Code::OutOfRange, "timestamp", "must be an RFC 3339 time");
        return None;
    };
    let time = checks::without_leap_second(time.with_timezone(&Utc));
    if let Err(reason) = checks::time(time, now) {
        body.wrong(Code::OutOfRange, "timestamp", reason);
    }
    Some(time)
}

fn bounded(body: &mut Object, field: &str, text: &str, most: usize) {
    if let Err(reason) = checks::text(text, most) {
        body.wrong(Code::OutOfRange, field, reason);
    }
}
