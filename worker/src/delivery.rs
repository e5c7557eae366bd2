//! One delivery of one message: process it, quarantine it if that cannot succeed, and tell the
//! broker what to do. A dead letter has been delivered too often without success: it is looked up
//! first, tried once more, and quarantined if that fails too.

use std::sync::Arc;
use std::time::Duration;

use common::broker::Message;
use common::message::attribute;
use common::metrics::{DEAD_LETTERS, DELIVERED};
use common::program::chain;
use common::quarantine::Reason;
use common::record::{Kind, Record};
use common::standing::Standing;
use common::store::{DocumentStore, StoreError};
use tokio::time::Instant;

use crate::context::Context;
use crate::counters::{self, UNKNOWN_KIND};
use crate::outcome::{DeliveryOutcome, Disposition, RecordOutcome};
use crate::processors::error::ProcessError;
use crate::processors::lookup::look;
use crate::processors::process;
use crate::quarantine::{Failure, quarantine, take_back};
use crate::settings::WorkerSettings;

/// The share of a dead letter's ack deadline that the last try may take; the rest is for
/// quarantine. Of Pub/Sub's 600 s this leaves 560 s for a text that needs 540 s, and then 40 s.
const LAST_TRY: f64 = 14.0 / 15.0;

/// The detail of a message that may have been stored and counted before: its document may be gone
/// by now.
const TOO_OLD: &str = "it waited for longer than documents are kept";

/// Takes messages, each in a delivery of its own, any number at once.
pub struct Worker {
    context: Context,
}

impl Worker {
    /// A worker on `store`. Must be called inside a tokio runtime.
    pub fn new(store: Arc<dyn DocumentStore>, settings: WorkerSettings) -> Self {
        counters::begin();
        Self { context: Context::new(store, settings) }
    }

    /// Ends the work on texts at once: their messages are given back. Commits run to their end.
    pub fn stop(&self) {
        self.context.stopping.cancel();
    }

    /// Whether the store answers.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.context.store.probe().await
    }

    /// Processes the message. Returns when its effects are stored, or never will be. `attempts`
    /// counts the deliveries before this one.
    pub async fn deliver(&self, message: &Message, attempts: u32) -> Disposition {
        let processed = match Record::try_from(message) {
            Ok(record) => process(&self.context, &record, None).await,
            Err(error) => Err(error.into()),
        };
        let outcome = self.conclude(message, attempts, processed).await;
        let kind = message.attributes.get("kind").and_then(|kind| kind.parse::<Kind>().ok());
        delivered(kind.map_or(UNKNOWN_KIND, Kind::as_str), outcome)
    }

    /// Quarantines a delivery that cannot be read as a message; `detail` says why.
    pub async fn refuse(&self, message: &Message, detail: String) -> Disposition {
        let failure = Failure { reason: Reason::BadMessage, detail, attempts: 1 };
        delivered(UNKNOWN_KIND, self.set_aside(message, failure).await)
    }

    /// Takes a message after `attempts` failed deliveries. `ack_deadline` is how long the broker
    /// waits for the answer.
    ///
    /// Quarantines the message when a passing fault lasts this time too. A fault of the deployment
    /// never quarantines: the message is given back until somebody repairs the deployment.
    pub async fn dead_letter(
        &self,
        message: &Message,
        attempts: u32,
        ack_deadline: Duration,
    ) -> Disposition {
        let processed = match Record::try_from(message) {
            Ok(record) => {
                let until = Instant::now() + ack_deadline.mul_f64(LAST_TRY);
                let tried = self.last_try(&record, until).await;
                tried.map_err(|error| (Some(record), error))
            }
            Err(error) => Err((None, error.into())),
        };
        let outcome = match processed {
            Err((Some(record), error)) if error.is_final_for_a_dead_letter() => {
                self.give_up((message, &record), attempts, &chain(&error)).await
            }
            Err((_, error)) => self.conclude(message, attempts, Err(error)).await,
            Ok(outcome) => self.conclude(message, attempts, Ok(outcome)).await,
        };
        let outcome = self.with_one_end(message, outcome).await;
        DEAD_LETTERS.with_label_values(&[outcome.label()]).inc();
        outcome.disposition()
    }

    /// Looks first: a record may be stored although nobody was told, and reads may work when writes
    /// do not. For a stored part, only its processor knows whether the rest is done.
    async fn last_try(
        &self,
        record: &Record,
        until: Instant,
    ) -> Result<RecordOutcome, ProcessError> {
        match look(&self.context, record).await? {
            Standing::Stored if record.part.is_whole() => Ok(RecordOutcome::Duplicate),
            Standing::Conflict => Ok(RecordOutcome::Conflict),
            _ => process(&self.context, record, Some(until)).await,
        }
    }

    /// Quarantines the message, unless it is stored after all: the answer to a commit may be lost, and
    /// another delivery of the same message may be under way. So it looks before and after.
    async fn give_up(
        &self,
        (message, record): (&Message, &Record),
        attempts: u32,
        why: &str,
    ) -> DeliveryOutcome {
        if let Some(outcome) = self.end_if_stored(record).await {
            return outcome;
        }
        let detail = format!("{attempts} deliveries failed, and so did the last try: {why}");
        let failure = Failure { reason: Reason::DeadLetter, detail, attempts };
        let set_aside = self.set_aside(message, failure).await;
        self.end_if_stored(record).await.unwrap_or(set_aside)
    }

    /// The outcome for a record that is stored; `None` if it is not, or if the text of this part is not
    /// complete. While the store does not answer, the message is delivered again.
    async fn end_if_stored(&self, record: &Record) -> Option<DeliveryOutcome> {
        match look(&self.context, record).await {
            Ok(Standing::Stored) if record.part.is_whole() => Some(DeliveryOutcome::Duplicate),
            Ok(Standing::Stored) => Some(DeliveryOutcome::Failed),
            Ok(_) => None,
            Err(error) => Some(failed(&error.into(), 0)),
        }
    }

    /// A message that is stored does not stay in quarantine, where another delivery may have put it.
    async fn with_one_end(&self, message: &Message, outcome: DeliveryOutcome) -> DeliveryOutcome {
        if !matches!(outcome, DeliveryOutcome::Stored | DeliveryOutcome::Duplicate) {
            return outcome;
        }
        match take_back(&*self.context.store, self.context.settings.keep(), message).await {
            Ok(()) => outcome,
            Err(error) => failed(&error.into(), 0),
        }
    }

    async fn conclude(
        &self,
        message: &Message,
        attempts: u32,
        processed: Result<RecordOutcome, ProcessError>,
    ) -> DeliveryOutcome {
        let (reason, detail) = match processed {
            Ok(RecordOutcome::Stored) => return DeliveryOutcome::Stored,
            Ok(RecordOutcome::Duplicate) => return DeliveryOutcome::Duplicate,
            Ok(RecordOutcome::Expired) if message.attributes.contains_key(attribute::REPLAY) => {
                return DeliveryOutcome::Expired;
            }
            Ok(RecordOutcome::Expired) => (Reason::TooOld, TOO_OLD.to_owned()),
            Ok(RecordOutcome::Conflict) => (
                Reason::Conflict,
                "another record with this id and different content came first".to_owned(),
            ),
            Err(ProcessError::Stopping) => return DeliveryOutcome::Released,
            Err(error) => match error.reason() {
                Some(reason) => (reason, chain(&error)),
                None => return failed(&error, attempts),
            },
        };
        self.set_aside(message, Failure { reason, detail, attempts: attempts + 1 }).await
    }

    async fn set_aside(&self, message: &Message, failure: Failure) -> DeliveryOutcome {
        let (Context { store, settings, .. }, reason) = (&self.context, failure.reason);
        match quarantine(&**store, settings.keep(), message, failure).await {
            Ok(()) => DeliveryOutcome::Quarantined(reason),
            Err(error) => {
                tracing::warn!(error = chain(&error), "a message could not be quarantined");
                DeliveryOutcome::Failed
            }
        }
    }
}

fn failed(error: &ProcessError, attempts: u32) -> DeliveryOutcome {
    tracing::warn!(error = chain(error), attempts, "a delivery failed");
    DeliveryOutcome::Failed
}

fn delivered(kind: &str, outcome: DeliveryOutcome) -> Disposition {
    DELIVERED.with_label_values(&[kind, outcome.label()]).inc();
    outcome.disposition()
}
