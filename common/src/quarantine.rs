//! Messages that could not be processed. They are kept with the reason, so that no accepted record
//! disappears.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::broker::{Attributes, Message};
use crate::hash;
use crate::message;
use crate::path::{Collection, CollectionPath, DocumentPath};
use crate::store::{Fields, Value, fields, size};
use crate::tenant::TenantId;

/// How many bytes of a message's data are kept; its size is kept in any case, and its SHA-256 unless
/// it is redacted.
pub const MAX_DATA_BYTES: usize = 256 << 10;

/// How many bytes of its attributes are kept.
const MAX_ATTRIBUTES_BYTES: usize = 256 << 10;

/// How many bytes of the detail are kept, which may quote the message.
const MAX_DETAIL_BYTES: usize = 1 << 10;

/// Longest name of a field, in bytes: Firestore's limit.
const MAX_NAME_BYTES: usize = 1_500;

/// The fields of a quarantined message except its data.
pub const LISTED: &[&str] =
    &["reason", "detail", "attributes", "data_bytes", "data_sha256", "first_seen", "attempts"];

/// Why a message is in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another record with the same id but other content came first.
    Conflict,
    /// This version does not understand the message.
    BadMessage,
    /// The store will never accept what the message asks for.
    Invalid,
    /// Too many deliveries failed.
    DeadLetter,
    /// It waited for longer than documents are kept.
    TooOld,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Conflict, Self::BadMessage, Self::Invalid, Self::DeadLetter, Self::TooOld];

    /// The name in documents and metrics, which never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::BadMessage => "bad-message",
            Self::Invalid => "invalid",
            Self::DeadLetter => "dead-letter",
            Self::TooOld => "too-old",
        }
    }
}

/// A message and the reason to quarantine it.
#[derive(Clone, Debug)]
pub struct Quarantined<'a> {
    /// The message as it was delivered.
    pub message: &'a Message,
    /// The data to keep: all of it, or the redacted text if the original must not be kept.
    pub data: &'a [u8],
    /// The reason.
    pub reason: Reason,
    /// The reason in words, for people.
    pub detail: String,
    /// How often it was delivered.
    pub attempts: u32,
    /// The current time.
    pub first_seen: DateTime<Utc>,
}

/// A tenant's quarantine.
pub fn collection(tenant: &TenantId) -> CollectionPath {
    CollectionPath::of(tenant, Collection::Quarantine)
}

/// The path of a document that was found in a tenant's quarantine under `id`.
pub fn found(tenant: &TenantId, id: &str) -> DocumentPath {
    collection(tenant).document(id.to_owned())
}

/// The path of a quarantined message: below its tenant, or outside every tenant if it names no
/// valid one. The same message always has the same path. `kept` is its data as it is kept, redacted
/// or not: a hash of the original would make it possible to guess it.
pub fn path(message: &Message, kept: &[u8]) -> DocumentPath {
    let attributes = &message.attributes;
    let collection =
        message::tenant(attributes).map_or_else(CollectionPath::stray, |t| collection(&t));
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
    let content = hash::sha256(kept);
    identity.push(&content);
    collection.hashed(&identity)
}

/// A message that was read back from quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The message, with the data that was kept.
    pub message: Message,
    /// Whether its data was redacted when it was quarantined.
    pub is_redacted: bool,
}

/// Why a message cannot be restored from quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Lost {
    /// Its data was longer than [`MAX_DATA_BYTES`].
    #[error("its data was cut at 256 KiB when it was quarantined")]
    Cut,
    /// There were too many attributes, or this module did not write the document.
    #[error("its attributes or data are incomplete")]
    Incomplete,
}

impl Restored {
    /// Restores the message from the fields of its document.
    pub fn read(fields: &Fields) -> Result<Self, Lost> {
        let attributes = fields.get("attributes").and_then(attributes).ok_or(Lost::Incomplete)?;
        let Some(Value::Bytes(data)) = fields.get("data") else { return Err(Lost::Incomplete) };
        let sum = fields.get("data_sha256").and_then(Value::as_text);
        let is_redacted = sum != Some(&hash::sha256(data));
        if is_redacted && data.len() >= MAX_DATA_BYTES {
            return Err(Lost::Cut);
        }
        Ok(Self { message: Message { data: data.clone(), attributes }, is_redacted })
    }
}

/// Reads the attributes from the field they were written to.
pub fn attributes(value: &Value) -> Option<Attributes> {
    match value {
        Value::Map(labels) => labels
            .iter()
            .map(|(name, value)| Some((name.clone(), value.as_text()?.to_owned())))
            .collect(),
        Value::Text(json) => serde_json::from_str(json).ok(),
        _ => None,
    }
}

impl Quarantined<'_> {
    /// The fields of the document.
    pub fn fields(&self) -> Fields {
        let Message { data, attributes } = self.message;
        let kept = &self.data[..self.data.len().min(MAX_DATA_BYTES)];
        let is_redacted = *self.data != **data;
        let mut fields = fields([
            ("reason", self.reason.as_str().into()),
            ("detail", cut(&self.detail, MAX_DETAIL_BYTES).into()),
            ("attributes", storable(attributes)),
            ("data", kept.to_vec().into()),
            ("data_bytes", (data.len() as i64).into()),
            ("first_seen", self.first_seen.into()),
            ("attempts", self.attempts.into()),
        ]);
        // For redacted data, it would make it possible to guess what was there.
        let sum = (!is_redacted).then(|| hash::sha256(data).into());
        fields.extend(sum.map(|sum| ("data_sha256".to_owned(), sum)));
        fields
    }
}

/// The attributes as a map if every store accepts it, or else as JSON text: whatever is wrong with
/// a message, it can be quarantined.
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

    fn path_of(message: &Message) -> DocumentPath {
        path(message, &message.data)
    }

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
    fn a_message_without_a_valid_tenant_is_kept_outside_every_tenant() {
        let own = path_of(&message("acme", b"x")).to_string();
        assert!(own.starts_with("tenants/acme/quarantine/"), "{own}");
        let stray = path_of(&message("../beta", b"x")).to_string();
        assert!(stray.starts_with("quarantine/"), "{stray}");
    }

    #[test]
    fn only_the_same_message_has_the_same_document() {
        let of = |data: &[u8]| path_of(&message("acme", data));
        assert_eq!(of(b"x"), of(b"x"));
        assert_ne!(of(b"x"), of(b"y"));
        let stray = |tenant| path_of(&message(tenant, b"x"));
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
    fn a_message_is_restored_unless_something_was_cut() {
        let plain = message("acme", b"\xff");
        let restored = Restored { message: plain.clone(), is_redacted: false };
        assert_eq!(Restored::read(&quarantined(&plain).fields()), Ok(restored));
        let mut odd = plain.clone();
        odd.attributes.insert("__x__".to_owned(), "a".to_owned());
        let fields = quarantined(&odd).fields();
        assert_eq!(Restored::read(&fields).expect("a message").message, odd);
        odd.attributes.insert("y".to_owned(), "x".repeat(MAX_ATTRIBUTES_BYTES));
        assert_eq!(Restored::read(&quarantined(&odd).fields()), Err(Lost::Incomplete));
        let full = message("acme", &[b'x'; MAX_DATA_BYTES]);
        assert!(Restored::read(&quarantined(&full).fields()).is_ok());
        let large = message("acme", &[b'x'; MAX_DATA_BYTES + 1]);
        assert_eq!(Restored::read(&quarantined(&large).fields()), Err(Lost::Cut));
        assert_eq!(Restored::read(&Fields::new()), Err(Lost::Incomplete));
    }

    #[test]
    fn redacted_data_is_recognized() {
        let whole = message("acme", b"call 555-0199");
        let redacted = Quarantined { data: b"call [REDACTED]", ..quarantined(&whole) }.fields();
        let restored = Restored::read(&redacted).expect("a message");
        assert_eq!(
            (&*restored.message.data, restored.is_redacted),
            (&b"call [REDACTED]"[..], true)
        );
    }

    #[test]
    fn a_detail_is_cut_between_characters() {
        let detail = "ü".repeat(MAX_DETAIL_BYTES);
        let long = Quarantined { detail, ..quarantined(&message("acme", b"x")) }.fields();
        assert_eq!(long["detail"].as_text().map(str::len), Some(MAX_DETAIL_BYTES));
    }

    #[test]
    fn large_data_is_cut_but_its_full_size_is_kept() {
        let large = message("acme", &vec![b'x'; MAX_DATA_BYTES + 1]);
        let fields = quarantined(&large).fields();
        assert_eq!(fields["data"].size(), MAX_DATA_BYTES);
        assert_eq!(fields["data_bytes"].as_integer(), Some(MAX_DATA_BYTES as i64 + 1));
    }
}
