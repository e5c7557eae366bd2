//! A text: redact it, do the simulated heavy work, store it once. The last part of a text in
//! several parts completes the text's own document.

use chrono::Utc;
use common::metrics::{REDACTIONS, TEXTS_IN_WORK};
use common::processed_log::{self, Processed};
use common::record::Record;
use common::text::redact::redact;
use tokio::time::{Instant, sleep_until};

use super::completion::complete;
use super::error::ProcessError;
use super::lookup::look_up;
use crate::committer::Unit;
use crate::context::Context;
use crate::outcome::RecordOutcome;

/// Processes one part of a text. A part that was stored before may still have to complete the text:
/// the worker that stored it may have been killed before it could.
pub(super) async fn process(
    context: &Context,
    record: &Record,
    until: Option<Instant>,
) -> Result<RecordOutcome, ProcessError> {
    let outcome = store(context, record, until).await?;
    if !record.part.is_whole() && outcome != RecordOutcome::Conflict {
        complete(context, record).await?;
    }
    Ok(outcome)
}

/// Stores the part. Does no work on a part that is stored already.
async fn store(
    context: &Context,
    record: &Record,
    until: Option<Instant>,
) -> Result<RecordOutcome, ProcessError> {
    let claim = || processed_log::claim(record, context.settings.keep());
    if let Some(known) = look_up(context, record, claim).await? {
        return Ok(known);
    }
    let redacted = redact(&record.data);
    work(context, &record.data, until).await?;
    let processed = Processed {
        modified_data: redacted.text,
        redactions: u32::try_from(redacted.count).unwrap_or(u32::MAX),
        processed_at: Utc::now(),
    };
    let outcome = context.committer.commit(unit(context, record, &processed)).await?;
    if outcome == RecordOutcome::Stored {
        REDACTIONS.inc_by(processed.redactions.into());
    }
    Ok(outcome)
}

/// The simulated heavy work. It ends at once when the worker stops, and gives up at `until`.
async fn work(context: &Context, text: &str, until: Option<Instant>) -> Result<(), ProcessError> {
    let _in_work = InWork::begin();
    let end = Instant::now() + context.settings.work_on(text);
    let is_done = until.is_none_or(|until| end <= until);
    tokio::select! {
        () = sleep_until(until.map_or(end, |until| until.min(end))) => {
            if is_done { Ok(()) } else { Err(ProcessError::TooSlow) }
        }
        () = context.stopping.cancelled() => Err(ProcessError::Stopping),
    }
}

/// Counts a text as being processed while this value lives, even if the delivery is dropped.
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

fn unit(context: &Context, record: &Record, processed: &Processed) -> Unit {
    let (log, keep) = (processed_log::path(&record.tenant, &record.id), context.settings.keep());
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
