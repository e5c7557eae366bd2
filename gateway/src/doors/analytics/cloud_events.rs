//! CloudEvents on `/event`: the attributes in headers, or an event or a batch of them in JSON.

use actix_web::dev::RequestHead;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::hash;
use serde_json::{Map, Value, json};

use super::hit::{Hit, first};
use super::records::{self, Records, value};
use super::taking::{Door, Read};
use crate::problem::{Extensions, FieldError, Problem, ProblemCode};
use crate::state::Gateway;

pub(crate) const DOOR: Door = Door {
    source: "cloudevents",
    names: &[
        ("site_id", "tenantid"),
        ("event_type", "type"),
        ("event_id", "id"),
        ("user_id", "userid"),
        ("path", "subject"),
        ("timestamp", "time"),
        ("payload", "data"),
    ],
};

/// What attributes are called in headers.
const HEADER: &str = "ce-";
/// How the media types of events in JSON begin.
const STRUCTURED: &str = "application/cloudevents";

/// Whether a request to `/event` is an event of this form.
pub(crate) fn is_one(request: &RequestHead) -> bool {
    is_structured(&request.headers) || request.headers.contains_key("ce-specversion")
}

fn is_structured(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim().get(..STRUCTURED.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(STRUCTURED))
}

/// Takes an event, or a batch of them.
pub(crate) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let (reads, is_batch) = reads(&request, payload, &gateway).await?;
    let only = reads.first().and_then(|read| read.as_ref().ok()?.as_ref()).and_then(Hit::named);
    let taken = DOOR.take(&request, &gateway, reads).await;
    let event_id = only.filter(|_| !is_batch);
    let taken = taken.map_err(|problem| match event_id {
        Some(_) => problem.with(Extensions { event_id, ..Extensions::default() }),
        None => problem,
    })?;
    let taken = taken.or_refused()?;
    Ok(HttpResponse::Accepted().json(match taken.ids.as_slice() {
        [id] if !is_batch => json!({"status": "accepted", "event_id": id.as_str()}),
        ids => json!({
            "status": "accepted", "accepted": ids.len(), "rejected": taken.rejected.len(),
            "errors": taken.errors(),
        }),
    }))
}

/// The events of a request, and whether they are a batch.
async fn reads(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
) -> Result<(Vec<Read>, bool), Problem> {
    if is_structured(request.headers()) {
        let json = records::json(request, payload.into_inner(), gateway).await?;
        let is_batch = json.trim_ascii_start().first() == Some(&b'[');
        let each = Records::of(json, "")?.each.into_iter();
        return Ok((each.map(|event| structured(event?)).collect(), is_batch));
    }
    let mut event = in_headers(request.headers())?;
    let body = records::bytes(request, payload.into_inner(), gateway).await?;
    let data = if body.is_empty() { None } else { Some(data(request, &body)?) };
    event.extend(data.map(|data| ("data".to_owned(), data)));
    Ok((vec![structured(event)], false))
}

/// The attributes in the headers.
fn in_headers(headers: &HeaderMap) -> Result<Map<String, Value>, Problem> {
    let attributes = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix(HEADER)?;
        Some((name.to_owned(), value))
    });
    let read = |(name, value): (String, &actix_web::http::header::HeaderValue)| {
        let text = value.to_str().ok().and_then(decoded);
        text.map(|text| (name.clone(), Value::String(text))).ok_or_else(|| {
            let reason = "must be percent-encoded ASCII";
            let field = format!("{HEADER}{name}");
            Problem::invalid(vec![FieldError::new(ProblemCode::InvalidBody, &field, reason)])
        })
    };
    attributes.map(read).collect()
}

/// A text with its escapes decoded; `None` if that is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| *first == b'%');
        let byte = escape
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

/// The data of a body: JSON, or a text.
fn data(request: &HttpRequest, body: &[u8]) -> Result<Value, Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or("application/json").split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
    {
        return value(body).map_err(|error| Problem::new(ProblemCode::InvalidJson, error.reason));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let detail = format!("The body is not UTF-8: see byte {}.", error.valid_up_to());
        Problem::new(ProblemCode::InvalidUtf8, detail)
    });
    Ok(text?.into())
}

pub(super) fn structured(event: Map<String, Value>) -> Read {
    let said = |name: &str| first(&event, &[name]);
    for required in ["id", "source", "type"] {
        if !said(required).is_some_and(|value| value.is_string()) {
            let reason = "must be a non-empty string";
            return Err(FieldError::new(ProblemCode::MissingField, required, reason));
        }
    }
    // The type is all that says what happened, as on the route itself.
    let hit = Hit::typed(said("type")).id(said("id").map(|id| name(said("source"), &id)));
    let hit = match data_of(&event)? {
        Some(Value::Object(data)) => hit.properties(data),
        other => hit.property("data", other),
    };
    let is_place = |subject: &str| subject.starts_with('/') || subject.contains("://");
    let hit = match said("subject") {
        Some(Value::String(subject)) if is_place(&subject) => {
            hit.says("path", Some(subject.into()))
        }
        other => hit.page("subject", other),
    };
    Ok(Some(
        hit.says("site_id", first(&event, &["tenantid", "siteid"]))
            .says("user_id", said("userid"))
            .says("timestamp", said("time")),
    ))
}

/// The name of an event: its id is unique only within its source.
fn name(source: Option<Value>, id: &Value) -> Value {
    let source = source.unwrap_or_default();
    let [source, id] = [&source, id].map(|value| value.as_str().unwrap_or_default());
    hash::of_fields(&["cloudevents", source, id]).into()
}

/// The data; bytes must be JSON or a text.
fn data_of(event: &Map<String, Value>) -> Result<Option<Value>, FieldError> {
    let Some(encoded) = first(event, &["data_base64"]) else { return Ok(first(event, &["data"])) };
    let wrong = |reason| FieldError::new(ProblemCode::WrongType, "data_base64", reason);
    let bytes = encoded.as_str().and_then(|text| BASE64.decode(text).ok());
    let text = String::from_utf8(bytes.ok_or_else(|| wrong("must be base64"))?);
    let text = text.map_err(|_| wrong("must hold JSON or a text"))?;
    Ok(Some(serde_json::from_str(&text).unwrap_or(Value::String(text))))
}
