//! Which messages are the same: told by their attributes, kept as 16 bytes.

use chrono::DateTime;
use common::broker::Attributes;
use common::hash;
use common::message::attribute;

/// What tells a message from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Its record: kind, tenant and name.
    pub(super) record: u128,
    /// The record's content.
    pub(super) digest: u128,
    /// The record, its content, and which part of it.
    pub(super) message: u128,
    /// When it was received, in milliseconds.
    pub(super) received_at: i64,
}

impl Identity {
    /// What is missing counts as empty.
    pub(super) fn of(attributes: &Attributes) -> Self {
        let get = |name| attributes.get(name).map_or("", String::as_str);
        let kind_tenant_id = [attribute::KIND, attribute::TENANT_ID, attribute::RECORD_ID].map(get);
        let received_at = DateTime::parse_from_rfc3339(get(attribute::RECEIVED_AT));
        Self {
            received_at: received_at.map_or(i64::MAX, |time| time.timestamp_millis()),
            ..Self::new(kind_tenant_id, get(attribute::DIGEST), get(attribute::PART))
        }
    }

    /// From kind, tenant and record, the digest, and the part's number.
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
