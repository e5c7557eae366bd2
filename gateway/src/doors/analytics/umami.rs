//! Umami: `POST /api/send` of its tracker, and `/api/batch` of many at once.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::hit::{Hit, first, object};
use super::records::{self, Records};
use super::taking::{Door, Read, Taken};
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

pub(crate) const DOOR: Door = Door {
    source: "umami",
    names: &[("site_id", "website"), ("event_type", "name"), ("user_id", "id"), ("path", "url")],
};

/// The array has no object around it.
const NO_ENVELOPE: &str = "";

/// Takes an event of Umami's clients. The answer tells the tracker to go on, and gives it no token:
/// nothing here would read it.
pub(crate) async fn send(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    take(&request, payload, &gateway).await?;
    Ok(HttpResponse::Ok().json(json!({"cache": "", "disabled": false})))
}

/// Takes an array of events.
pub(crate) async fn batch(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let (size, taken) = take(&request, payload, &gateway).await?;
    let details: Vec<_> = taken.errors().iter().map(detail).collect();
    Ok(HttpResponse::Ok().json(json!({
        "size": size, "processed": size - taken.rejected.len(), "errors": taken.rejected.len(),
        "details": details, "cache": "",
    })))
}

fn detail(error: &FieldError) -> Value {
    let message = format!("{} {}", error.field, error.reason);
    json!({"index": error.index, "response": {"error": {"message": message}}})
}

async fn take(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
) -> Result<(usize, Taken), Problem> {
    let json = records::json(request, payload.into_inner(), gateway).await?;
    let records = Records::of(json, NO_ENVELOPE)?;
    let size = records.each.len();
    let read = records.each.into_iter().map(|record| record.and_then(|record| self::read(&record)));
    let taken = DOOR.take(request, gateway, read.collect()).await?.or_refused()?;
    Ok((size, taken))
}

pub(super) fn read(record: &Map<String, Value>) -> Read {
    let Some(payload) = record.get("payload").and_then(Value::as_object) else {
        return Err(FieldError::new(ProblemCode::MissingField, "payload", "must be an object"));
    };
    let hit = match record.get("type").and_then(Value::as_str) {
        Some("event") if first(payload, &["name"]).is_none() => Hit::view(),
        Some("event") => Hit::event(payload.get("name").cloned()),
        Some("identify") => Hit::event(Some("identify".into())),
        // Measurements of a page that was already reported.
        Some("performance" | "error") => return Ok(None),
        _ => {
            let reason = "must be event or identify";
            return Err(FieldError::new(ProblemCode::OutOfRange, "type", reason));
        }
    };
    let said = |name: &str| payload.get(name).filter(|value| !value.is_null()).cloned();
    let hit = hit.properties(object(payload, "data")).on_page(address(payload, "url"));
    let hit = hit.page("referrer", address(payload, "referrer"));
    let about = ["title", "hostname", "language", "screen", "tag"];
    let hit = about.into_iter().fold(hit, |hit, name| hit.page(name, first(payload, &[name])));
    Ok(Some(
        hit.says("site_id", said("website"))
            .says("user_id", said("id"))
            .says("timestamp", said("timestamp")),
    ))
}

/// An address; one on the site itself may come without its host.
fn address(payload: &Map<String, Value>, name: &str) -> Option<Value> {
    let address = payload.get(name)?;
    let host = payload.get("hostname").and_then(Value::as_str).filter(|host| !host.is_empty());
    match (address.as_str(), host) {
        (Some(path), Some(host)) if path.starts_with('/') && !path.starts_with("//") => {
            Some(format!("https://{host}{path}").into())
        }
        _ => Some(address.clone()).filter(|address| !address.is_null()),
    }
}
