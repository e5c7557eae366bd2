//! GoatCounter: the pixel of its script, and its API for views.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::hit::{Hit, first};
use super::records::{self, Records};
use super::taking::{Door, Read};
use super::{form, pixel};
use crate::doors::authorization;
use crate::doors::own_form::refusal;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

pub(crate) const DOOR: Door = Door {
    source: "goatcounter",
    names: &[("event_type", "path"), ("user_id", "session"), ("timestamp", "created_at")],
};

/// What the script calls its fields, and what the API calls them.
const SHORT: [(&str, &str); 7] = [
    ("p", "path"),
    ("t", "title"),
    ("r", "ref"),
    ("e", "event"),
    ("s", "size"),
    ("b", "bot"),
    ("q", "query"),
];
/// The numbers by which the script says that a program drives the browser.
const DRIVEN: std::ops::RangeInclusive<i64> = 150..=153;

/// Takes the pixel of a page. Its query holds what happened, also if a beacon posts it.
pub(crate) async fn pixel(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let fields = form::fields(request.query_string())?;
    let long = |(name, value): (String, Value)| {
        let known = SHORT.iter().find(|(short, _)| *short == name);
        known.map(|(_, long)| ((*long).to_owned(), value))
    };
    let mut fields: Map<String, Value> = fields.into_iter().filter_map(long).collect();
    // The script leaves out empty fields: no page led here.
    fields.entry("ref").or_insert_with(|| "".into());
    let read = read(&fields).map(|hit| hit.map(|hit| of_site(hit, &request)));
    DOOR.take(&request, &gateway, vec![read]).await?.or_refused()?;
    Ok(pixel::answer())
}

/// Takes the views that a program sends. An error names the invalid ones; the others are durable.
pub(crate) async fn api(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    match count(&request, payload, &gateway).await {
        Ok(None) => HttpResponse::Accepted().json(json!({"status": "ok"})),
        Ok(Some(errors)) => {
            let problem = Problem::new(ProblemCode::InvalidEntries, "Some hits are not valid.");
            refusal(&problem).json(json!({"errors": errors}))
        }
        Err(problem) => refusal(&problem).json(json!({"error": problem.detail()})),
    }
}

/// What is wrong with each invalid hit, by its place.
async fn count(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
) -> Result<Option<Map<String, Value>>, Problem> {
    let json = records::json(request, payload.into_inner(), gateway).await?;
    let each = Records::of(json, "hits")?.each.into_iter();
    let read = each.map(|hit| of_api(hit, request));
    let taken = DOOR.take(request, gateway, read.collect()).await?;
    let words = |(index, errors): &(usize, Vec<FieldError>)| {
        let errors = errors.iter().map(|error| format!("{} {}", error.field, error.reason));
        (index.to_string(), errors.collect::<Vec<_>>().join("; ").into())
    };
    let errors: Map<_, _> = taken.rejected.iter().map(words).collect();
    Ok((!errors.is_empty()).then_some(errors))
}

fn of_api(hit: Result<Map<String, Value>, FieldError>, request: &HttpRequest) -> Read {
    Ok(read(&hit?)?.map(|hit| of_site(hit, request)))
}

/// The hit with the site that the path or the token names.
fn of_site(hit: Hit, request: &HttpRequest) -> Hit {
    let in_path = request.match_info().get("tenant").map(str::to_owned);
    let token = || authorization::with_scheme(request, "Bearer");
    hit.says("site_id", in_path.or_else(|| token().map(str::to_owned)).map(Value::from))
}

pub(super) fn read(fields: &Map<String, Value>) -> Read {
    let said = |name: &str| first(fields, &[name]);
    let Some(path) = said("path") else {
        return Err(FieldError::new(ProblemCode::MissingField, "path", "is required"));
    };
    let is_event =
        said("event").is_some_and(|event| event == true || event == "true" || event == 1);
    let hit = if is_event {
        Hit::event(Some(path))
    } else {
        Hit::view().says("path", Some(with_query(rooted(path), said("query"))))
    };
    let referrer = fields.get("ref").cloned().filter(|_| !is_event);
    let hit = hit.page("referrer", referrer).page("title", said("title"));
    let hit = hit.page("screen", said("size"));
    Ok(Some(
        hit.says("excluded", said("bot").as_ref().and_then(exclusion).map(Value::from))
            .says("user_id", said("session"))
            .says("timestamp", said("created_at")),
    ))
}

/// The path with the slash that clients may leave out before it.
fn rooted(path: Value) -> Value {
    match path.as_str() {
        Some(text) if !text.starts_with('/') && !text.contains("://") => format!("/{text}").into(),
        _ => path,
    }
}

/// The path with the query of its page, which names its campaign.
fn with_query(path: Value, query: Option<Value>) -> Value {
    match (path.as_str(), query.as_ref().and_then(Value::as_str)) {
        (Some(path), Some(query)) if !path.contains('?') => {
            format!("{path}?{}", query.trim_start_matches('?')).into()
        }
        _ => path,
    }
}

/// Why a hit does not count, if its client detected a program.
fn exclusion(bot: &Value) -> Option<&'static str> {
    let number = bot.as_i64().or_else(|| bot.as_str()?.parse().ok())?;
    match number {
        number if DRIVEN.contains(&number) => Some("webdriver"),
        ..=0 => None,
        _ => Some("bot"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_with_a_slash_and_an_address_stays() {
        for (sent, expected) in [
            ("b", "/b"),
            ("/b", "/b"),
            ("b?c=d", "/b?c=d"),
            ("https://acme.example/b", "https://acme.example/b"),
        ] {
            assert_eq!(rooted(sent.into()), expected);
        }
    }
}
