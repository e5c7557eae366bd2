//! Looks a record up before any work on it, and creates the claim that its parts share.

use common::record::Record;
use common::standing::{Standing, paths, standing};
use common::store::{StoreError, Write};

use super::error::ProcessError;
use crate::context::Context;
use crate::outcome::RecordOutcome;
use common::store::patience::patiently;

/// What became of the record before this delivery; `None` means that there is work to do. The
/// first part of a record creates the `claim`.
pub(super) async fn look_up(
    context: &Context,
    record: &Record,
    claim: impl Fn() -> Write,
) -> Result<Option<RecordOutcome>, ProcessError> {
    loop {
        match look(context, record).await? {
            Standing::Conflict => return Ok(Some(RecordOutcome::Conflict)),
            Standing::Stored | Standing::Incomplete => return Ok(Some(RecordOutcome::Duplicate)),
            Standing::Claimed => return Ok(None),
            Standing::Unknown if record.part.is_whole() => return Ok(None),
            Standing::Unknown => create(context, claim()).await?,
        }
    }
}

/// What the store says about the record.
pub(crate) async fn look(context: &Context, record: &Record) -> Result<Standing, StoreError> {
    let paths = paths(record);
    let found = patiently(|| context.store.get_many(&paths)).await?;
    Ok(standing(&found, record))
}

/// Reserves the record's id, unless another part or record was faster.
async fn create(context: &Context, claim: Write) -> Result<(), StoreError> {
    match patiently(|| context.store.commit(vec![claim.clone()])).await {
        Ok(()) | Err(StoreError::AlreadyExists) => Ok(()),
        Err(error) => Err(error),
    }
}
