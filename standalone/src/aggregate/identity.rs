//! What makes two messages the same: hashes of their attributes, 16 bytes each.

use chrono::DateTime;
use common::broker::Attributes;
use common::hash;
use common::message::attribute;

/// What identifies a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Its record: kind, tenant and id.
    pub(super) record: u128,
    /// The record's content.
    pub(super) digest: u128,
    /// The record, its content and the part's number.
    pub(super) message: u128,
    /// When it was received, in milliseconds since 1970.
    pub(super) received_at: i64,
}

impl Identity {
    /// Reads the identity from attributes; a missing one counts as empty.
    pub(super) fn of(attributes: &Attributes) -> Self {
        let get = |name| attributes.get(name).map_or("", String::as_str);
        let kind_tenant_id = [attribute::KIND, attribute::TENANT_ID, attribute::RECORD_ID].map(get);
        let received_at = DateTime::parse_from_rfc3339(get(attribute::RECEIVED_AT));
        Self {
            received_at: received_at.map_or(i64::MAX, |time| time.timestamp_millis()),
            ..Self::new(kind_tenant_id, get(attribute::DIGEST), get(attribute::PART))
        }
    }

    /// The identity of a part of the record with this kind, tenant and id.
    pub(super) fn new(kind_tenant_id: [&str; 3], digest: &str, part: &str) -> Self {
        let [kind, tenant, id] = kind_tenant_id;
        Self {
            record: hash::short(&kind_tenant_id),
            digest: hash::short(&[digest]),
            message: hash::short(&[kind, tenant, id, digest, part]),
            received_at: 0,
        }
    }
}
