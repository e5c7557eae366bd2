//! Settings that several programs share. Each has the same names everywhere, as an environment
//! variable and as an option, and a default that works.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

#[cfg(feature = "gcp")]
use crate::broker::{PublishError, pubsub::PubsubBroker};
use crate::google_address;
#[cfg(feature = "gcp")]
use crate::google_address::GoogleAddress;
#[cfg(feature = "gcp")]
use crate::store::firestore::FirestoreStore;

/// The logging of a program.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// The format of logs on stderr [default: pretty on a terminal, otherwise stackdriver].
    #[arg(long, env = "LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Coloured text for people.
    Pretty,
    /// One JSON object per line, for Google Cloud Logging.
    Stackdriver,
}

/// A deployment on Google Cloud.
#[derive(Args, Clone, Debug)]
pub struct GoogleArgs {
    /// The project of the topic and the database.
    #[arg(long, env = "GOOGLE_CLOUD_PROJECT")]
    pub google_cloud_project: String,

    /// The services of the project.
    #[command(flatten)]
    pub services: GoogleServices,
}

/// The services of a project.
#[derive(Args, Clone, Debug)]
pub struct GoogleServices {
    /// The topic that records are published to.
    #[arg(long, env = "PUBSUB_TOPIC", default_value = "spillway")]
    pub pubsub_topic: String,

    /// The Firestore database.
    #[arg(long, env = "FIRESTORE_DATABASE", default_value = "(default)")]
    pub firestore_database: String,

    /// The URL of Pub/Sub; change it for a regional or private endpoint.
    #[arg(long, env = "PUBSUB_ENDPOINT", default_value = "https://pubsub.googleapis.com",
        value_parser = google_address::endpoint)]
    pub pubsub_endpoint: String,

    /// The URL of Firestore; change it for a private endpoint.
    #[arg(long, env = "FIRESTORE_ENDPOINT", default_value = "https://firestore.googleapis.com",
        value_parser = google_address::endpoint)]
    pub firestore_endpoint: String,

    /// `host:port` of a Pub/Sub emulator to use instead of the service.
    #[arg(long, env = "PUBSUB_EMULATOR_HOST", value_parser = NonEmptyStringValueParser::new())]
    pub pubsub_emulator_host: Option<String>,

    /// `host:port` of a Firestore emulator to use instead of the service.
    #[arg(long, env = "FIRESTORE_EMULATOR_HOST", value_parser = NonEmptyStringValueParser::new())]
    pub firestore_emulator_host: Option<String>,
}

#[cfg(feature = "gcp")]
impl GoogleServices {
    /// The topic of `project`. Does not connect yet.
    pub async fn broker(&self, project: &str) -> Result<PubsubBroker, PublishError> {
        let emulator = self.pubsub_emulator_host.as_deref();
        let address = GoogleAddress::of(emulator, &self.pubsub_endpoint);
        PubsubBroker::connect(project, &self.pubsub_topic, &address).await
    }

    /// The database of `project`. Does not connect yet.
    pub fn store(&self, project: &str) -> FirestoreStore {
        let emulator = self.firestore_emulator_host.as_deref();
        let address = GoogleAddress::of(emulator, &self.firestore_endpoint);
        FirestoreStore::new(project, &self.firestore_database, address)
    }
}
