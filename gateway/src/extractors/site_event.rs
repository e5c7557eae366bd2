//! The body of `POST /event`: an event of a site, checked and normalized.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use chrono::{DateTime, Utc};
use common::event::{Event, MAX_TYPE_BYTES, VIEWS, counted_type, is_view};
use common::page::bare_path;
use common::site_dimension::Dimensions;
use serde_json::Value;

use super::body::FromBody;
use super::browser::{self, Browser};
use super::client::Client;
use super::exclusion::{self, Said};
use super::fit::Fit;
use super::json::Object;
use super::new_event::{self, NewEvent};
use super::tenant::TenantNames;
use super::{client, limits, record_id, stated, traceparent};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// An event of a site, and the browser that sent it, if one did.
pub(crate) struct SiteEvent {
    pub(crate) event: NewEvent,
    pub(crate) browser: Option<Browser>,
}

/// The `source` of an event that came in the form of `POST /event` itself.
pub(crate) const SOURCE: &str = "site_event";

impl FromBody for SiteEvent {
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
        let sender = Sender::of(request, gateway);
        let event = of_object(request, &mut body, &sender, SOURCE)?;
        let event = event.ok_or_else(|| Problem::invalid(std::mem::take(&mut body.errors)))?;
        Ok(Self { event, browser: sender.browser })
    }
}

/// Who sent a request, and when.
pub(crate) struct Sender {
    pub(crate) browser: Option<Browser>,
    client: Client,
    received_at: DateTime<Utc>,
}

impl Sender {
    pub(crate) fn of(request: &HttpRequest, gateway: &Gateway) -> Self {
        Self {
            browser: browser::of(request, gateway.settings.trusted_hops),
            client: client::of_browser(request, &gateway.settings),
            received_at: Utc::now(),
        }
    }
}

/// The event with its site and its id; `None` if the body has errors. `source` says how it came in.
pub(crate) fn of_object(
    request: &HttpRequest,
    body: &mut Object,
    sender: &Sender,
    source: &'static str,
) -> Result<Option<NewEvent>, Problem> {
    let (mut fit, said, received_at) =
        (Fit::of(request)?, Said::take(request, body)?, sender.received_at);
    let sent = Sent::take(body, received_at);
    let browser = sender.browser.as_ref().filter(|_| sent.user_id.is_none());
    let origin = sender.client.origin.as_deref();
    let why = said.why(request.headers(), browser, origin, &sent.places());
    let [site, id] = ["site_id", "event_id"].map(|name| body.name(name));
    let names = TenantNames::of(request, &["X-Tenant-ID"])?.and("site_id", site.as_deref());
    let tenant = names.one("site_id").map_err(|wrong| body.errors.extend(wrong));
    let id = record_id::one(request, None, "event_id", id.as_deref());
    let id = id.map_err(|wrong| body.errors.extend(wrong));
    let (digest, query) = (sent.digest(received_at), sent.query());
    let stated = stated::take(body, &mut fit);
    let mut event = sent.fitted(body, fit, received_at);
    let (Ok(tenant), Ok(id), true) = (tenant, id, body.errors.is_empty()) else {
        return Ok(None);
    };
    if let Some(reason) = why {
        event = event.excluded_for(reason);
    }
    let (client, traceparent) = (sender.client.clone(), traceparent::of(request));
    Ok(Some(NewEvent {
        tenant,
        id,
        source,
        event,
        digest,
        received_at,
        client,
        stated,
        query,
        traceparent,
    }))
}

/// The fields of an event as the client sent them.
struct Sent {
    event_type: String,
    user_id: Option<String>,
    path: Option<String>,
    payload: Option<Value>,
    timestamp: Option<DateTime<Utc>>,
}

impl Sent {
    fn take(body: &mut Object, now: DateTime<Utc>) -> Self {
        Self {
            event_type: body.required_string("event_type").unwrap_or_default().trim().to_owned(),
            user_id: user_id(body),
            path: body.string("path"),
            timestamp: timestamp(body, now),
            payload: body.object("payload").map(Value::Object),
        }
    }

    /// Where the event says that it happened.
    fn places(&self) -> Vec<&str> {
        exclusion::places(self.path.as_deref(), self.payload.as_ref())
    }

    /// The URL of the page in the payload.
    fn url(&self) -> Option<&str> {
        self.payload.as_ref()?.get("url")?.as_str()
    }

    /// The query of the page's address: of the path, or else of the URL.
    fn query(&self) -> String {
        let places = [self.path.as_deref(), self.url()];
        let mut queries = places.into_iter().flatten().map(new_event::query_of);
        queries.find(|query| !query.is_empty()).unwrap_or_default().to_owned()
    }

    /// The digest of what the client sent, before anything is cut or normalized further.
    fn digest(&self, now: DateTime<Utc>) -> String {
        let is_view = VIEWS.contains(&self.event_type.as_str());
        let path = self.path.as_deref().or_else(|| self.url().filter(|_| is_view));
        let event = Event {
            event_type: self.event_type.clone(),
            user_id: self.user_id.clone(),
            path: path.map(|path| bare_path(path).to_owned()),
            payload: self.payload.as_ref().map(Value::to_string),
            timestamp: now,
            truncated: false,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        };
        event.digest(self.timestamp)
    }

    /// The event as it is stored and counted.
    fn fitted(self, body: &mut Object, mut fit: Fit, now: DateTime<Utc>) -> Event {
        let path = self.path.as_deref().and_then(|path| fit.path(body, "path", path));
        let from_url = |fit: &mut Fit, body: &mut Object| {
            let url = self.url().filter(|_| is_view(&self.event_type))?;
            fit.path(body, "payload.url", url)
        };
        let path = path.or_else(|| from_url(&mut fit, body));
        let event_type = event_type(body, &mut fit, &self.event_type);
        let user_id = self.user_id.as_deref().map(|user_id| fit.user_id(body, user_id));
        let payload = self.payload.map(|payload| fit.payload(body, payload));
        Event {
            event_type,
            user_id,
            path,
            payload,
            timestamp: self.timestamp.unwrap_or(now),
            truncated: fit.truncated,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        }
    }
}

/// The type as it is counted.
fn event_type(body: &mut Object, fit: &mut Fit, event_type: &str) -> String {
    if body.errors.iter().any(|error| error.field == "event_type") {
        return String::new();
    }
    counted_type(fit.text(body, "event_type", event_type, MAX_TYPE_BYTES))
}

/// The `user_id`, if there is one. Pages send an empty one for a guest; it counts as missing.
pub(super) fn user_id(body: &mut Object) -> Option<String> {
    body.name("user_id").filter(|user_id| !user_id.is_empty())
}

fn timestamp(body: &mut Object, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let time = body.instant("timestamp")?;
    if let Err(reason) = limits::time(time, now) {
        body.wrong(ProblemCode::OutOfRange, "timestamp", reason);
    }
    Some(time)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use common::event::{Exclusion, MAX_PATH_BYTES, MAX_PAYLOAD_BYTES, MAX_USER_ID_BYTES};
    use serde_json::json;

    use super::*;

    fn read_at(uri: &str, body: &Value) -> Result<NewEvent, ProblemCode> {
        let request = TestRequest::with_uri(uri).insert_header(("x-tenant-id", "shop"));
        let mut body = Object::parse(body.to_string().into_bytes()).expect("an object");
        let sender = Sender { browser: None, client: Client::default(), received_at: Utc::now() };
        let event = of_object(&request.to_http_request(), &mut body, &sender, SOURCE)
            .and_then(|event| event.ok_or_else(|| Problem::invalid(body.errors)));
        event.map_err(|problem| problem.code())
    }

    fn read(body: &Value) -> NewEvent {
        read_at("/event", body).unwrap_or_else(|code| panic!("{code:?}: {body}"))
    }

    #[test]
    fn what_is_too_long_is_cut_and_marked() {
        let long = json!({
            "event_type": "ü".repeat(40), "user_id": "é".repeat(200),
            "path": format!("/{}", "日".repeat(400)),
            "payload": {"title": "x".repeat(70_000), "n": 7},
        });
        let event = read(&long).event;
        assert_eq!(event.event_type, "ü".repeat(32));
        assert_eq!(event.path, Some(format!("/{}", "日".repeat(341))));
        let payload: Value =
            serde_json::from_str(event.payload.as_deref().expect("a payload")).expect("JSON");
        assert_eq!(payload.to_string().len(), MAX_PAYLOAD_BYTES);
        assert_eq!(payload["n"], 7);
        let user = event.user_id.expect("a user");
        assert!(user.starts_with("éé") && user.len() <= MAX_USER_ID_BYTES, "{user}");
        assert!(event.truncated);
        assert_eq!(read_at("/event?strict=true", &long).err(), Some(ProblemCode::OutOfRange));
        let short = json!({"event_type": "ü".repeat(32), "path": format!("/{}", "日".repeat(113))});
        let event = read_at("/event?strict=true", &short).expect("it fits").event;
        assert!(!event.truncated && event.path.is_some_and(|path| path.len() <= MAX_PATH_BYTES));
    }

    #[test]
    fn users_with_long_ids_stay_apart() {
        let user = |end: &str| {
            read(&json!({"event_type": "a", "user_id": "u".repeat(300) + end})).event.user_id
        };
        assert_eq!(user("1"), user("1"));
        assert_ne!(user("1"), user("2"));
    }

    #[test]
    fn control_characters_are_replaced() {
        let event = read(&json!({"event_type": "a\nb", "user_id": "c\td", "path": "/e\0f"})).event;
        assert_eq!(event.event_type, "a\u{fffd}b");
        assert_eq!(event.user_id.as_deref(), Some("c\u{fffd}d"));
        assert_eq!(event.path.as_deref(), Some("/e%00f"));
        assert!(!event.truncated);
    }

    #[test]
    fn a_view_is_known_in_any_case_and_another_type_keeps_its_own() {
        for (sent, counted) in
            [("PAGE_VIEW", "page_view"), (" pageView\n", "pageview"), (" Signup ", "Signup")]
        {
            assert_eq!(read(&json!({"event_type": sent})).event.event_type, counted);
        }
        let blank = read_at("/event", &json!({"event_type": " \t"}));
        assert_eq!(blank.err(), Some(ProblemCode::OutOfRange));
        let url = json!({"url": "https://shop.example/a/?b"});
        let path = |body: Value| read(&body).event.path;
        assert_eq!(path(json!({"event_type": "View", "payload": url})).as_deref(), Some("/a/"));
        let blank = json!({"event_type": "view", "path": "about:blank", "payload": url});
        assert_eq!(path(blank).as_deref(), Some("/a/"));
        assert_eq!(path(json!({"event_type": "click", "payload": url})), None);
        assert_eq!(path(json!({"event_type": "view", "path": "javascript:void(0)"})), None);
    }

    #[test]
    fn the_digest_is_over_what_was_sent() {
        let event = |more: Value| {
            let mut body = json!({"event_type": "view", "path": "/a"});
            body.as_object_mut()
                .expect("an object")
                .extend(more.as_object().cloned().unwrap_or_default());
            read(&body).digest
        };
        let same = |one: Value, other: Value| assert_eq!(event(one), event(other));
        same(json!({}), json!({"user_id": "", "timestamp": null, "unknown": 7}));
        same(json!({"user_id": 42}), json!({"user_id": "42"}));
        same(json!({"timestamp": 1_762_975_801}), json!({"timestamp": "2025-11-12T19:30:01Z"}));
        let differ = |one: Value, other: Value| assert_ne!(event(one), event(other));
        differ(json!({"path": "/a"}), json!({"path": "/%61"}));
        let long = |end: &str| json!({"payload": {"text": "x".repeat(70_000) + end}});
        differ(long("1"), long("2"));
        let plain = Event {
            event_type: "view".to_owned(),
            user_id: None,
            path: Some("/a".to_owned()),
            payload: None,
            timestamp: DateTime::UNIX_EPOCH,
            truncated: false,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        };
        assert_eq!(event(json!({})), plain.digest(None), "as it always was");
    }

    #[test]
    fn what_the_sender_says_of_the_visitor_is_no_part_of_the_digest() {
        let with = |dimensions: Value| {
            read(&json!({"event_type": "view", "path": "/a", "dimensions": dimensions}))
        };
        let (plain, stated) = (with(Value::Null), with(json!({"country": "at"})));
        assert_eq!(plain.digest, stated.digest, "as with other headers");
        assert_eq!(stated.stated[&common::site_dimension::SiteDimension::Country], "AT");
        let wrong = json!({"event_type": "view", "dimensions": {"city": "Vienna"}});
        assert_eq!(read_at("/event", &wrong).err(), Some(ProblemCode::OutOfRange));
        let wrong = json!({"event_type": "view", "dimensions": []});
        assert_eq!(read_at("/event", &wrong).err(), Some(ProblemCode::WrongType));
    }

    #[test]
    fn an_excluded_event_keeps_nothing_about_the_visit() {
        let event = read(&json!({"event_type": "page_view", "path": "/private", "user_id": "ann",
            "payload": {"url": "file:///home/ann"}, "excluded": "file"}))
        .event;
        assert_eq!(event.excluded, Some(Exclusion::File));
        assert_eq!((event.path, event.user_id, event.payload), (None, None, None));
        assert_eq!(event.event_type, "page_view");
    }
}
