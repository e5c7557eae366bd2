//! One delivery of one message: which processor takes it, and what the broker is told.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use common::broker::Message;
use common::config::WorkArgs;
use common::keep::Keep;
use common::message::MessageError;
use common::metrics::DELIVERED;
use common::program::chain;
use common::quarantine::Reason;
use common::record::{Kind, Record};
use common::store::{DocumentStore, StoreError};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::committer::{CommitError, Committer, Outcome};
use crate::processors::{access_log, event, text};
use crate::quarantine::{Sentence, quarantine};

/// How the worker works.
#[derive(Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// The simulated work on a text, for each character.
    pub work_per_character: Duration,
    /// What is kept of a record.
    pub keep: Keep,
    /// Over how many documents a count is spread that is only ever summed.
    pub rollup_shards: u32,
    /// Least time between the beginnings of two commits.
    pub commit_interval: Duration,
}

impl WorkerSettings {
    /// From the command line, on a store whose commits should begin `commit_interval` apart.
    pub fn new(args: &WorkArgs, commit_interval: Duration) -> Self {
        Self {
            work_per_character: Duration::from_secs_f64(args.work_seconds_per_char),
            keep: Keep { original: args.store_original, days: args.retention_days },
            rollup_shards: args.rollup_shards,
            commit_interval: args.commit_interval(commit_interval),
        }
    }
}

/// What the broker is to do with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Forget it: it is stored, or in quarantine.
    Acknowledge,
    /// Deliver it again, later: something failed.
    Retry,
    /// Deliver it again, to somebody else: this worker is about to end.
    Release,
}

/// Why a message is not stored.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// It is no record. Permanent: quarantine it.
    #[error(transparent)]
    BadMessage(#[from] MessageError),
    /// Its data are not what its kind says. Permanent: quarantine it.
    #[error("the data are not what the kind says")]
    BadData(#[from] serde_json::Error),
    /// The store did not take it.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The worker is about to end. Nothing was done: give the message back.
    #[error("the worker is stopping")]
    Stopping,
}

impl From<StoreError> for ProcessError {
    fn from(error: StoreError) -> Self {
        Self::Commit(CommitError::Store(Arc::new(error)))
    }
}

impl ProcessError {
    /// The reason to quarantine the message, where trying again cannot help.
    fn reason(&self) -> Option<Reason> {
        match self {
            Self::BadMessage(_) | Self::BadData(_) => Some(Reason::BadMessage),
            Self::Commit(CommitError::Store(error)) => match **error {
                StoreError::Invalid(_) => Some(Reason::Invalid),
                _ => None,
            },
            Self::Commit(CommitError::Stopped) | Self::Stopping => None,
        }
    }
}

/// Takes messages, one delivery at a time, any number at once.
pub struct Worker {
    pub(crate) store: Arc<dyn DocumentStore>,
    pub(crate) committer: Committer,
    pub(crate) settings: WorkerSettings,
    pub(crate) stopping: CancellationToken,
}

impl Worker {
    /// A worker on `store`. Has to be called inside a tokio runtime.
    pub fn new(store: Arc<dyn DocumentStore>, settings: WorkerSettings) -> Self {
        let committer = Committer::start(Arc::clone(&store), settings.commit_interval);
        Self { store, committer, settings, stopping: CancellationToken::new() }
    }

    /// Where a unit that is made now adds to counts that are spread. All that is in a commit adds to
    /// the same place, but for a few at its edge, and the next commit's to another one: so each
    /// document is written as much less often as there are shards.
    pub(crate) fn shard(&self) -> u32 {
        self.committer.turn() % self.settings.rollup_shards.max(1)
    }

    /// Ends the work on texts at once: their messages are given back. Commits go on to their end.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Processes the message. Returns when its effects are stored, or will not be. `attempts`
    /// counts the deliveries before this one.
    pub async fn deliver(&self, message: &Message, attempts: u32) -> Disposition {
        let processed = match Record::try_from(message) {
            Ok(record) => self.process(&record).await,
            Err(error) => Err(error.into()),
        };
        let (disposition, outcome) = self.conclude(message, attempts, processed).await;
        let kind = message.attributes.get("kind").and_then(|kind| kind.parse::<Kind>().ok());
        let kind = kind.map_or("unknown", Kind::as_str);
        DELIVERED.with_label_values(&[kind, outcome]).inc();
        disposition
    }

    /// Quarantines what was delivered and is no message, for the reason that `detail` gives.
    pub async fn refuse(&self, message: &Message, detail: String) -> Disposition {
        let reason = Reason::BadMessage;
        let sentence = Sentence { reason, detail, attempts: 1 };
        let (disposition, outcome) = self.set_aside(message, sentence, reason.as_str()).await;
        DELIVERED.with_label_values(&["unknown", outcome]).inc();
        disposition
    }

    pub(crate) async fn process(&self, record: &Record) -> Result<Outcome, ProcessError> {
        if self.is_expired(record) {
            return Ok(Outcome::Expired);
        }
        match record.kind {
            Kind::AccessLog => access_log::process(self, record).await,
            Kind::Event => event::process(self, record).await,
            Kind::Text => text::process(self, record).await,
        }
    }

    pub(crate) async fn conclude(
        &self,
        message: &Message,
        attempts: u32,
        processed: Result<Outcome, ProcessError>,
    ) -> (Disposition, &'static str) {
        let error = match processed {
            Ok(Outcome::Stored) => return (Disposition::Acknowledge, "stored"),
            Ok(Outcome::Duplicate) => return (Disposition::Acknowledge, "duplicate"),
            Ok(Outcome::Expired) => return (Disposition::Acknowledge, "expired"),
            Ok(Outcome::Conflict) => {
                let detail = "another record with this id and other content came first".to_owned();
                let attempts = attempts + 1;
                let sentence = Sentence { reason: Reason::Conflict, detail, attempts };
                return self.set_aside(message, sentence, "conflict").await;
            }
            Err(ProcessError::Stopping) => return (Disposition::Release, "released"),
            Err(error) => error,
        };
        if let Some(reason) = error.reason() {
            let sentence = Sentence { reason, detail: chain(&error), attempts: attempts + 1 };
            return self.set_aside(message, sentence, reason.as_str()).await;
        }
        tracing::warn!(error = chain(&error), attempts, "a delivery failed");
        (Disposition::Retry, "failed")
    }

    pub(crate) async fn set_aside(
        &self,
        message: &Message,
        sentence: Sentence,
        outcome: &'static str,
    ) -> (Disposition, &'static str) {
        match quarantine(&*self.store, &self.settings, message, sentence).await {
            Ok(()) => (Disposition::Acknowledge, outcome),
            Err(error) => {
                tracing::warn!(error = chain(&error), "a message could not be quarantined");
                (Disposition::Retry, "failed")
            }
        }
    }

    /// Whether the record came so long ago that a replay of it might be counted twice, since what
    /// it stored may have expired.
    fn is_expired(&self, record: &Record) -> bool {
        let expire_at = self.settings.keep.expire_at(record.received_at);
        expire_at.is_some_and(|at| at - chrono::Duration::days(1) < Utc::now())
    }
}
