//! Settings that several programs share. Each has the same names everywhere, as an environment
//! variable and as an option, and a default that works.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args, ValueEnum};

#[cfg(feature = "gcp")]
use crate::broker::{PublishError, pubsub::PubsubBroker};
#[cfg(feature = "gcp")]
use crate::store::firestore::FirestoreStore;
use crate::text::segment::MAX_CHARACTERS;

/// Longest work on one message, in seconds: the longest ack deadline is 600 s.
pub const MAX_WORK_SECONDS: f64 = 540.0;

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
    /// One JSON object on each line, for Google Cloud Logging.
    Stackdriver,
}

/// What the worker does with a record.
#[derive(Args, Clone, Debug)]
pub struct WorkArgs {
    /// The simulated heavy work on a text, in seconds a character.
    #[arg(long, env = "WORK_SECONDS_PER_CHAR", default_value = "0.05",
        value_parser = seconds_per_character)]
    pub work_seconds_per_char: f64,

    /// Whether the unredacted text is stored (and quarantined) too.
    #[arg(long, env = "STORE_ORIGINAL", default_value_t = true, action = ArgAction::Set)]
    pub store_original: bool,

    /// Over how many documents a count is spread that is only ever summed: more of them take more
    /// writes a second on Firestore.
    #[arg(long, env = "ROLLUP_SHARDS", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rollup_shards: u32,

    /// Days after which stored records expire, at least 32 [default: never].
    #[arg(long, env = "RETENTION_DAYS", value_parser = clap::value_parser!(u32).range(32..=36_500))]
    pub retention_days: Option<u32>,

    /// Least time between the beginnings of two commits, in milliseconds [default: 250 on
    /// Firestore, 0 embedded].
    #[arg(long, env = "COMMIT_INTERVAL_MS")]
    pub commit_interval_ms: Option<u64>,
}

impl WorkArgs {
    /// The least time between the beginnings of two commits, where `default` is the store's own.
    pub fn commit_interval(&self, default: Duration) -> Duration {
        self.commit_interval_ms.map_or(default, Duration::from_millis)
    }
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
        PubsubBroker::connect(project, &self.pubsub_topic, emulator).await
    }

    /// The database of `project`. Does not connect yet.
    pub fn store(&self, project: &str) -> FirestoreStore {
        let emulator = self.firestore_emulator_host.as_deref();
        FirestoreStore::new(project, &self.firestore_database, emulator)
    }
}

fn seconds_per_character(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds".to_owned())?;
    let most = MAX_WORK_SECONDS / MAX_CHARACTERS as f64;
    if (0.0..=most).contains(&seconds) {
        return Ok(seconds);
    }
    Err(format!(
        "must be between 0 and {most}: a part of {MAX_CHARACTERS} characters has to end in \
         {MAX_WORK_SECONDS} s, before its delivery times out"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_outlasts_its_delivery_is_refused() {
        assert_eq!(seconds_per_character("0.05"), Ok(0.05));
        assert_eq!(seconds_per_character("0"), Ok(0.0));
        for bad in ["0.136", "-1", "NaN", "inf", "fast"] {
            assert!(seconds_per_character(bad).is_err(), "{bad}");
        }
    }
}
