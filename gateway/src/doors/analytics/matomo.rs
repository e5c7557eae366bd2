//! Matomo's HTTP tracking API: one request in a query or a form, or several in JSON.

use actix_web::http::Method;
use actix_web::http::header::REFERER;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::hit::{Hit, first, written};
use super::records::{self, value};
use super::taking::{Door, Read};
use super::{form, matomo_campaign, pixel};
use crate::extractors::json_items;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

pub(crate) const DOOR: Door = Door {
    source: "matomo",
    names: &[
        ("site_id", "idsite"),
        ("event_type", "e_a"),
        ("path", "url"),
        ("user_id", "uid"),
        ("timestamp", "cdt"),
    ],
};

/// The name of the array of a bulk request.
const BULK: &str = "requests";
/// The fields of requests that are not about a page or an event: pings, and contents and media that
/// were seen.
const IGNORED: [&str; 5] = ["ping", "c_n", "c_i", "ma_id", "fa_vid"];

/// What a request holds: one record, or those of a bulk request.
enum Sent {
    One(Map<String, Value>),
    Bulk(Vec<Read>),
}

/// Takes a request, or several.
pub(crate) async fn take(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    match sent(&request, payload, &gateway).await? {
        Sent::One(fields) => {
            DOOR.take(&request, &gateway, vec![read(&fields)]).await?.or_refused()?;
            let wants_nothing = fields.get("send_image").is_some_and(|wants| wants == "0");
            Ok(if wants_nothing { HttpResponse::NoContent().finish() } else { pixel::answer() })
        }
        Sent::Bulk(reads) => bulk(&request, reads, &gateway).await,
    }
}

async fn bulk(
    request: &HttpRequest,
    reads: Vec<Read>,
    gateway: &Gateway,
) -> Result<HttpResponse, Problem> {
    let count = reads.len();
    let taken = DOOR.take(request, gateway, reads).await?.or_refused()?;
    let places: Vec<_> = taken.rejected.iter().map(|(index, _)| *index).collect();
    Ok(HttpResponse::Ok().json(json!({
        "status": "success", "tracked": count - places.len(), "invalid": places.len(),
        "invalid_indices": places,
    })))
}

/// What the query and the body hold. Clients declare bodies in many ways, so only the content tells
/// JSON from a form.
async fn sent(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
) -> Result<Sent, Problem> {
    let in_query = form::fields(request.query_string())?;
    if request.method() == Method::GET {
        return Ok(Sent::One(of_image(in_query, request)));
    }
    let body = records::bytes(request, payload.into_inner(), gateway).await?;
    if let Some(items) = json_items::of_value(&body, BULK, &[]) {
        let each = |json: &&[u8]| read(&of_bulk(value(json)?)?);
        return Ok(Sent::Bulk(items.items.iter().map(each).collect()));
    }
    let mut fields = form::of_body(&body)?;
    in_query.into_iter().for_each(|(name, value)| {
        fields.entry(name).or_insert(value);
    });
    Ok(Sent::One(fields))
}

/// The fields of an image. If they name no page, it is the one that shows the image.
fn of_image(mut fields: Map<String, Value>, request: &HttpRequest) -> Map<String, Value> {
    let page = request.headers().get(REFERER).and_then(|page| page.to_str().ok());
    if let Some(page) = page.filter(|page| !page.is_empty()) {
        fields.entry("url").or_insert_with(|| page.into());
    }
    fields
}

/// A request of a bulk request: a query, or its fields as an object.
fn of_bulk(request: Value) -> Result<Map<String, Value>, FieldError> {
    let wrong = |reason: &str| FieldError::new(ProblemCode::WrongType, "request", reason);
    match request {
        Value::String(query) => form::fields(&query).map_err(|_| wrong("must be a query")),
        Value::Object(fields) => {
            let text = |(name, value)| (name, Value::String(written(value)));
            Ok(fields.into_iter().filter(|(_, value)| !value.is_null()).map(text).collect())
        }
        _ => Err(wrong("must be a query or an object")),
    }
}

pub(super) fn read(fields: &Map<String, Value>) -> Read {
    let said = |name: &str| first(fields, &[name]);
    if IGNORED.iter().any(|name| fields.contains_key(*name)) {
        return Ok(None);
    }
    let Some(hit) = hit(fields) else { return Ok(None) };
    let hit = hit.properties(dimensions(fields)).on_page(said("url"));
    // Clients leave out the page before if there was none.
    let referrer = said("urlref").unwrap_or_else(|| "".into());
    let hit = hit.page("referrer", Some(referrer)).page("title", said("action_name"));
    let hit = matomo_campaign::add(hit, fields);
    let hit = hit.page("language", said("lang")).page("screen", said("res"));
    Ok(Some(
        hit.says("site_id", said("idsite"))
            .says("user_id", first(fields, &["uid", "cid", "_id"]))
            .says("timestamp", said("cdt")),
    ))
}

/// What happened; `None` if it is an action of a plug-in.
fn hit(fields: &Map<String, Value>) -> Option<Hit> {
    let said = |name: &str| first(fields, &[name]);
    let event = |name: &str| Hit::event(Some(name.into()));
    Some(if said("e_c").is_some() || said("e_a").is_some() {
        let of_event = [("category", "e_c"), ("action", "e_a"), ("name", "e_n"), ("value", "e_v")];
        let hit = Hit::event(said("e_a"));
        of_event.iter().fold(hit, |hit, (ours, theirs)| hit.property(ours, said(theirs)))
    } else if said("search").is_some() {
        event("search")
            .property("keyword", said("search"))
            .property("category", said("search_cat"))
            .property("count", said("search_count"))
    } else if said("link").is_some() {
        event("outlink").property("url", said("link"))
    } else if said("download").is_some() {
        event("download").property("url", said("download"))
    } else if said("idgoal").is_some() {
        event("goal")
            .property("goal", said("idgoal"))
            .property("order", said("ec_id"))
            .property("revenue", said("revenue"))
    } else if said("ca").is_some() {
        return None;
    } else {
        Hit::view()
    })
}

/// The custom dimensions.
fn dimensions(fields: &Map<String, Value>) -> Vec<(String, Value)> {
    let is_one = |name: &str| {
        let number = name.strip_prefix("dimension").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    };
    let found = fields.iter().filter(|(name, _)| is_one(name));
    found.map(|(name, value)| (name.clone(), value.clone())).collect()
}
