//! An event: its document is the gate of everything that counts it.

use common::event::{self, Event};
use common::record::Record;
use common::rollup;

use crate::committer::{Outcome, Unit};
use crate::delivery::{ProcessError, Worker};

/// Stores and counts one event, once.
pub(crate) async fn process(worker: &Worker, record: &Record) -> Result<Outcome, ProcessError> {
    let event: Event = serde_json::from_str(&record.data)?;
    let unit = Unit {
        gate: event::path(&record.tenant, &record.id),
        fields: event.fields(record, worker.settings.keep),
        writes: rollup::of_event(&record.tenant, &event, worker.shard()),
    };
    Ok(worker.committer.commit(unit).await?)
}
