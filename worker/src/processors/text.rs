//! A text: redact it, do the simulated heavy work, store it once.

use chrono::Utc;
use common::metrics::{REDACTIONS, TEXTS_IN_WORK};
use common::processed_log::{self, Processed};
use common::record::Record;
use common::text::redact::redact;

use crate::committer::{Outcome, Unit};
use crate::delivery::{ProcessError, Worker};
use crate::processors::claim::look_up;

/// Processes one part of a text. What is stored already is not worked on again.
pub(crate) async fn process(worker: &Worker, record: &Record) -> Result<Outcome, ProcessError> {
    let claim = || processed_log::claim(record, worker.settings.keep);
    if let Some(known) = look_up(worker, record, claim).await? {
        return Ok(known);
    }
    let redacted = redact(&record.data);
    work(worker, record).await?;
    let processed = Processed {
        modified_data: redacted.text,
        redactions: u32::try_from(redacted.count).unwrap_or(u32::MAX),
        processed_at: Utc::now(),
    };
    let outcome = worker.committer.commit(unit(worker, record, &processed)).await?;
    if outcome == Outcome::Stored {
        REDACTIONS.inc_by(processed.redactions.into());
    }
    Ok(outcome)
}

/// The simulated heavy work. It ends at once when the worker stops.
async fn work(worker: &Worker, record: &Record) -> Result<(), ProcessError> {
    let characters = u32::try_from(record.data.chars().count()).unwrap_or(u32::MAX);
    let _in_work = InWork::begin();
    tokio::select! {
        () = tokio::time::sleep(worker.settings.work_per_character * characters) => Ok(()),
        () = worker.stopping.cancelled() => Err(ProcessError::Stopping),
    }
}

/// Counts a text as in work for as long as it lives, also when its delivery is dropped.
struct InWork;

impl InWork {
    fn begin() -> Self {
        TEXTS_IN_WORK.inc();
        Self
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        TEXTS_IN_WORK.dec();
    }
}

fn unit(worker: &Worker, record: &Record, processed: &Processed) -> Unit {
    let (log, keep) = (processed_log::path(&record.tenant, &record.id), worker.settings.keep);
    if record.part.is_whole() {
        let fields = processed_log::whole(record, processed, keep);
        return Unit { gate: log, fields, writes: Vec::new() };
    }
    Unit {
        gate: log.part(record.part.number),
        fields: processed_log::part(record, processed, keep),
        writes: vec![processed_log::part_done(record, processed)],
    }
}
