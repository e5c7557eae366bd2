//! Plausible: `POST /api/event`, for its tracker and its events API.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use common::host::host_of;
use serde_json::Value;

use super::hit::Hit;
use super::records::accepting;
use super::taking::{Door, Read, names_tenant};
use crate::extractors::json::Object;
use crate::extractors::new_event;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

pub(crate) const DOOR: Door = Door {
    source: "plausible",
    names: &[("site_id", "domain"), ("event_type", "name"), ("path", "url"), ("payload", "props")],
};

/// Takes an event of Plausible's clients.
pub(crate) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let body = new_event::object(&request, payload.into_inner()).await.map_err(accepting)?;
    let records = records(body, names_tenant(&request)?);
    DOOR.take(&request, &gateway, records).await?.or_refused()?;
    Ok(HttpResponse::Accepted().content_type("text/plain; charset=utf-8").body("ok"))
}

/// One record for each of the domains, unless the request names its tenant otherwise.
pub(super) fn records(mut body: Object, names_tenant: bool) -> Vec<Read> {
    let sent = Sent::take(&mut body);
    if sent.name.as_ref().is_some_and(|name| name == "engagement") {
        return vec![Ok(None)];
    }
    let Some(Value::String(url)) = &sent.url else {
        let (code, reason) = match sent.url {
            Some(_) => (ProblemCode::WrongType, "must be a string"),
            None => (ProblemCode::MissingField, "is required"),
        };
        return vec![Err(FieldError::new(code, "url", reason))];
    };
    let mut domains = domains(sent.domain.clone(), url);
    domains.truncate(if names_tenant { 1 } else { domains.len() });
    domains.into_iter().map(|domain| Ok(Some(sent.hit(url).says("site_id", domain)))).collect()
}

/// The sites of an event: a text with commas, or else the host of its page.
fn domains(domain: Option<Value>, url: &str) -> Vec<Option<Value>> {
    match domain {
        Some(Value::String(text)) => text.split(',').map(|name| Some(bare(name).into())).collect(),
        Some(other) => vec![Some(other)],
        None => vec![host_of(url).map(|host| bare(&host).into())],
    }
}

/// A domain as Plausible names its site.
fn bare(domain: &str) -> &str {
    let domain = domain.trim();
    domain.strip_prefix("www.").unwrap_or(domain)
}

/// The fields of an event, by their short or their long names.
struct Sent {
    name: Option<Value>,
    url: Option<Value>,
    domain: Option<Value>,
    referrer: Option<Value>,
    properties: Option<Value>,
    is_hash: bool,
}

impl Sent {
    fn take(body: &mut Object) -> Self {
        let mut either = |names: &[&str]| names.iter().find_map(|name| body.any(name));
        Self {
            name: either(&["n", "name"]),
            url: either(&["u", "url"]),
            domain: either(&["d", "domain"]),
            referrer: either(&["r", "referrer"]),
            properties: either(&["m", "meta", "p", "props"]).map(read_properties),
            is_hash: either(&["h", "hashMode"]).is_some_and(|mode| mode == 1 || mode == true),
        }
    }

    fn hit(&self, url: &str) -> Hit {
        let url = if self.is_hash { with_route(url) } else { url.to_owned() };
        let is_view = self.name.as_ref().is_some_and(|name| name == "pageview");
        let hit = if is_view { Hit::view() } else { Hit::event(self.name.clone()) };
        let hit = match &self.properties {
            Some(Value::Object(properties)) => hit.properties(properties.clone()),
            _ => hit,
        };
        let referrer = self.referrer.clone().unwrap_or_else(|| "".into());
        hit.on_page(Some(url.into())).page("referrer", Some(referrer))
    }
}

/// Older trackers send properties as JSON text.
fn read_properties(properties: Value) -> Value {
    match properties {
        Value::String(text) => serde_json::from_str(&text).unwrap_or_default(),
        other => other,
    }
}

/// The address with the route in its fragment as a part of its path: `/app#/users` is `/app/users`.
fn with_route(url: &str) -> String {
    let Some((page, route)) = url.split_once('#') else { return url.to_owned() };
    let route = route.trim_start_matches('!').trim_start_matches('/');
    let (path, query) = page.split_once('?').map_or((page, ""), |(path, query)| (path, query));
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{}/{}{query}", path.trim_end_matches('/'), route.split('?').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_route_in_the_fragment_is_a_part_of_the_path() {
        for (url, expected) in [
            ("https://a.example/app#/users", "https://a.example/app/users"),
            ("https://a.example/app/?x=1#!/users?y=2", "https://a.example/app/users?x=1"),
            ("https://a.example/app", "https://a.example/app"),
        ] {
            assert_eq!(with_route(url), expected);
        }
    }
}
