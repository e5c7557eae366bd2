//! The port to the document store: the part of Firestore that Spillway needs, and no more.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use thiserror::Error;

use crate::broker::Cause;
use crate::path::{CollectionPath, DocumentPath};

#[cfg(feature = "embedded")]
mod check;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "gcp")]
pub mod firestore;
pub mod index;
mod scan;

pub use self::scan::scan;

/// A document's fields by name.
pub type Fields = BTreeMap<String, Value>;

/// Largest document, in bytes: Firestore's limit, kept by every adapter.
pub const MAX_DOCUMENT_BYTES: usize = 1_048_576;

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number that need not be whole.
    Double(f64),
    /// A text.
    Text(String),
    /// Bytes that need not be text.
    Bytes(Vec<u8>),
    /// An instant; stores keep microseconds.
    Timestamp(DateTime<Utc>),
    /// Values by name.
    Map(Fields),
}

impl Value {
    /// The text, where the value is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, where the value is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// Bytes that the value takes in a document, as Firestore counts them.
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

/// Bytes that `fields` take in a document, as Firestore counts them.
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

/// Fields from pairs of name and value.
pub fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Fields {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A document as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its id in its collection.
    pub id: String,
    /// Its fields.
    pub fields: Fields,
}

/// One write of a commit. A commit names each document once at most.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Creates the document; the commit fails when it exists.
    Create {
        /// Where it lies.
        path: DocumentPath,
        /// All its fields.
        fields: Fields,
    },
    /// Sets `fields`, leaves others as they are, and makes the document where it is missing.
    Upsert {
        /// Where it lies.
        path: DocumentPath,
        /// The fields to set.
        fields: Fields,
    },
    /// As [`Write::Upsert`], and adds to whole numbers; a missing one counts as zero.
    Increment {
        /// Where it lies.
        path: DocumentPath,
        /// The fields to set.
        fields: Fields,
        /// What to add, by field.
        by: BTreeMap<String, i64>,
    },
    /// Removes the document; no error when it is missing.
    Delete {
        /// Where it lies.
        path: DocumentPath,
    },
}

impl Write {
    /// The document that is written.
    pub fn path(&self) -> &DocumentPath {
        match self {
            Self::Create { path, .. }
            | Self::Upsert { path, .. }
            | Self::Increment { path, .. }
            | Self::Delete { path } => path,
        }
    }

    /// Bytes of the document's path and fields, the measure of a commit's bound.
    pub fn size(&self) -> usize {
        let path = self.path().to_string().len();
        match self {
            Self::Create { fields, .. } | Self::Upsert { fields, .. } => path + size(fields),
            Self::Increment { fields, by, .. } => {
                path + size(fields) + by.keys().map(|name| name.len() + 9).sum::<usize>()
            }
            Self::Delete { .. } => path,
        }
    }
}

/// Which documents of a collection, in which order.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Where to look; subcollections are others.
    pub collection: CollectionPath,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// The order, most significant first. A field with a range filter ([`Op::AtLeast`],
    /// [`Op::Less`]) that is not named here comes after those that are, ascending; the id decides
    /// last, ascending.
    pub order: Vec<Order>,
    /// At most so many documents.
    pub limit: Option<u32>,
    /// Only documents whose id is greater; for queries without `order` and range filters.
    pub after: Option<String>,
    /// Only these fields, where set; all, where not.
    pub select: Option<&'static [&'static str]>,
}

impl Query {
    /// All of a collection, by id.
    pub fn all(collection: CollectionPath) -> Self {
        Self {
            collection,
            filters: Vec::new(),
            order: Vec::new(),
            limit: None,
            after: None,
            select: None,
        }
    }

    /// With one more condition.
    pub fn filter(mut self, field: &'static str, op: Op, value: impl Into<Value>) -> Self {
        self.filters.push(Filter { field, op, value: value.into() });
        self
    }

    /// With one more, less significant, key of the order.
    pub fn order_by(mut self, field: &'static str, direction: Direction) -> Self {
        self.order.push(Order { field, direction });
        self
    }

    /// At most `limit` documents.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Only documents whose id is greater than `id`.
    pub fn after(mut self, id: Option<String>) -> Self {
        self.after = id;
        self
    }

    /// Only these fields.
    pub fn select(mut self, fields: &'static [&'static str]) -> Self {
        self.select = Some(fields);
        self
    }
}

/// A condition on a field. A document without the field, or with a value of another type, does
/// not meet it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The field's name.
    pub field: &'static str,
    /// How it is compared.
    pub op: Op,
    /// With what.
    pub value: Value,
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Equal.
    Equal,
    /// At least.
    AtLeast,
    /// Less than.
    Less,
}

/// One key of an order. A document without the field is not in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field's name.
    pub field: &'static str,
    /// Which end comes first.
    pub direction: Direction,
}

/// Which end of an order comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// A figure over all documents that a query selects, computed by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// How many there are.
    Count,
    /// The sum of a whole-number field; documents without it add nothing.
    Sum(&'static str),
}

/// Keeps documents by path.
#[async_trait]
pub trait DocumentStore: Send + Sync {
    /// Makes all of `writes`, or none.
    async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError>;

    /// The documents at `paths`, by position; `None` where there is none.
    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError>;

    /// The documents that `query` selects, in its order.
    async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError>;

    /// One figure per aggregation, by position, over what `query` selects.
    async fn aggregate(
        &self,
        query: &Query,
        aggregations: &[Aggregation],
    ) -> Result<Vec<i64>, StoreError>;

    /// Whether the store answers now; writes nothing.
    async fn probe(&self) -> Result<(), StoreError>;
}

/// Why the store did not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A document to be created exists. Nothing was written. Read the documents to learn which.
    #[error("a document to be created exists already")]
    AlreadyExists,
    /// The store did not answer, or said no for now; what was to be written may be written.
    /// Passing: do it again.
    #[error("the store cannot be reached, or is busy")]
    Passing(#[source] Cause),
    /// The request itself cannot be carried out, now or ever. Nothing was written.
    #[error("the store refused the request")]
    Invalid(#[source] Cause),
    /// The deployment is wrong: no permission, no such database, a missing index. Nothing was
    /// written. Wait for the operator; lose nothing meanwhile.
    #[error("the store is not set up for this")]
    Deployment(#[source] Cause),
}
