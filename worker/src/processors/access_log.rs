//! A part of a batch of access-log entries: counted by window, once.

use chrono::Utc;
use common::access_log::{self, Entry};
use common::record::Record;
use common::{log_batch, rollup};

use crate::committer::{Outcome, Unit};
use crate::delivery::{ProcessError, Worker};
use crate::processors::claim::look_up;

/// Stores and counts one part of a batch, once.
pub(crate) async fn process(worker: &Worker, record: &Record) -> Result<Outcome, ProcessError> {
    let entries = access_log::entries(&record.data)?;
    let claim = || log_batch::claim(record, worker.settings.keep);
    if let Some(known) = look_up(worker, record, claim).await? {
        return Ok(known);
    }
    Ok(worker.committer.commit(unit(worker, record, &entries)).await?)
}

fn unit(worker: &Worker, record: &Record, entries: &[Entry]) -> Unit {
    let (batch, keep) = (log_batch::path(&record.tenant, &record.id), worker.settings.keep);
    let mut writes = rollup::of_entries(&record.tenant, entries, worker.shard());
    let now = Utc::now();
    if record.part.is_whole() {
        let fields = log_batch::whole(record, entries, now, keep);
        return Unit { gate: batch, fields, writes };
    }
    writes.push(log_batch::part_done(record, entries, now));
    let gate = batch.part(record.part.number);
    Unit { gate, fields: log_batch::part(record, entries, now, keep), writes }
}
