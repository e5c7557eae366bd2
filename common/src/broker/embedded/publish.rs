//! What publishing to the queue needs, from any process: free disk space, and a result for each
//! message.

use std::path::Path;

use crate::broker::PublishError;

/// Free disk space, in bytes, below which nothing more is accepted. It leaves room to finish the
/// messages in the queue.
pub const MIN_FREE_BYTES: u64 = 256 << 20;
pub(super) fn has_room(folder: &Path, min_free_bytes: u64) -> Result<(), PublishError> {
    let disk =
        rustix::fs::statvfs(folder).map_err(|error| PublishError::Unavailable(error.into()))?;
    if disk.f_bavail * disk.f_frsize < min_free_bytes {
        return Err(PublishError::Full("the disk is nearly full"));
    }
    Ok(())
}

/// The result of a request, once for each of its messages: they are written in one transaction.
pub(super) fn each(
    count: usize,
    result: &Result<(), PublishError>,
) -> Vec<Result<(), PublishError>> {
    (0..count).map(|_| result.as_ref().map(drop).map_err(again)).collect()
}

fn again(error: &PublishError) -> PublishError {
    match error {
        PublishError::Full(why) => PublishError::Full(why),
        PublishError::Unavailable(cause) => PublishError::Unavailable(cause.to_string().into()),
        PublishError::Refused(cause) => PublishError::Refused(cause.to_string().into()),
    }
}
