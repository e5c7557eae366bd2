//! Snowplow's tracker protocol: JSON by POST, or one event in a query.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::hit::{Hit, first, object};
use super::records::{self, Records};
use super::taking::{Door, Read};
use super::{form, pixel};
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

pub(crate) const DOOR: Door = Door {
    source: "snowplow",
    names: &[
        ("site_id", "aid"),
        ("event_type", "se_ac"),
        ("user_id", "uid"),
        ("path", "url"),
        ("timestamp", "dtm"),
    ],
};

/// Some trackers leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Takes the events of a `payload_data`.
pub(crate) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let json = records::json(&request, payload.into_inner(), &gateway).await?;
    let each = Records::of(json, "data")?.each.into_iter();
    let read = each.map(|event| event.and_then(|event| self::read(&event)));
    DOOR.take(&request, &gateway, read.collect()).await?.or_refused()?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok"))
}

/// Takes an event in the query.
pub(crate) async fn get(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let event = form::fields(request.query_string())?;
    DOOR.take(&request, &gateway, vec![read(&event)]).await?.or_refused()?;
    Ok(pixel::answer())
}

pub(super) fn read(event: &Map<String, Value>) -> Read {
    let said = |name: &str| first(event, &[name]);
    let hit = match event.get("e").and_then(Value::as_str) {
        Some("pv") => Hit::view(),
        // The page is still open.
        Some("pp") => return Ok(None),
        Some("se") => {
            let of_event = [
                ("category", "se_ca"),
                ("action", "se_ac"),
                ("label", "se_la"),
                ("property", "se_pr"),
                ("value", "se_va"),
            ];
            let hit = Hit::event(said("se_ac"));
            of_event.iter().fold(hit, |hit, (ours, theirs)| hit.property(ours, said(theirs)))
        }
        Some("ue") => self_describing(event)?,
        Some("tr") => Hit::event(Some("transaction".into())).properties(beginning(event, "tr_")),
        Some("ti") => {
            Hit::event(Some("transaction_item".into())).properties(beginning(event, "ti_"))
        }
        _ => {
            let reason = "must be one of pv, pp, se, ue, tr, ti";
            return Err(FieldError::new(ProblemCode::OutOfRange, "e", reason));
        }
    };
    // A tracker in a page leaves out the previous page only if there was none.
    let none = said("p").filter(|platform| platform == "web").map(|_| Value::from(""));
    let hit = hit.on_page(said("url")).page("referrer", said("refr").or(none));
    let hit = hit.page("title", said("page"));
    let hit = hit.page("language", said("lang")).page("screen", said("res"));
    Ok(Some(
        hit.says("site_id", said("aid"))
            .says("user_id", first(event, &["uid", "duid", "nuid"]))
            // `stm`, the time at which it was sent, differs from try to try.
            .says("timestamp", first(event, &["ttm", "dtm"]))
            .id(said("eid")),
    ))
}

/// An event that names its schema: the type is the schema's name.
fn self_describing(event: &Map<String, Value>) -> Result<Hit, FieldError> {
    let wrong = |field: &str, reason: &str| FieldError::new(ProblemCode::WrongType, field, reason);
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let around = match (text("ue_pr"), text("ue_px")) {
        (Some(json), _) => json.as_bytes().to_vec(),
        (None, Some(encoded)) => {
            BASE64.decode(encoded).map_err(|_| wrong("ue_px", "must be base64"))?
        }
        (None, None) => {
            return Err(FieldError::new(ProblemCode::MissingField, "ue_pr", "is required"));
        }
    };
    let around: Value = serde_json::from_slice(&around)
        .map_err(|error| wrong("ue_pr", &format!("is not valid JSON: {error}")))?;
    let Some(inner) = around.get("data").and_then(Value::as_object) else {
        return Err(wrong("ue_pr", "must have an object in data"));
    };
    let schema = inner.get("schema").and_then(Value::as_str).unwrap_or_default();
    let Some(name) = name_of(schema) else {
        return Err(wrong(
            "ue_pr",
            "must name a schema such as iglu:com.acme/signup/jsonschema/1-0-0",
        ));
    };
    let hit = Hit::event(Some(name.into())).properties(object(inner, "data"));
    Ok(hit.page("schema", Some(schema.into())))
}

/// The name in `iglu:vendor/name/format/version`.
fn name_of(schema: &str) -> Option<&str> {
    let name = schema.strip_prefix("iglu:")?.split('/').nth(1)?;
    (!name.is_empty()).then_some(name)
}

/// The fields whose names begin with this.
fn beginning(event: &Map<String, Value>, begin: &str) -> Vec<(String, Value)> {
    let found = event.iter().filter(|(name, _)| name.starts_with(begin));
    found.map(|(name, value)| (name.clone(), value.clone())).collect()
}
