//! A record: one thing that a client sent, on its way from the gateway to the store.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use rand::Rng as _;
use thiserror::Error;

use crate::hash;
use crate::tenant::TenantId;

/// Longest record id, in bytes.
pub const MAX_RECORD_ID_BYTES: usize = 128;

/// The bits of a UUID that are fixed: its version and its variant.
const UUID_FIXED: u128 = 0xF000_C000_0000_0000_0000;
/// Their values in a random UUID.
const UUID_V4: u128 = 0x4000_8000_0000_0000_0000;
/// Their values in a UUID that is made in a custom way.
const UUID_V8: u128 = 0x8000_8000_0000_0000_0000;

/// What one message carries: a whole small record, or a part of a large one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which processor handles it.
    pub kind: Kind,
    /// The tenant that it belongs to.
    pub tenant: TenantId,
    /// Its id, unique among the tenant's records of this kind: the same id again is the same
    /// record.
    pub id: RecordId,
    /// The SHA-256 of the whole record's normalized content; the same in every part.
    pub digest: String,
    /// How it came in, such as `json_upload`.
    pub source: String,
    /// When the gateway received it.
    pub received_at: DateTime<Utc>,
    /// Which part of the record this is.
    pub part: Part,
    /// The W3C trace context of the request, if it had one.
    pub traceparent: Option<String>,
    /// The part's content.
    pub data: String,
}

/// The kind of a record, which decides the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Access-log entries, which are counted by window.
    AccessLog,
    /// An event on a site, which is counted.
    Event,
    /// A text log, which costs work for each character.
    Text,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AccessLog, Self::Event, Self::Text];

    /// The name in messages, metrics and subscription filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessLog => "access_log",
            Self::Event => "event",
            Self::Text => "text",
        }
    }
}

/// This version does not know the kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown kind {0:?}")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        match name {
            "access_log" => Ok(Self::AccessLog),
            "event" => Ok(Self::Event),
            "text" => Ok(Self::Text),
            other => Err(UnknownKind(other.to_owned())),
        }
    }
}

/// Part `number` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// 1 to `of`.
    pub number: u32,
    /// How many parts the record has.
    pub of: u32,
}

impl Part {
    /// The only part of a record that is in one piece.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Whether the record has only this part.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }
}

/// A record's id: 1 to 128 of `[A-Za-z0-9._:-]`, but not `.` or `..`, and not beginning with `__`.
/// Every such id is a valid path segment in any store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

/// Why a text is not a valid record id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordIdError {
    /// It is empty.
    #[error("must not be empty")]
    Empty,
    /// It is longer than [`MAX_RECORD_ID_BYTES`].
    #[error("must be at most 128 characters long")]
    TooLong,
    /// It contains a character that is not allowed.
    #[error("must contain only A-Z, a-z, 0-9, '.', '_', ':', '-'")]
    BadCharacter,
    /// Stores reserve this name.
    #[error("must not be '.' or '..' and must not begin with '__'")]
    Reserved,
}

impl RecordId {
    /// Checks `id` and wraps it.
    pub fn parse(id: &str) -> Result<Self, RecordIdError> {
        if id.is_empty() {
            return Err(RecordIdError::Empty);
        }
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b)) {
            return Err(RecordIdError::BadCharacter);
        }
        if id == "." || id == ".." || id.starts_with("__") {
            return Err(RecordIdError::Reserved);
        }
        if id.len() > MAX_RECORD_ID_BYTES {
            return Err(RecordIdError::TooLong);
        }
        Ok(Self(id.to_owned()))
    }

    /// A new id: a random UUID (RFC 9562, version 4). It does not contain the time: ids that grow
    /// with time would all be written to the same range of the store.
    pub fn random() -> Self {
        Self::uuid(rand::rng().random())
    }

    /// The UUID (RFC 9562, version 4) that has these bits where a UUID is random.
    pub fn uuid(bits: u128) -> Self {
        Self::versioned(bits, UUID_V4)
    }

    /// The id of the record at a place of a batch, from 0: a UUID (RFC 9562, version 8) made from
    /// the two, so that the batch sent again has the same records.
    pub fn in_batch(batch: &Self, index: usize) -> Self {
        Self::versioned(hash::short(&["batch", batch.as_str(), &index.to_string()]), UUID_V8)
    }

    fn versioned(bits: u128, version: u128) -> Self {
        let bits = (bits & !UUID_FIXED) | version;
        let hex = hash::hexadecimal(&bits.to_be_bytes());
        let fields = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        Self(fields.join("-"))
    }

    /// The id that an idempotency key stands for: the key itself, without quotes, if it is a valid
    /// id, and its SHA-256 otherwise.
    pub fn from_key(key: &[u8]) -> Self {
        let bare = key.strip_prefix(b"\"").and_then(|k| k.strip_suffix(b"\"")).unwrap_or(key);
        let valid = std::str::from_utf8(bare).ok().and_then(|k| Self::parse(k).ok());
        valid.unwrap_or_else(|| Self(hash::sha256(bare)))
    }

    /// The id as text, as in paths and messages.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_valid() {
        for id in ["123", "a:b", "batch-XXX", "_x", ".hidden", "a..b", &"x".repeat(128)] {
            assert!(RecordId::parse(id).is_ok(), "{id:?}");
        }
    }

    #[test]
    fn hostile_names_are_refused_with_the_reason() {
        let cases = [
            ("", RecordIdError::Empty),
            (".", RecordIdError::Reserved),
            ("..", RecordIdError::Reserved),
            ("__x__", RecordIdError::Reserved),
            ("../beta", RecordIdError::BadCharacter),
            ("a/b", RecordIdError::BadCharacter),
            ("%2e%2e", RecordIdError::BadCharacter),
            ("a\0", RecordIdError::BadCharacter),
            ("１２３", RecordIdError::BadCharacter), // full-width digits
        ];
        for (id, reason) in cases {
            assert_eq!(RecordId::parse(id), Err(reason), "{id:?}");
        }
        assert_eq!(RecordId::parse(&"x".repeat(129)), Err(RecordIdError::TooLong));
    }

    #[test]
    fn a_key_that_is_a_valid_id_is_kept_and_any_other_is_hashed() {
        assert_eq!(RecordId::from_key(b"batch-1").as_str(), "batch-1");
        assert_eq!(RecordId::from_key(b"\"batch-1\"").as_str(), "batch-1");
        assert_eq!(RecordId::from_key(b"../x").as_str(), hash::sha256("../x"));
        assert_eq!(RecordId::from_key(b"\xff").as_str().len(), 64);
    }

    #[test]
    fn random_ids_are_random_uuids_and_differ() {
        let form = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
        let form = regex::Regex::new(form).expect("a pattern");
        let ids: std::collections::BTreeSet<_> = (0..1_000).map(|_| RecordId::random()).collect();
        assert_eq!(RecordId::uuid(0).as_str(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(RecordId::uuid(u128::MAX).as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(ids.len(), 1_000);
        for id in &ids {
            assert!(form.is_match(id.as_str()), "{id}");
            assert_eq!(RecordId::parse(id.as_str()).as_ref(), Ok(id));
        }
    }
    #[test]
    fn each_place_of_a_batch_has_an_id_of_its_own_which_is_always_the_same() {
        let batch = |key: &[u8]| RecordId::from_key(key);
        let first = RecordId::in_batch(&batch(b"a"), 0);
        assert_eq!(first, RecordId::in_batch(&batch(b"a"), 0));
        assert_eq!(RecordId::parse(first.as_str()).as_ref(), Ok(&first));
        assert_eq!((first.as_str().len(), &first.as_str()[14..15]), (36, "8"));
        let others = [(batch(b"a"), 1), (batch(b"b"), 0), (batch(b"a0"), 0), (batch(b"a"), 10)];
        assert!(others.iter().all(|(batch, at)| RecordId::in_batch(batch, *at) != first));
    }
}
