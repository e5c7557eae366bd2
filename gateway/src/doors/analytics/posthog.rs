//! PostHog: the events of its libraries, and what its browser library asks for before it sends.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use chrono::DateTime;
use common::tenant::TenantId;
use serde_json::{Map, Value, json};

use super::hit::{Hit, first, object, written};
use super::posthog_body;
use super::records::{self, Records};
use super::taking::{Door, Read};
use crate::extractors::query;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

pub(crate) const DOOR: Door = Door {
    source: "posthog",
    names: &[
        ("site_id", "api_key"),
        ("event_type", "event"),
        ("user_id", "distinct_id"),
        ("path", "$current_url"),
    ],
};

/// The names of the project's key.
const KEYS: [&str; 2] = ["api_key", "token"];
/// What is not an event: recordings of sessions, and where pointers were.
const IGNORED: [&str; 4] = ["$snapshot", "$snapshot_items", "$performance_event", "$$heatmap"];
/// Properties that repeat the event's own fields, or describe a person.
const DROPPED: [&str; 6] = ["token", "distinct_id", "$insert_id", "$set", "$set_once", "$unset"];
/// How PostHog writes that no page led here.
const DIRECT: &str = "$direct";

/// Takes an event, an array of them, or a batch.
pub(crate) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let json = posthog_body::json(&request, payload.into_inner(), &gateway).await?;
    let Records { each, beside } = Records::of(json, "batch")?;
    let key = first(&beside, &KEYS);
    let read = each.into_iter().map(|event| read(key.as_ref(), &event?));
    let taken = DOOR.take(&request, &gateway, read.collect()).await?.or_refused()?;
    if query::parameter(&request, "beacon")?.as_deref() == Some("1") {
        return Ok(HttpResponse::NoContent().finish());
    }
    let answer = match taken.rejected.len() {
        0 => json!({"status": "Ok"}),
        count => json!({"status": "Ok", "rejected": count, "errors": taken.errors()}),
    };
    Ok(HttpResponse::Ok().json(answer))
}

pub(super) fn read(key: Option<&Value>, event: &Map<String, Value>) -> Read {
    let mut properties = object(event, "properties");
    let Some(name) = first(event, &["event"]) else {
        return Err(FieldError::new(ProblemCode::MissingField, "event", "is required"));
    };
    if IGNORED.iter().any(|ignored| name == *ignored) {
        return Ok(None);
    }
    let key = key.cloned().or_else(|| first(event, &KEYS)).or_else(|| first(&properties, &KEYS));
    let user = first(event, &["distinct_id"]).or_else(|| first(&properties, &["distinct_id"]));
    let id = first(event, &["uuid"]).or_else(|| first(&properties, &["$insert_id"]));
    let time = first(event, &["timestamp"]).or_else(|| first(&properties, &["timestamp"]));
    let time = time.or_else(|| time_in(id.as_ref()?.as_str()?));
    let page = Page::of(&properties);
    DROPPED.iter().for_each(|name| drop(properties.shift_remove(*name)));
    let hit = if name == "$pageview" { Hit::view() } else { Hit::event(Some(name)) };
    Ok(Some(
        page.add(hit.properties(properties))
            .says("site_id", key)
            .says("user_id", user.map(|user| written(user).into()))
            .says("timestamp", time)
            .id(id),
    ))
}

/// The page of an event.
struct Page {
    url: Option<Value>,
    path: Option<Value>,
    referrer: Option<Value>,
    title: Option<Value>,
}

impl Page {
    fn of(properties: &Map<String, Value>) -> Self {
        let referrer = first(properties, &["$referrer"]);
        Self {
            url: first(properties, &["$current_url"]),
            path: first(properties, &["$pathname"]),
            referrer: referrer.map(|page| if page == DIRECT { "".into() } else { page }),
            title: first(properties, &["title"]),
        }
    }

    fn add(self, hit: Hit) -> Hit {
        let place = self.url.clone().or(self.path);
        let hit = hit.says("path", place).page("url", self.url);
        hit.page("referrer", self.referrer).page("title", self.title)
    }
}

/// The time in a UUID of version 7. The browser library sends how long ago an event was, which
/// differs from try to try; but its id has the time itself.
fn time_in(id: &str) -> Option<Value> {
    let digits: String = id.chars().filter(|digit| *digit != '-').collect();
    let is_of_time = digits.len() == 32 && digits.is_ascii() && digits.as_bytes()[12] == b'7';
    let milliseconds = i64::from_str_radix(digits.get(..12).filter(|_| is_of_time)?, 16).ok()?;
    Some(DateTime::from_timestamp_millis(milliseconds)?.to_rfc3339().into())
}

/// Answers that there are no feature flags, to any client.
pub(crate) async fn flags(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    // A connection stays open only if request bodies are read.
    records::bytes(&request, payload.into_inner(), &gateway).await?;
    let mut answer = config(None);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("flags".to_owned(), json!({}));
        fields.insert("featureFlags".to_owned(), json!({}));
        fields.insert("featureFlagPayloads".to_owned(), json!({}));
        fields.insert("errorsWhileComputingFlags".to_owned(), false.into());
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// Tells the browser library what it may do: send events, compressed, and nothing else.
pub(crate) async fn remote_config(token: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(config(Some(&checked(&token)?))))
}

/// The same as a script.
pub(crate) async fn remote_config_script(
    token: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let token = checked(&token)?;
    let script = format!(
        "(function(){{var all=window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{{}};\
         all[\"{token}\"]={{config:{},siteApps:[]}};}})();",
        config(Some(&token))
    );
    Ok(HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(script))
}

fn checked(token: &str) -> Result<TenantId, Problem> {
    TenantId::parse(token).map_err(|reason| {
        Problem::invalid(vec![FieldError::new(ProblemCode::InvalidTenant, "token", reason)])
    })
}

fn config(token: Option<&TenantId>) -> Value {
    json!({
        "token": token.map(TenantId::as_str),
        "supportedCompression": ["gzip", "gzip-js"],
        "analytics": {"endpoint": "/i/v0/e/"},
        "config": {"enable_collect_everything": true},
        "hasFeatureFlags": false,
        "isAuthenticated": false,
        "elementsChainAsString": true,
        "sessionRecording": false,
        "heatmaps": false,
        "surveys": false,
        "captureDeadClicks": false,
        "capturePerformance": false,
        "autocaptureExceptions": false,
        "siteApps": [],
        "toolbarParams": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_an_event_is_in_its_id() {
        let time = time_in("01890a5d-ac96-774b-bcce-b302099a8057");
        assert_eq!(time, Some("2023-06-30T03:34:18.518+00:00".into()));
        for id in
            ["", "7", "01890a5d-ac96-474b-bcce-b302099a8057", "ü1890a5dac96774bbcceb302099a805"]
        {
            assert_eq!(time_in(id), None, "{id}");
        }
    }
}
