//! The embedded document store: documents as rows of one SQLite file.

mod documents;
mod encode;
mod error;
mod expiry;
mod ids;
mod layout;
mod migration;
mod rows;
mod schema;
mod select;
mod snapshot;
mod tenants;
#[cfg(test)]
mod values;

pub use self::documents::EmbeddedStore;
pub use self::snapshot::Snapshot;
