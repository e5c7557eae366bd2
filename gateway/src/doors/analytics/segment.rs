//! Segment's HTTP API, as its server and browser libraries use it.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::hit::{Hit, first, object};
use super::records::{self, Records};
use super::taking::{Door, Read, Taken};
use crate::doors::authorization;
use crate::doors::own_form::refusal;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

/// The paths, those of the browser library at the end.
pub(crate) const PATHS: [&str; 14] = [
    "/v1/track",
    "/v1/page",
    "/v1/screen",
    "/v1/identify",
    "/v1/group",
    "/v1/alias",
    "/v1/batch",
    "/v1/t",
    "/v1/p",
    "/v1/s",
    "/v1/i",
    "/v1/g",
    "/v1/a",
    "/v1/b",
];

pub(crate) const DOOR: Door = Door {
    source: "segment",
    names: &[
        ("site_id", "writeKey"),
        ("event_type", "event"),
        ("user_id", "userId"),
        ("path", "context.page.url"),
    ],
};

/// The paths that take one type of message each, or a batch of any.
const TYPES: [(&str, &str); 6] = [
    ("t", "track"),
    ("p", "page"),
    ("s", "screen"),
    ("i", "identify"),
    ("g", "group"),
    ("a", "alias"),
];

/// Our names for the fields of a page's campaign.
const CAMPAIGN: [(&str, &str); 5] = [
    ("name", "utm_campaign"),
    ("source", "utm_source"),
    ("medium", "utm_medium"),
    ("term", "utm_term"),
    ("content", "utm_content"),
];

/// Takes a message, or a batch of them.
pub(crate) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    match take(&request, payload, &gateway).await {
        Ok(taken) if taken.rejected.is_empty() => HttpResponse::Ok().json(json!({"success": true})),
        Ok(taken) => HttpResponse::Ok().json(json!({
            "success": true, "rejected": taken.rejected.len(), "errors": taken.errors(),
        })),
        Err(problem) => refusal(&problem).json(json!({
            "success": false, "code": problem.code(), "message": problem.detail(),
            "errors": problem.errors(),
        })),
    }
}

async fn take(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
) -> Result<Taken, Problem> {
    let json = records::json(request, payload.into_inner(), gateway).await?;
    let Records { each, beside } = Records::of(json, "batch")?;
    let of_path = kind(request.path());
    let key = basic_key(request).or_else(|| first(&beside, &["writeKey"]));
    let read =
        |message: Result<Map<String, Value>, FieldError>| read(of_path, key.as_ref(), &message?);
    DOOR.take(request, gateway, each.into_iter().map(read).collect()).await?.or_refused()
}

/// The type of the messages that a path takes; the messages of a batch name their own.
fn kind(path: &str) -> Option<&'static str> {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let found = TYPES.iter().find(|(short, name)| [*short, *name].contains(&last));
    found.map(|(_, name)| *name)
}

/// The write key of the server libraries: a user without a password.
fn basic_key(request: &HttpRequest) -> Option<Value> {
    let (key, _) = authorization::basic(request)?;
    (!key.is_empty()).then(|| key.into())
}

pub(super) fn read(
    of_path: Option<&str>,
    key: Option<&Value>,
    message: &Map<String, Value>,
) -> Read {
    let kind = of_path.or_else(|| message.get("type").and_then(Value::as_str));
    let properties = object(message, "properties");
    let hit = match kind {
        Some("track") => Hit::event(first(message, &["event"])).properties(properties),
        Some("page") => Hit::view().properties(properties),
        Some("screen") => Hit::event(Some("screen".into())).properties(properties),
        Some("identify") => {
            Hit::event(Some("identify".into())).properties(object(message, "traits"))
        }
        Some("group") => Hit::event(Some("group".into()))
            .properties(object(message, "traits"))
            .property("groupId", first(message, &["groupId"])),
        Some("alias") => {
            Hit::event(Some("alias".into())).property("previousId", first(message, &["previousId"]))
        }
        _ => {
            let names = TYPES.map(|(_, name)| name).join(", ");
            let reason = format!("must be one of {names}");
            return Err(FieldError::new(ProblemCode::OutOfRange, "type", reason));
        }
    };
    let hit = ["name", "category"]
        .into_iter()
        .fold(hit, |hit, name| hit.page(name, first(message, &[name])));
    Ok(Some(
        of_context(hit, message, kind == Some("page"))
            .says("site_id", key.cloned().or_else(|| first(message, &["writeKey"])))
            .says("user_id", first(message, &["userId", "anonymousId"]))
            // The time at which it was sent differs from try to try.
            .says("timestamp", first(message, &["timestamp", "originalTimestamp"]))
            .id(first(message, &["messageId"])),
    ))
}

/// Adds the page. A view's own properties about it are preferred.
fn of_context(hit: Hit, message: &Map<String, Value>, is_view: bool) -> Hit {
    let (context, own) = (object(message, "context"), object(message, "properties"));
    let (page, campaign) = (object(&context, "page"), object(&context, "campaign"));
    let said = |name: &str| {
        let own = own.get(name).filter(|value| is_view && !value.is_null()).cloned();
        own.or_else(|| page.get(name).filter(|value| !value.is_null()).cloned())
    };
    let place = said("url").or_else(|| said("path"));
    let hit = hit.says("path", place).page("url", said("url"));
    let hit = hit.page("referrer", said("referrer")).page("title", said("title"));
    let parts = CAMPAIGN.into_iter();
    parts.fold(hit, |hit, (theirs, ours)| hit.page(ours, first(&campaign, &[theirs])))
}
