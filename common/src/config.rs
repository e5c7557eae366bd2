//! Settings that several programs share: each has a default that works, the same name everywhere,
//! as an environment variable and as an option.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

#[cfg(feature = "gcp")]
use crate::broker::{PublishError, pubsub::PubsubBroker};
#[cfg(feature = "gcp")]
use crate::store::firestore::FirestoreStore;

/// How a program logs.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// How logs are written to stderr [default: pretty on a terminal, else stackdriver].
    #[arg(long, env = "LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
}

/// How a line of log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Coloured text for people.
    Pretty,
    /// One JSON object a line, as Google Cloud's logging reads it.
    Stackdriver,
}

/// A deployment on Google Cloud.
#[derive(Args, Clone, Debug)]
pub struct GoogleArgs {
    /// The project that topic and database belong to.
    #[arg(long, env = "GOOGLE_CLOUD_PROJECT")]
    pub google_cloud_project: String,

    /// What it has there.
    #[command(flatten)]
    pub services: GoogleServices,
}

/// Where the services of a project are.
#[derive(Args, Clone, Debug)]
pub struct GoogleServices {
    /// The topic that records are published to.
    #[arg(long, env = "PUBSUB_TOPIC", default_value = "spillway")]
    pub pubsub_topic: String,

    /// The Firestore database.
    #[arg(long, env = "FIRESTORE_DATABASE", default_value = "(default)")]
    pub firestore_database: String,

    /// `host:port` of a Pub/Sub emulator, in place of the service.
    #[arg(long, env = "PUBSUB_EMULATOR_HOST", value_parser = NonEmptyStringValueParser::new())]
    pub pubsub_emulator_host: Option<String>,

    /// `host:port` of a Firestore emulator, in place of the service.
    #[arg(long, env = "FIRESTORE_EMULATOR_HOST", value_parser = NonEmptyStringValueParser::new())]
    pub firestore_emulator_host: Option<String>,
}

#[cfg(feature = "gcp")]
impl GoogleServices {
    /// The topic of `project`. Reaches for no network yet.
    pub async fn broker(&self, project: &str) -> Result<PubsubBroker, PublishError> {
        let emulator = self.pubsub_emulator_host.as_deref();
        PubsubBroker::connect(project, &self.pubsub_topic, emulator).await
    }

    /// The database of `project`. Reaches for no network yet.
    pub fn store(&self, project: &str) -> FirestoreStore {
        let emulator = self.firestore_emulator_host.as_deref();
        FirestoreStore::new(project, &self.firestore_database, emulator)
    }
}
