//! What is known of a record before any work on it, and the claim that its parts share.

use common::record::Record;
use common::standing::{Standing, paths, standing};
use common::store::{StoreError, Write};

use crate::committer::Outcome;
use crate::delivery::{ProcessError, Worker};
use common::store::patience::patiently;

/// What is known of what the message carries: `None` means that there is work to do. A part makes
/// the record's `claim` where there is none yet.
pub(super) async fn look_up(
    worker: &Worker,
    record: &Record,
    claim: impl Fn() -> Write,
) -> Result<Option<Outcome>, ProcessError> {
    loop {
        match look(worker, record).await? {
            Standing::Conflict => return Ok(Some(Outcome::Conflict)),
            Standing::Stored => return Ok(Some(Outcome::Duplicate)),
            Standing::Claimed => return Ok(None),
            Standing::Unknown if record.part.is_whole() => return Ok(None),
            Standing::Unknown => make(worker, claim()).await?,
        }
    }
}

/// How the store stands to what the message carries.
pub(crate) async fn look(worker: &Worker, record: &Record) -> Result<Standing, StoreError> {
    let paths = paths(record);
    let found = patiently(|| worker.store.get_many(&paths)).await?;
    Ok(standing(&found, record))
}

/// Reserves the record's name, unless another part or record was faster.
async fn make(worker: &Worker, claim: Write) -> Result<(), ProcessError> {
    match patiently(|| worker.store.commit(vec![claim.clone()])).await {
        Ok(()) | Err(StoreError::AlreadyExists) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
