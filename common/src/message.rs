//! The broker message that carries a record: its data and attributes, version 1.

use std::str::FromStr as _;

use chrono::{DateTime, SecondsFormat, Utc};
use thiserror::Error;

#[cfg(feature = "embedded")]
use crate::broker::embedded::{Flow, Lane};
use crate::broker::{Attributes, Message};
use crate::record::{Kind, Part, Record, RecordId, RecordIdError, UnknownKind};
use crate::tenant::{TenantError, TenantId};

/// The version that this code writes. Workers read this version and earlier ones.
pub const VERSION: &str = "1";

/// The names of the attributes.
pub mod attribute {
    /// The version of the message format.
    pub const VERSION: &str = "v";
    /// The record's kind; subscriptions filter on it.
    pub const KIND: &str = "kind";
    /// The tenant's id.
    pub const TENANT_ID: &str = "tenant_id";
    /// The record's id.
    pub const RECORD_ID: &str = "record_id";
    /// The SHA-256 of the record's normalized content.
    pub const DIGEST: &str = "digest";
    /// How the record came in.
    pub const SOURCE: &str = "source";
    /// When the gateway received the record: RFC 3339 with milliseconds.
    pub const RECEIVED_AT: &str = "received_at";
    /// The part's number, from 1.
    pub const PART: &str = "part";
    /// How many parts the record has.
    pub const PARTS: &str = "parts";
    /// The W3C trace context.
    pub const TRACEPARENT: &str = "traceparent";
    /// When the message was published again from the archive; only on such messages. The archive
    /// does not store them a second time.
    pub const REPLAY: &str = "replay";
}

/// Why a message is not a valid record. Every one of these is permanent.
#[derive(Debug, Error)]
pub enum MessageError {
    /// A required attribute is missing.
    #[error("the attribute {0} is missing")]
    Missing(&'static str),
    /// This code does not know the version.
    #[error("unknown message version {0:?}")]
    UnknownVersion(String),
    /// This code does not know the kind.
    #[error(transparent)]
    UnknownKind(#[from] UnknownKind),
    /// The tenant's id is not valid.
    #[error("tenant_id {0}")]
    Tenant(#[from] TenantError),
    /// The record's id is not valid.
    #[error("record_id {0}")]
    RecordId(#[from] RecordIdError),
    /// The time is not in RFC 3339.
    #[error("received_at is not an RFC 3339 time")]
    ReceivedAt(#[source] chrono::ParseError),
    /// The part's number, or the number of parts, is not valid.
    #[error("there is no part {0:?} of {1:?}")]
    Part(String, String),
    /// The data is not text.
    #[error("the data is not UTF-8")]
    NotText(#[source] std::str::Utf8Error),
}

impl From<Record> for Message {
    fn from(record: Record) -> Self {
        let received_at = record.received_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut attributes: Attributes = [
            (attribute::VERSION, VERSION.to_owned()),
            (attribute::KIND, record.kind.as_str().to_owned()),
            (attribute::TENANT_ID, record.tenant.to_string()),
            (attribute::RECORD_ID, record.id.to_string()),
            (attribute::DIGEST, record.digest),
            (attribute::SOURCE, record.source),
            (attribute::RECEIVED_AT, received_at),
            (attribute::PART, record.part.number.to_string()),
            (attribute::PARTS, record.part.of.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if let Some(traceparent) = record.traceparent {
            attributes.insert(attribute::TRACEPARENT.to_owned(), traceparent);
        }
        Self { data: record.data.into_bytes(), attributes }
    }
}

impl TryFrom<&Message> for Record {
    type Error = MessageError;

    fn try_from(message: &Message) -> Result<Self, MessageError> {
        let get = |name| text(&message.attributes, name);
        let version = get(attribute::VERSION)?;
        if version != VERSION {
            return Err(MessageError::UnknownVersion(version.to_owned()));
        }
        let data = std::str::from_utf8(&message.data).map_err(MessageError::NotText)?;
        Ok(Self {
            kind: Kind::from_str(get(attribute::KIND)?)?,
            tenant: TenantId::parse(get(attribute::TENANT_ID)?)?,
            id: RecordId::parse(get(attribute::RECORD_ID)?)?,
            digest: get(attribute::DIGEST)?.to_owned(),
            source: get(attribute::SOURCE)?.to_owned(),
            received_at: received_at(get(attribute::RECEIVED_AT)?)?,
            part: part(get(attribute::PART)?, get(attribute::PARTS)?)?,
            traceparent: message.attributes.get(attribute::TRACEPARENT).cloned(),
            data: data.to_owned(),
        })
    }
}

/// The tenant in a message's attributes, if it is valid.
pub fn tenant(attributes: &Attributes) -> Option<TenantId> {
    attributes.get(attribute::TENANT_ID).and_then(|id| TenantId::parse(id).ok())
}

/// The lane and tenant of a message in the embedded queue. Texts are slow and access logs take memory, so
/// each have a lane of their own and hold up nothing else.
#[cfg(feature = "embedded")]
pub fn flow(attributes: &Attributes) -> Flow {
    let lane = match attributes.get(attribute::KIND).and_then(|kind| kind.parse().ok()) {
        Some(Kind::Text) => Lane::Slow,
        Some(Kind::AccessLog) => Lane::Bulk,
        Some(Kind::Event) | None => Lane::Fast,
    };
    Flow { lane, tenant: attributes.get(attribute::TENANT_ID).cloned().unwrap_or_default() }
}

fn text<'a>(attributes: &'a Attributes, name: &'static str) -> Result<&'a str, MessageError> {
    attributes.get(name).map(String::as_str).ok_or(MessageError::Missing(name))
}

fn received_at(text: &str) -> Result<DateTime<Utc>, MessageError> {
    let time = DateTime::parse_from_rfc3339(text).map_err(MessageError::ReceivedAt)?;
    Ok(time.with_timezone(&Utc))
}

fn part(number: &str, of: &str) -> Result<Part, MessageError> {
    match (number.parse(), of.parse()) {
        (Ok(number), Ok(of)) if 1 <= number && number <= of => Ok(Part { number, of }),
        _ => Err(MessageError::Part(number.to_owned(), of.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> Record {
        Record {
            kind: Kind::Text,
            tenant: TenantId::parse("acme").expect("a tenant"),
            id: RecordId::parse("123").expect("an id"),
            digest: crate::hash::sha256("hello"),
            source: "text_upload".to_owned(),
            received_at: DateTime::from_timestamp_millis(1_750_000_000_123).expect("a time"),
            part: Part { number: 2, of: 3 },
            traceparent: Some("00-1-2-01".to_owned()),
            data: "hello".to_owned(),
        }
    }

    #[test]
    fn a_record_comes_back_from_its_message() {
        let message = Message::from(record());
        assert_eq!(Record::try_from(&message).expect("a record"), record());
    }

    #[test]
    fn a_missing_attribute_is_named() {
        for name in ["v", "kind", "tenant_id", "record_id", "digest", "received_at", "part"] {
            let mut message = Message::from(record());
            message.attributes.remove(name);
            let error = Record::try_from(&message).expect_err("an incomplete message");
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn a_value_that_is_not_valid_is_refused_with_the_reason() {
        let cases = [
            ("v", "2", "version"),
            ("kind", "video", "kind"),
            ("tenant_id", "../beta", "tenant_id"),
            ("record_id", "a/b", "record_id"),
            ("received_at", "yesterday", "received_at"),
            ("part", "0", "part"),
            ("part", "4", "part"),
            ("parts", "-1", "part"),
        ];
        for (name, value, part_of_reason) in cases {
            let mut message = Message::from(record());
            message.attributes.insert(name.to_owned(), value.to_owned());
            let error = Record::try_from(&message).expect_err(value);
            assert!(error.to_string().contains(part_of_reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_message_panics(data: Vec<u8>, attributes: Attributes) {
            let _ = Record::try_from(&Message { data, attributes });
        }
    }
}
