//! What Pub/Sub's errors mean to a publisher.

use std::fmt;

use google_cloud_gax::error::rpc::Code;
use google_cloud_pubsub::error::PublishError as ClientError;

use crate::broker::{Cause, PublishError};

/// The error of each message in a failed batch.
pub(super) fn failed(error: ClientError) -> PublishError {
    let code = match &error {
        ClientError::Rpc(cause) => cause.status().map(|status| status.code),
        _ => None,
    };
    match code {
        Some(Code::NotFound | Code::PermissionDenied | Code::InvalidArgument) => refused(error),
        _ => unavailable(error),
    }
}

pub(super) fn refused(cause: impl Into<Cause>) -> PublishError {
    PublishError::Refused(cause.into())
}

pub(super) fn unavailable(cause: impl Into<Cause>) -> PublishError {
    PublishError::Unavailable(cause.into())
}

/// There was no answer in time.
#[derive(Debug)]
pub(super) struct Incomplete(pub(super) String);

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer from Pub/Sub: {}", self.0)
    }
}

impl std::error::Error for Incomplete {}
