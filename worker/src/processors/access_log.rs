//! A part of a batch of access-log entries: counted by window, once.

use chrono::Utc;
use common::access_log;
use common::log_batch::{self, Counted};
use common::record::Record;
use common::rollup;

use super::error::ProcessError;
use super::lookup::look_up;
use crate::committer::Unit;
use crate::context::{BATCH_BYTES, Context};
use crate::outcome::RecordOutcome;

/// Stores and counts one part of a batch, once.
pub(super) async fn process(
    context: &Context,
    record: &Record,
) -> Result<RecordOutcome, ProcessError> {
    let _turn = context.batches.acquire_many(weight(record)).await;
    let entries = access_log::entries(&record.data)?;
    let claim = || log_batch::claim(record, context.settings.keep());
    if let Some(known) = look_up(context, record, claim).await? {
        return Ok(known);
    }
    let counted = Counted { entries: &entries, dimensions: context.settings.log_dimensions };
    Ok(context.committer.commit(unit(context, record, counted)).await?)
}

/// The bytes of its entries, as far as they count.
fn weight(record: &Record) -> u32 {
    u32::try_from(record.data.len().min(BATCH_BYTES)).unwrap_or(u32::MAX)
}

fn unit(context: &Context, record: &Record, counted: Counted<'_>) -> Unit {
    let (batch, keep) = (log_batch::path(&record.tenant, &record.id), context.settings.keep());
    let Counted { entries, dimensions } = counted;
    let mut writes = rollup::of_entries(&record.tenant, entries, dimensions, context.shard());
    let now = Utc::now();
    if record.part.is_whole() {
        let fields = log_batch::whole(record, counted, now, keep);
        return Unit { gate: batch, fields, writes };
    }
    writes.push(log_batch::part_done(record, entries, now));
    let gate = batch.part(record.part.number);
    Unit { gate, fields: log_batch::part(record, counted, now, keep), writes }
}
