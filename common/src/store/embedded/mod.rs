//! The embedded document store: documents as JSON in one SQLite file.

mod documents;
mod encode;
mod error;
mod rows;
mod schema;
mod select;
mod snapshot;
mod tenants;

pub use self::documents::EmbeddedStore;
pub use self::snapshot::Snapshot;
