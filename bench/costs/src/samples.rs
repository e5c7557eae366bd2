//! What the paths are given: the same every time.

use chrono::{DateTime, TimeDelta};
use common::broker::Message;
use common::hash;
use common::record::{Kind, Part, Record, RecordId};
use common::tenant::TenantId;
use serde_json::json;

use crate::error::PathError;
use crate::request::Request;

/// The lines of a batch, and of a text.
pub(crate) const LINES: u64 = 200;
const TEXT_LINES: u64 = 40;
/// When everything happens: 2025-06-01, noon in UTC.
const SECOND: i64 = 1_748_779_200;

/// An event.
pub(crate) fn event(n: u64) -> Request {
    let body = json!({
        "site_id": "acme", "event_id": format!("e-{n}"), "event_type": "page_view",
        "path": format!("/shop/item-{}?utm_source=mail", n % 50), "user_id": format!("user-{}", n % 100),
        "timestamp": "2025-06-01T12:00:00Z",
        "payload": {"url": "https://acme.example/shop", "title": "The shop", "width": 1280},
    });
    Request::json("/event", &body)
}

/// The page of a view.
pub(crate) fn page(n: u64) -> String {
    format!("https://acme.example/shop/item-{}?utm_source=mail", n % 50)
}

/// A view as a browser's page sends it.
pub(crate) fn view(n: u64) -> Request {
    let body = json!({
        "site_id": "acme", "event_id": format!("v-{n}"), "event_type": "page_view", "path": page(n),
        "referrer": REFERRER, "payload": {"title": TITLE, "width": 1280},
    });
    of_browser(Request::json("/event", &body))
}

/// The page before a view.
pub(crate) const REFERRER: &str = "https://www.example.org/search";
/// The title of a page.
pub(crate) const TITLE: &str = "The shop";

/// The headers that a browser adds.
pub(crate) fn of_browser(request: Request) -> Request {
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let request = request.with("User-Agent", agent).with("Origin", "https://acme.example");
    request.with("Accept-Language", "de-DE,de;q=0.7,en;q=0.3")
}

/// A batch of access logs in the combined format.
pub(crate) fn lines(n: u64) -> Request {
    Request::new("/logs?tenant_id=acme", "text/plain", all_lines(n).concat())
}

/// The lines of a batch, each with its line break.
pub(crate) fn all_lines(n: u64) -> Vec<String> {
    let line = |line: u64| {
        let (second, page) = (line % 60, line % 20);
        format!(
            "192.0.2.{} - - [01/Jun/2025:12:{:02}:{second:02} +0000] \"GET /pages/{page}?q={n} HTTP/1.1\" \
             200 {} \"https://example.com/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 \
             Firefox/128.0\"\n",
            line % 250,
            n % 60,
            500 + line
        )
    };
    (0..LINES).map(line).collect()
}

/// A text with personal data in every line.
pub(crate) fn text(n: u64) -> String {
    let line = |line: u64| {
        format!(
            "2025-06-01T12:00:00Z request {n}-{line}: ann.{line}@example.com called 555-0199 from \
             192.0.2.{line}, card 4111 1111 1111 1111, and waited\n"
        )
    };
    (0..TEXT_LINES).map(line).collect()
}

/// The message of an event, as the gateway publishes it.
pub(crate) fn event_message(n: u64) -> Result<Message, PathError> {
    Ok(record(n, Kind::Event, event_data(n))?.into())
}

/// The message of an event of a day, with what is counted of a visit.
pub(crate) fn event_of_day(n: u64, day: u64) -> Result<Message, PathError> {
    let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(SECOND + 86_400 * day.cast_signed());
    let data = json!({
        "event_type": "page_view", "user_id": format!("user-{}", n % 100),
        "path": format!("/shop/item-{}", n % 50), "payload": r#"{"title":"The shop"}"#,
        "timestamp": at,
        "dimensions": {"source": "Google", "browser": "Firefox", "os": "Linux", "device": "desktop"},
    });
    Ok(record(n, Kind::Event, data.to_string())?.into())
}

/// The message of a batch.
pub(crate) fn lines_message(n: u64) -> Result<Message, PathError> {
    let line = |line: u64| {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(SECOND + 60 * (n % 60).cast_signed());
        let (request, agent) = (format!("GET /pages/{}", line % 20), "Firefox");
        json!({"at": at, "request": request, "user_agent": agent, "status": 200}).to_string() + "\n"
    };
    Ok(record(n, Kind::AccessLog, (0..LINES).map(line).collect())?.into())
}

/// A record with this data.
pub(crate) fn record(n: u64, kind: Kind, data: String) -> Result<Record, PathError> {
    Ok(Record {
        kind,
        tenant: TenantId::parse("acme")?,
        id: RecordId::parse(&format!("r-{n}"))?,
        digest: hash::of_fields(&[&data]),
        source: "site_event".to_owned(),
        received_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(SECOND),
        part: Part::WHOLE,
        traceparent: None,
        data,
    })
}

pub(crate) fn event_data(n: u64) -> String {
    json!({
        "event_type": "page_view", "user_id": format!("user-{}", n % 100),
        "path": format!("/shop/item-{}", n % 50), "payload": r#"{"title":"The shop"}"#,
        "timestamp": "2025-06-01T12:00:00Z",
    })
    .to_string()
}
