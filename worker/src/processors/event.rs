//! An event: its document is the gate of everything that counts it.

use common::event::{self, Event};
use common::record::Record;
use common::rollup;

use super::error::ProcessError;
use crate::committer::Unit;
use crate::context::Context;
use crate::outcome::RecordOutcome;

/// Stores and counts one event, once.
pub(super) async fn process(
    context: &Context,
    record: &Record,
) -> Result<RecordOutcome, ProcessError> {
    let event: Event = serde_json::from_str(&record.data)?;
    let unit = Unit {
        gate: event::path(&record.tenant, &record.id),
        fields: event.fields(record, context.settings.keep()),
        writes: rollup::of_event(&record.tenant, &event, context.shard()),
    };
    Ok(context.committer.commit(unit).await?)
}
