//! What a message looks like that could not be processed: kept, with the reason, so that nothing
//! that was promised is ever simply gone.

use chrono::{DateTime, Utc};

use crate::broker::{Attributes, Message};
use crate::hash;
use crate::message;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::store::{Fields, Value, fields, size};

/// Bytes of a message's data that are kept; its size and SHA-256 always are.
pub const MAX_DATA_BYTES: usize = 256 << 10;

/// Bytes of its attributes that are kept.
const MAX_ATTRIBUTES_BYTES: usize = 256 << 10;

/// Bytes of the reason in words that are kept: it quotes the message.
const MAX_DETAIL_BYTES: usize = 1 << 10;

/// Longest name of a field, in bytes: Firestore's limit.
const MAX_NAME_BYTES: usize = 1_500;

/// Fields of a quarantined message, other than its data.
pub const LISTED: &[&str] =
    &["reason", "detail", "attributes", "data_bytes", "data_sha256", "first_seen", "attempts"];

/// Why a message is in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another record with the same id and other content came first.
    Conflict,
    /// The message is none that this version understands.
    BadMessage,
    /// The store will never take what the message asks for.
    Invalid,
    /// It was delivered too often without success.
    DeadLetter,
}

impl Reason {
    /// The stable name in documents and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::BadMessage => "bad-message",
            Self::Invalid => "invalid",
            Self::DeadLetter => "dead-letter",
        }
    }
}

/// A message and why it is set aside.
#[derive(Clone, Debug)]
pub struct Quarantined<'a> {
    /// The message as it was delivered.
    pub message: &'a Message,
    /// What to keep of its data: all, or less where the unredacted text must not be kept.
    pub data: &'a [u8],
    /// Why.
    pub reason: Reason,
    /// The same in words, for people.
    pub detail: String,
    /// Deliveries so far.
    pub attempts: u32,
    /// Now.
    pub first_seen: DateTime<Utc>,
}

impl Quarantined<'_> {
    /// Where it lies: under its tenant, or outside all where the tenant cannot be read. The same
    /// message again is the same document.
    pub fn path(&self) -> DocumentPath {
        let Message { data, attributes } = self.message;
        let collection = message::tenant(attributes)
            .map_or_else(CollectionPath::stray, |t| CollectionPath::of(&t, Collection::Quarantine));
        let names = [
            message::attribute::TENANT_ID,
            message::attribute::KIND,
            message::attribute::RECORD_ID,
            message::attribute::DIGEST,
            message::attribute::PART,
            message::attribute::PARTS,
        ];
        let mut identity: Vec<&str> =
            names.iter().map(|name| attributes.get(*name).map_or("", String::as_str)).collect();
        let content = hash::sha256(data);
        identity.push(&content);
        collection.hashed(&identity)
    }

    /// The document.
    pub fn fields(&self) -> Fields {
        let Message { data, attributes } = self.message;
        let kept = &self.data[..self.data.len().min(MAX_DATA_BYTES)];
        fields([
            ("reason", self.reason.as_str().into()),
            ("detail", cut(&self.detail, MAX_DETAIL_BYTES).into()),
            ("attributes", storable(attributes)),
            ("data", kept.to_vec().into()),
            ("data_bytes", (data.len() as i64).into()),
            ("data_sha256", hash::sha256(data).into()),
            ("first_seen", self.first_seen.into()),
            ("attempts", self.attempts.into()),
        ])
    }
}

/// The attributes as a map where every store takes it, else as JSON text: what is set aside must
/// not fail for what is wrong with it.
fn storable(attributes: &Attributes) -> Value {
    let is_plain = |name: &String| {
        let is_reserved = name.starts_with("__") && name.ends_with("__");
        (1..=MAX_NAME_BYTES).contains(&name.len()) && !is_reserved
    };
    let map: Fields =
        attributes.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    if attributes.keys().all(is_plain) && size(&map) <= MAX_ATTRIBUTES_BYTES {
        return Value::Map(map);
    }
    cut(&serde_json::json!(attributes).to_string(), MAX_ATTRIBUTES_BYTES).into()
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarantined(message: &Message) -> Quarantined<'_> {
        Quarantined {
            message,
            data: &message.data,
            reason: Reason::Conflict,
            detail: "in words".to_owned(),
            attempts: 1,
            first_seen: DateTime::UNIX_EPOCH,
        }
    }

    fn message(tenant: &str, data: &[u8]) -> Message {
        let attributes = [("tenant_id".to_owned(), tenant.to_owned())].into();
        Message { data: data.to_vec(), attributes }
    }

    #[test]
    fn it_lies_under_its_tenant_and_outside_all_where_that_cannot_be_read() {
        let own = quarantined(&message("acme", b"x")).path().to_string();
        assert!(own.starts_with("tenants/acme/quarantine/"), "{own}");
        let stray = quarantined(&message("../beta", b"x")).path().to_string();
        assert!(stray.starts_with("quarantine/"), "{stray}");
    }

    #[test]
    fn the_same_message_is_the_same_document_and_another_is_another() {
        let path = |data: &[u8]| quarantined(&message("acme", data)).path();
        assert_eq!(path(b"x"), path(b"x"));
        assert_ne!(path(b"x"), path(b"y"));
        let stray = |tenant| quarantined(&message(tenant, b"x")).path();
        assert_ne!(stray("../a"), stray("../b"));
    }

    #[test]
    fn attributes_that_a_store_would_refuse_are_kept_as_text() {
        let large = "ü".repeat(MAX_ATTRIBUTES_BYTES);
        for (name, value) in [("", "a"), ("__x__", "a"), (&large, "a"), ("a", &large)] {
            let mut odd = message("acme", b"x");
            odd.attributes.insert(name.to_owned(), value.to_owned());
            let fields = quarantined(&odd).fields();
            let text = fields["attributes"].as_text().expect(name);
            assert!(text.len() <= MAX_ATTRIBUTES_BYTES && text.starts_with('{'), "{text:.80}");
        }
        let plain = quarantined(&message("acme", b"x")).fields();
        assert_eq!(plain["attributes"], Value::Map(fields([("tenant_id", "acme".into())])));
    }

    #[test]
    fn a_detail_is_cut_between_characters() {
        let detail = "ü".repeat(MAX_DETAIL_BYTES);
        let long = Quarantined { detail, ..quarantined(&message("acme", b"x")) }.fields();
        assert_eq!(long["detail"].as_text().map(str::len), Some(MAX_DETAIL_BYTES));
    }

    #[test]
    fn large_data_are_cut_but_measured_whole() {
        let large = message("acme", &vec![b'x'; MAX_DATA_BYTES + 1]);
        let fields = quarantined(&large).fields();
        assert_eq!(fields["data"].size(), MAX_DATA_BYTES);
        assert_eq!(fields["data_bytes"].as_integer(), Some(MAX_DATA_BYTES as i64 + 1));
    }
}
