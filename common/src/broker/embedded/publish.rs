//! The result of publishing to the queue, for each message.

use crate::broker::PublishError;

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
