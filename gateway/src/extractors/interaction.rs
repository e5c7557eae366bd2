//! The body of `POST /events`: a view, a click or a location, checked and normalized.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use chrono::{DateTime, Utc};
use common::event::Event;
use common::page::bare_path;
use common::site_dimension::Dimensions;
use serde_json::{Map, Value};

use super::body::FromBody;
use super::fit::Fit;
use super::json::Object;
use super::new_event::{self, NewEvent};
use super::site_event::user_id;
use super::tenant::TenantNames;
use super::{client, record_id, traceparent};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// The types of interactions.
pub(crate) const TYPES: [&str; 3] = ["view", "click", "location"];

/// An interaction of a user. Its id and its time are the server's.
pub(crate) struct Interaction(pub(crate) NewEvent);

impl FromBody for Interaction {
    const MEDIA_TYPES: &str = "application/json, text/plain";

    fn check_type(request: &HttpRequest) -> Result<(), Problem> {
        new_event::check_type(request)
    }

    async fn read(
        request: &HttpRequest,
        payload: Payload,
        gateway: &Gateway,
    ) -> Result<Self, Problem> {
        let mut body = new_event::object(request, payload).await?;
        let (fit, received_at) = (Fit::of(request)?, Utc::now());
        let sent = Sent::take(&mut body);
        let digest = sent.digest(received_at);
        let query = sent.url().map(new_event::query_of).unwrap_or_default().to_owned();
        let event = sent.fitted(&mut body, fit, received_at);
        let name = body.name("tenant_id");
        let names = TenantNames::of(request, &["X-Tenant-ID"])?.and("tenant_id", name.as_deref());
        let tenant = names.or_default().map_err(|wrong| body.errors.extend(wrong));
        let id = record_id::keyed(request).map_err(|wrong| body.errors.push(wrong));
        let (Ok(tenant), Ok(id), true) = (tenant, id, body.errors.is_empty()) else {
            return Err(Problem::invalid(body.errors));
        };
        Ok(Self(NewEvent {
            tenant,
            id,
            source: "interaction",
            digest,
            event,
            received_at,
            client: client::of_browser(request, &gateway.settings),
            stated: Dimensions::new(),
            query,
            traceparent: traceparent::of(request),
        }))
    }
}

/// The fields of an interaction as the client sent them.
struct Sent {
    event_type: String,
    user_id: Option<String>,
    payload: Option<Value>,
}

impl Sent {
    fn take(body: &mut Object) -> Self {
        let event_type = event_type(body);
        let user_id = required_user_id(body);
        let payload = match event_type.as_str() {
            "view" | "location" => body.required_object("payload"),
            _ => body.object("payload"),
        };
        if let Some(payload) = payload.clone() {
            check_fields(body, &event_type, payload);
        }
        Self { event_type, user_id, payload: payload.map(Value::Object) }
    }

    /// The URL of the page in the payload.
    fn url(&self) -> Option<&str> {
        self.payload.as_ref()?.get("url")?.as_str()
    }

    /// The digest of what the client sent, before anything is cut or normalized further.
    fn digest(&self, now: DateTime<Utc>) -> String {
        let event = Event {
            event_type: self.event_type.clone(),
            user_id: self.user_id.clone(),
            path: self.url().map(|url| bare_path(url).to_owned()),
            payload: self.payload.as_ref().map(Value::to_string),
            timestamp: now,
            truncated: false,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        };
        event.digest(None)
    }

    /// The event as it is stored and counted.
    fn fitted(self, body: &mut Object, mut fit: Fit, now: DateTime<Utc>) -> Event {
        let path = self.url().and_then(|url| fit.path(body, "payload.url", url));
        Event {
            user_id: self.user_id.as_deref().map(|user_id| fit.user_id(body, user_id)),
            path,
            payload: self.payload.map(|payload| fit.payload(body, payload)),
            event_type: self.event_type,
            timestamp: now,
            truncated: fit.truncated,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        }
    }
}

/// The type, whatever case it was sent in.
fn event_type(body: &mut Object) -> String {
    let event_type = body.required_string("event_type").unwrap_or_default().to_ascii_lowercase();
    let is_known = TYPES.contains(&event_type.as_str());
    if !is_known && body.errors.iter().all(|error| error.field != "event_type") {
        body.wrong(ProblemCode::OutOfRange, "event_type", "must be view, click or location");
    }
    event_type
}

fn required_user_id(body: &mut Object) -> Option<String> {
    let user_id = user_id(body);
    if user_id.is_none() && body.errors.iter().all(|error| error.field != "user_id") {
        body.wrong(ProblemCode::MissingField, "user_id", "is required");
    }
    user_id
}

fn check_fields(body: &mut Object, event_type: &str, payload: Map<String, Value>) {
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
