//! The private half of Spillway: takes one message, does its work, commits, and only then says
//! that it is done. On Google Cloud, messages arrive as pushes over HTTP; in the embedded mode,
//! they come from the queue. Both end in [`Worker::deliver`].

#[cfg(feature = "gcp")]
pub mod app;
#[cfg(feature = "gcp")]
pub mod auth;
pub mod committer;
mod context;
mod counters;
mod delivery;
pub mod outcome;
mod processors;
#[cfg(feature = "gcp")]
pub mod push;
mod quarantine;
mod settings;

pub use delivery::Worker;
pub use outcome::Disposition;
pub use settings::WorkerSettings;
