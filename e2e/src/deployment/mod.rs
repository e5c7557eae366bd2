//! A running Spillway in either mode, behind one type, so that a promise is tested once.

mod cloud;
mod either;
mod embedded;
mod restart;
mod settings;
mod shared;

pub use self::cloud::{Cloud, CloudError, FIRESTORE_HOST, PUBSUB_HOST};
pub use self::either::Deployment;
pub use self::embedded::Embedded;
pub use self::settings::Settings;
pub use self::shared::{cloud, embedded};
