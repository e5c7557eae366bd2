//! The port to the document store: the part of Firestore that Spillway needs, and no more.

#[cfg(any(feature = "embedded", feature = "gcp"))]
mod check;
mod commit_limits;
mod document;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "gcp")]
pub mod firestore;
pub mod index;
pub mod patience;
mod port;
mod query;
mod scan;
mod value;
mod write;

pub use self::commit_limits::CommitLimits;
pub use self::document::{Document, MAX_DOCUMENT_BYTES, Version};
pub use self::port::{DocumentStore, StoreError};
pub use self::query::{Aggregation, Direction, Filter, Op, Order, Query};
pub use self::scan::scan;
pub use self::value::{Fields, Value, fields, size};
pub use self::write::{Amounts, Write};
