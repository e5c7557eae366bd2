//! The values of a document's fields.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// A document's fields by name.
pub type Fields = BTreeMap<String, Value>;

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Double(f64),
    /// A text.
    Text(String),
    /// Bytes, which may not be text.
    Bytes(Vec<u8>),
    /// A time, kept to the microsecond.
    Timestamp(DateTime<Utc>),
    /// Values by name.
    Map(Fields),
}

impl Value {
    /// The text, if the value is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if the value is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The time, if the value is one.
    pub fn as_timestamp(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Timestamp(instant) => Some(*instant),
            _ => None,
        }
    }

    /// The value's size in a document, in bytes as Firestore counts them.
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 1,
            Self::Integer(_) | Self::Double(_) | Self::Timestamp(_) => 8,
            Self::Text(text) => text.len() + 1,
            Self::Bytes(bytes) => bytes.len(),
            Self::Map(fields) => size(fields),
        }
    }
}

/// The size of `fields` in a document, in bytes as Firestore counts them.
pub fn size(fields: &Fields) -> usize {
    fields.iter().map(|(name, value)| name.len() + 1 + value.size()).sum()
}

macro_rules! value_from {
    ($($from:ty => $variant:ident),*) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}
value_from!(&str => Text, String => Text, bool => Bool, i64 => Integer, u32 => Integer,
    Vec<u8> => Bytes, DateTime<Utc> => Timestamp, Fields => Map);

/// Makes fields from pairs of name and value.
pub fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Fields {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
