//! Google Cloud as the deployed programs find it: a metadata server that gives them tokens, and Pub/Sub and
//! Firestore behind TLS, to which they show them. Nothing tells them of an emulator.

mod authority;
mod front;
mod metadata_server;
mod passage;
mod programs;
mod project;
mod push_front;
mod rest;
mod seen;

pub use self::authority::Authority;
pub use self::metadata_server::MetadataServer;
pub use self::passage::{assert_passage, assert_records_pass};
pub use self::programs::Programs;
pub use self::project::Project;
pub use self::seen::Seen;
