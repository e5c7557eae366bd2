//! Dead letters: messages that were delivered too often without success. Each is looked for in the
//! store, tried once more, and set aside where that fails too.

use std::time::Duration;

use common::broker::Message;
use common::metrics::DEAD_LETTERS;
use common::quarantine::Reason;
use common::record::Record;
use common::store::StoreError;
use tokio::time::timeout;

use crate::committer::{CommitError, Outcome};
use crate::delivery::{Disposition, ProcessError, Worker};
use crate::processors::claim::look;
use crate::quarantine::Sentence;
use common::program::chain;
use common::standing::Standing;

/// The share of a delivery's time that the last try may take; the rest is for quarantine. Of the
/// 600 s that Pub/Sub waits, this leaves 560 s for a text that needs 540 s, and then 40 s.
const LAST_TRY: f64 = 14.0 / 15.0;

impl Worker {
    /// Takes a message of which `attempts` deliveries failed. `time` is how long the broker waits
    /// for the answer.
    ///
    /// A passing fault that does not pass this time either puts the message into quarantine; a
    /// fault of the deployment never does: the message is given back until somebody mends it.
    pub async fn dead_letter(
        &self,
        message: &Message,
        attempts: u32,
        time: Duration,
    ) -> Disposition {
        let processed = match Record::try_from(message) {
            Ok(record) => timeout(time.mul_f64(LAST_TRY), self.last_try(&record)).await,
            Err(error) => Ok(Err(error.into())),
        };
        let (disposition, outcome) = match processed {
            Err(_) => self.give_up(message, attempts, "it took too long").await,
            Ok(Err(error)) if is_passing(&error) => {
                self.give_up(message, attempts, &chain(&error)).await
            }
            Ok(processed) => self.conclude(message, attempts, processed).await,
        };
        DEAD_LETTERS.with_label_values(&[outcome]).inc();
        disposition
    }

    async fn give_up(
        &self,
        message: &Message,
        attempts: u32,
        why: &str,
    ) -> (Disposition, &'static str) {
        let detail = format!("{attempts} deliveries failed, and the last try: {why}");
        let sentence = Sentence { reason: Reason::DeadLetter, detail, attempts };
        self.set_aside(message, sentence, Reason::DeadLetter.as_str()).await
    }

    /// What is stored although nobody was told is not tried again: reading may work where writing
    /// does not.
    async fn last_try(&self, record: &Record) -> Result<Outcome, ProcessError> {
        match look(self, record).await? {
            Standing::Stored => Ok(Outcome::Duplicate),
            Standing::Conflict => Ok(Outcome::Conflict),
            Standing::Unknown | Standing::Claimed => self.process(record).await,
        }
    }
}

fn is_passing(error: &ProcessError) -> bool {
    matches!(error, ProcessError::Commit(CommitError::Store(error))
        if matches!(**error, StoreError::Passing(_)))
}
