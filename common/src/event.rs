//! An event on a site, in its message and in the store: what a visitor did, where and when.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::hash;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::record::{Record, RecordId};
use crate::retention::Keep;
use crate::site_dimension::{Dimensions, OTHERS, SiteDimension};
use crate::store::{Document, Fields, Value, fields};
use crate::tenant::TenantId;
use crate::time_zone::TimeZone;

/// The event types that count as page views, in lower case.
pub const VIEWS: [&str; 3] = ["page_view", "pageview", "view"];
/// Longest event type, in bytes.
pub const MAX_TYPE_BYTES: usize = 64;
/// Longest path, in bytes.
pub const MAX_PATH_BYTES: usize = 1_024;
/// Longest user id, in bytes.
pub const MAX_USER_ID_BYTES: usize = 256;
/// Largest payload, in bytes of its JSON text.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 10;

/// The fields of a document that say how its event is counted.
pub const COUNTED: &[&str] =
    &["event_type", "user_id", "path", "timestamp", "excluded", "dimensions", "others", "day"];

/// An event as the gateway normalized it; in the message, one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened, such as `click`.
    pub event_type: String,
    /// Who did it, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// On which page, without query and fragment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Anything else about it, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// When it happened according to the client, or else when it was received.
    pub timestamp: DateTime<Utc>,
    /// Whether a text was too long, so that only its beginning was kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// Why it is not counted as what it is; `None` if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<Exclusion>,
    /// What it is counted by, besides its type and its path. The digest leaves it out, because most of it is
    /// derived from the request, and a retry may come with other headers. What a sender says instead is left
    /// out too: an import that says more than the one before it sends the same events.
    #[serde(default, skip_serializing_if = "Dimensions::is_empty")]
    pub dimensions: Dimensions,
    /// Which of its own texts are counted as `(other)`, because its day had too many of them. The digest
    /// leaves it out: when the event is sent again, the day may have others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Bounded>,
    /// The day by which it is counted, if the zone of its site has another one than UTC. The digest leaves
    /// it out, because the zone may have changed when the event is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
}

/// A text of an event that it is counted by and its client chooses, so that a day may have any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bounded {
    /// What happened.
    EventType,
    /// The page that was viewed.
    Path,
}

impl Bounded {
    /// All of them.
    const ALL: [Self; 2] = [Self::EventType, Self::Path];

    /// The name in messages and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventType => "event_type",
            Self::Path => "path",
        }
    }

    /// The text of this name.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.as_str() == name)
    }
}

/// Why an event is not counted as what it is, but only as an excluded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exclusion {
    /// The site leaves out what comes from this address.
    Address,
    /// A program sent it, by its user agent.
    Bot,
    /// The page is a file on the visitor's disk.
    File,
    /// The page is shown in a frame of another page.
    Frame,
    /// The page is on none of the site's hosts.
    Host,
    /// The page is on the developer's own machine.
    Localhost,
    /// The site leaves out this page.
    Path,
    /// The page was loaded in advance.
    Prefetch,
    /// Nobody ever looked at the page.
    Unseen,
    /// A program drives the browser.
    Webdriver,
}

impl Exclusion {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Address,
        Self::Bot,
        Self::File,
        Self::Frame,
        Self::Host,
        Self::Localhost,
        Self::Path,
        Self::Prefetch,
        Self::Unseen,
        Self::Webdriver,
    ];

    /// The name in requests, messages, documents and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Bot => "bot",
            Self::File => "file",
            Self::Frame => "frame",
            Self::Host => "host",
            Self::Localhost => "localhost",
            Self::Path => "path",
            Self::Prefetch => "prefetch",
            Self::Unseen => "unseen",
            Self::Webdriver => "webdriver",
        }
    }

    /// The reason of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

impl Event {
    /// The SHA-256 of what the client sent. Pass `timestamp` only if the client gave it, so that
    /// the same event sent again has the same digest.
    pub fn digest(&self, timestamp: Option<DateTime<Utc>>) -> String {
        let time = timestamp.map(|time| time.to_rfc3339());
        let optional = [&self.user_id, &self.path, &self.payload, &time];
        let present = optional.map(|field| if field.is_some() { "1" } else { "0" });
        let text = optional.map(|field| field.as_deref().unwrap_or(""));
        hash::of_fields(&[&[self.event_type.as_str()], &present[..], &text[..]].concat())
    }

    /// The event as it is kept if it is not counted: who, where and what are of no use, and may be
    /// nobody's business.
    pub fn excluded_for(self, reason: Exclusion) -> Self {
        let (excluded, dimensions, others) = (Some(reason), Dimensions::new(), Vec::new());
        Self { user_id: None, path: None, payload: None, excluded, dimensions, others, ..self }
    }

    /// The day by which it is counted, and of which its user is a visitor.
    pub fn day(&self) -> NaiveDate {
        self.day.unwrap_or_else(|| self.timestamp.date_naive())
    }

    /// Counts it by the days of this zone.
    pub fn count_in(&mut self, zone: TimeZone) {
        let (day, in_utc) = (zone.day(self.timestamp), self.timestamp.date_naive());
        self.day = (day != in_utc).then_some(day);
    }

    /// Whether it is a page view.
    pub fn is_view(&self) -> bool {
        is_view(&self.event_type)
    }

    /// The page that counts as viewed.
    pub fn viewed_path(&self) -> Option<&str> {
        self.path.as_deref().filter(|_| self.excluded.is_none() && self.is_view())
    }

    /// The document.
    pub fn fields(&self, record: &Record, keep: Keep) -> Fields {
        let optional = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        let mut document = fields([
            ("event_type", self.event_type.as_str().into()),
            ("user_id", optional(&self.user_id)),
            ("path", optional(&self.path)),
            ("payload", optional(&self.payload)),
            ("timestamp", self.timestamp.into()),
            ("received_at", record.received_at.into()),
            ("digest", record.digest.as_str().into()),
        ]);
        let truncated = self.truncated.then(|| ("truncated", Value::from(true)));
        let excluded = self.excluded.map(|reason| ("excluded", reason.as_str().into()));
        let dimensions = (!self.dimensions.is_empty()).then(|| ("dimensions", self.named().into()));
        let others = (!self.others.is_empty()).then(|| ("others", self.counted_as_other().into()));
        let day = self.day.map(|day| ("day", day.to_string().into()));
        let marks =
            truncated.into_iter().chain(excluded).chain(dimensions).chain(others).chain(day);
        document.extend(marks.map(|(name, value)| (name.to_owned(), value)));
        keep.mark(&mut document, record.received_at);
        document
    }

    /// The event of a document that has the [`COUNTED`] fields; `None` if this version cannot say how it
    /// is counted. It has no payload.
    pub fn stored(document: &Document) -> Option<Self> {
        let text = |name| document.text(name).map(str::to_owned);
        let others = document.text("others").unwrap_or("").split(',');
        Some(Self {
            event_type: text("event_type")?,
            user_id: text("user_id"),
            path: text("path"),
            payload: None,
            timestamp: document.timestamp("timestamp")?,
            truncated: false,
            excluded: match document.text("excluded") {
                Some(reason) => Some(Exclusion::named(reason)?),
                None => None,
            },
            dimensions: stored_dimensions(document),
            others: others.filter_map(Bounded::named).collect(),
            day: document.text("day").map(str::parse).transpose().ok()?,
        })
    }

    /// The names of the texts that are counted as `(other)`.
    fn counted_as_other(&self) -> String {
        self.others.iter().map(|what| what.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The dimensions by their names.
    fn named(&self) -> Fields {
        let named = self.dimensions.iter();
        named.map(|(name, value)| (name.as_str().to_owned(), value.as_str().into())).collect()
    }
}

fn stored_dimensions(document: &Document) -> Dimensions {
    let Some(Value::Map(named)) = document.fields.get("dimensions") else {
        return Dimensions::new();
    };
    let dimension = |(name, value): (&String, &Value)| {
        Some((SiteDimension::named(name)?, value.as_text()?.to_owned()))
    };
    named.iter().filter_map(dimension).collect()
}

/// Whether events of this type are page views, whatever case it is written in.
pub fn is_view(event_type: &str) -> bool {
    VIEWS.iter().any(|view| event_type.eq_ignore_ascii_case(view))
}

/// The type as events are stored and counted by it: a view in lower case, any other as it was sent.
pub fn counted_type(event_type: String) -> String {
    if is_view(&event_type) { event_type.to_ascii_lowercase() } else { event_type }
}

/// The day by which an event in the store is counted.
pub fn day_of(event: &Document) -> Option<NaiveDate> {
    match event.text("day") {
        Some(day) => day.parse().ok(),
        None => Some(event.timestamp("timestamp")?.date_naive()),
    }
}

/// Whether an event in the store is counted by the type of a view, or as `(other)`, which hides the type.
pub fn is_counted_as_view(event: &Document) -> bool {
    let is_other = |marks: &str| marks.split(',').any(|mark| mark == Bounded::EventType.as_str());
    let event_type = event.text("event_type").unwrap_or_default();
    event.text("others").is_some_and(is_other) || event_type == OTHERS || is_view(event_type)
}

/// The path of an event.
pub fn path(tenant: &TenantId, id: &RecordId) -> DocumentPath {
    CollectionPath::of(tenant, Collection::Events).record(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(path: Option<&str>) -> Event {
        Event {
            event_type: "click".to_owned(),
            user_id: None,
            path: path.map(str::to_owned),
            payload: None,
            timestamp: DateTime::UNIX_EPOCH,
            truncated: false,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        }
    }

    #[test]
    fn the_digest_tells_a_missing_field_from_an_empty_one() {
        assert_ne!(event(None).digest(None), event(Some("")).digest(None));
        assert_eq!(event(None).digest(None), event(None).digest(None));
        assert_ne!(event(None).digest(None), event(None).digest(Some(DateTime::UNIX_EPOCH)));
    }

    #[test]
    fn a_view_is_a_view_in_any_case() {
        for name in ["page_view", "PAGE_VIEW", "pageView", "PageView", "View", "VIEW"] {
            assert!(is_view(name), "{name}");
        }
        for name in ["views", "page-view", "review", "click", ""] {
            assert!(!is_view(name), "{name}");
        }
    }

    #[test]
    fn a_message_without_the_newer_fields_is_read_and_only_set_ones_are_written() {
        let old = r#"{"event_type":"click","path":"/a","timestamp":"1970-01-01T00:00:00Z"}"#;
        let read: Event = serde_json::from_str(old).expect("an event");
        assert_eq!(read, event(Some("/a")));
        assert_eq!(serde_json::to_string(&read).expect("JSON"), old);
        let dimensions = Dimensions::from([(SiteDimension::UtmSource, "news".to_owned())]);
        let seen = Event { dimensions, ..read.clone() };
        let written = serde_json::to_string(&seen).expect("JSON");
        assert!(written.ends_with(r#","dimensions":{"utm_source":"news"}}"#), "{written}");
        assert_eq!(serde_json::from_str::<Event>(&written).ok(), Some(seen));
        let marked = Event { truncated: true, excluded: Some(Exclusion::Bot), ..read };
        let written = serde_json::to_string(&marked).expect("JSON");
        assert!(written.ends_with(r#","truncated":true,"excluded":"bot"}"#), "{written}");
        assert_eq!(serde_json::from_str::<Event>(&written).ok(), Some(marked));
    }

    #[test]
    fn an_event_carries_its_day_only_where_that_is_not_the_day_in_utc() {
        let evening = "2025-05-02T03:30:00Z".parse().expect("an instant");
        let view = Event { timestamp: evening, ..event(Some("/a")) };
        let digest = view.digest(Some(evening));
        let (mut utc, mut local) = (view.clone(), view);
        utc.count_in(TimeZone::default());
        assert_eq!((utc.day, utc.day().to_string().as_str()), (None, "2025-05-02"));
        local.count_in(TimeZone::named("America/New_York").expect("a zone"));
        assert_eq!(local.day().to_string(), "2025-05-01");
        assert_eq!(local.digest(Some(evening)), digest);
        let written = serde_json::to_string(&local).expect("JSON");
        assert!(written.ends_with(r#","day":"2025-05-01"}"#), "{written}");
        assert_eq!(serde_json::from_str::<Event>(&written).ok(), Some(local));
    }

    #[test]
    fn every_reason_is_known_by_its_name() {
        for reason in Exclusion::ALL {
            assert_eq!(Exclusion::named(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_value(reason).ok(), Some(reason.as_str().into()));
        }
        assert_eq!(Exclusion::named("robot"), None);
    }
}
