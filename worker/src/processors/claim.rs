//! What is known of a record before any work on it, and the claim that its parts share.

use common::claim::{Standing, standing};
use common::path::DocumentPath;
use common::record::Record;
use common::store::{StoreError, Write};

use crate::committer::Outcome;
use crate::delivery::{ProcessError, Worker};
use crate::patience::patiently;

/// What is known of the record whose document is at `path`: `None` means that there is work to
/// do. A part makes the record's `claim` where there is none yet.
pub(super) async fn look_up(
    worker: &Worker,
    record: &Record,
    path: &DocumentPath,
    claim: impl Fn() -> Write,
) -> Result<Option<Outcome>, ProcessError> {
    loop {
        let mut paths = vec![path.clone()];
        if !record.part.is_whole() {
            paths.push(path.part(record.part.number));
        }
        let found = patiently(|| worker.store.get_many(&paths)).await?;
        let [whole, part] = [0, 1].map(|n| found.get(n).and_then(Option::as_ref));
        match whole.map(|whole| standing(whole, record)) {
            Some(Standing::Conflict) => return Ok(Some(Outcome::Conflict)),
            Some(Standing::Duplicate) => return Ok(Some(Outcome::Duplicate)),
            Some(Standing::Claimed) => return Ok(part.map(|_| Outcome::Duplicate)),
            None if record.part.is_whole() => return Ok(None),
            None => make(worker, claim()).await?,
        }
    }
}

/// Reserves the record's name, unless another part or record was faster.
async fn make(worker: &Worker, claim: Write) -> Result<(), ProcessError> {
    match patiently(|| worker.store.commit(vec![claim.clone()])).await {
        Ok(()) | Err(StoreError::AlreadyExists) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
