//! An event as it came in, ready to be published.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use chrono::{DateTime, Utc};
use common::event::Event;
use common::record::{Kind, Part, Record, RecordId};
use common::site_dimension::Dimensions;
use common::tenant::TenantId;

use super::body;
use super::client::Client;
use super::json::Object;
use super::media::Media;
use crate::problem::Problem;

/// The largest body of an event, in bytes: its payload, with ample room for one that must be cut,
/// and for what its encoding adds.
const MAX_EVENT_BYTES: usize = 256 << 10;

/// A valid event with everything that its message needs.
pub(crate) struct NewEvent {
    pub(crate) tenant: TenantId,
    pub(crate) id: RecordId,
    /// How it came in: a route, or a door.
    pub(crate) source: &'static str,
    pub(crate) event: Event,
    /// Covers what the client sent, so that a retry on another day is the same event.
    pub(crate) digest: String,
    pub(crate) received_at: DateTime<Utc>,
    /// The browser that sent it, as it is counted.
    pub(crate) client: Client,
    /// What the sender says that it is counted by, instead of what its client shows.
    pub(crate) stated: Dimensions,
    /// The query of the page's address.
    pub(crate) query: String,
    pub(crate) traceparent: Option<String>,
}

impl NewEvent {
    /// The record to publish.
    pub(crate) fn into_record(self) -> Result<Record, serde_json::Error> {
        let data = serde_json::to_string(&self.event)?;
        Ok(Record {
            kind: Kind::Event,
            tenant: self.tenant,
            id: self.id,
            digest: self.digest,
            source: self.source.to_owned(),
            received_at: self.received_at,
            part: Part::WHOLE,
            traceparent: self.traceparent,
            data,
        })
    }
}

/// What the body of an event must be, in words.
const SUPPORTED: &str = "application/json";

/// Refuses a media type that an event cannot have.
pub(crate) fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    Media::check(request, |name| name == "text/plain", SUPPORTED)
}

/// The JSON object in the body of an event.
pub(crate) async fn object(request: &HttpRequest, payload: Payload) -> Result<Object, Problem> {
    let body = body::read(request, payload, MAX_EVENT_BYTES, 0).await?;
    match Media::of(request, body)? {
        // A beacon of a string is `text/plain`.
        Media::Json(json) | Media::Text(json) => Object::parse(json),
        other => Err(other.unsupported(SUPPORTED)),
    }
}

/// The query of an address, without its question mark.
pub(super) fn query_of(place: &str) -> &str {
    let place = place.split('#').next().unwrap_or_default();
    place.split_once('?').map_or("", |(_, query)| query)
}
