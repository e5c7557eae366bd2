//! A record: one thing that a client sent, with the name, the content and the parts it has on its
//! way from the gateway to the store.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use rand::Rng as _;
use thiserror::Error;

use crate::hash;
use crate::tenant::TenantId;

/// Longest record id, in bytes.
pub const MAX_RECORD_ID_BYTES: usize = 128;

/// One message's worth of a record: the whole of a small one, a part of a large one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the worker has to do with it.
    pub kind: Kind,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name among the tenant's records of its kind; the same name twice is the same record.
    pub id: RecordId,
    /// SHA-256 of the whole record's normalized content, the same in each of its parts.
    pub digest: String,
    /// The front door it came through, such as `json_upload`.
    pub source: String,
    /// When the gateway took it.
    pub received_at: DateTime<Utc>,
    /// Which part of the record this is.
    pub part: Part,
    /// The W3C trace context of the request, where it had one.
    pub traceparent: Option<String>,
    /// The part's content.
    pub data: String,
}

/// What kind of record a message carries: which processor takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Entries of an access log: counted by window.
    AccessLog,
    /// An event of a site: counted.
    Event,
    /// A text log: slow work for each character.
    Text,
}

impl Kind {
    /// The name in messages, metrics and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessLog => "access_log",
            Self::Event => "event",
            Self::Text => "text",
        }
    }
}

/// The kind is none that this version knows.
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

/// Part `number` of `of`, both counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// 1 to `of`.
    pub number: u32,
    /// How many parts the record has.
    pub of: u32,
}

impl Part {
    /// The only part of a record that was not cut.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Whether the record has no other part.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }
}

/// A record's id: 1 to 128 of `[A-Za-z0-9._:-]` and `_`, neither `.` nor `..`, not beginning with
/// `__`, so that it is one segment of a path in any store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

/// Why a text is no record id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordIdError {
    /// There is no character in it.
    #[error("must not be empty")]
    Empty,
    /// It is longer than [`MAX_RECORD_ID_BYTES`].
    #[error("must have at most 128 characters")]
    TooLong,
    /// It has a character outside the alphabet.
    #[error("must have only characters of A-Z, a-z, 0-9, '.', '_', ':', '-'")]
    BadCharacter,
    /// It is a name that stores keep for themselves.
    #[error("must not be '.' or '..' and must not begin with '__'")]
    Reserved,
}

impl RecordId {
    /// Takes `id` when it has the form of a record id.
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

    /// A new id of 128 random bits. It has no time in it: ids that grow with time would all be
    /// written to one corner of the store.
    pub fn random() -> Self {
        Self(format!("{:032x}", rand::rng().random::<u128>()))
    }

    /// The id that an idempotency key names: the key itself, without quotes around it, where it
    /// has the form of an id, else its SHA-256.
    pub fn from_key(key: &[u8]) -> Self {
        let bare = key.strip_prefix(b"\"").and_then(|k| k.strip_suffix(b"\"")).unwrap_or(key);
        let as_it_is = std::str::from_utf8(bare).ok().and_then(|k| Self::parse(k).ok());
        as_it_is.unwrap_or_else(|| Self(hash::sha256(bare)))
    }

    /// The id as it stands in paths and messages.
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
    fn ordinary_names_are_record_ids() {
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
    fn a_key_of_the_right_form_is_the_id_and_any_other_is_hashed() {
        assert_eq!(RecordId::from_key(b"batch-1").as_str(), "batch-1");
        assert_eq!(RecordId::from_key(b"\"batch-1\"").as_str(), "batch-1");
        assert_eq!(RecordId::from_key(b"../x").as_str(), hash::sha256("../x"));
        assert_eq!(RecordId::from_key(b"\xff").as_str().len(), 64);
    }

    #[test]
    fn made_ids_are_valid_and_differ() {
        let (one, other) = (RecordId::random(), RecordId::random());
        assert!(RecordId::parse(one.as_str()).is_ok());
        assert_ne!(one, other);
    }
}
