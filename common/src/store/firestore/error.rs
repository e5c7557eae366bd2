//! What Firestore's errors mean to the caller of the port.

use gcloud_sdk::tonic::{Code, Status};
use thiserror::Error;
use tokio::time::error::Elapsed;

use super::connection::ConnectError;
use crate::store::StoreError;

/// Why an answer of Firestore cannot be used.
#[derive(Debug, Error)]
pub(super) enum AnswerError {
    #[error("a document holds a value of a type that Spillway never writes")]
    UnknownType,
    #[error("a document holds a timestamp that is out of range")]
    OutOfRange,
    #[error("the answer to an aggregation holds no figure")]
    NoFigure,
}

impl From<AnswerError> for StoreError {
    fn from(error: AnswerError) -> Self {
        Self::Invalid(error.into())
    }
}

/// What `status` means. Codes that leave open whether the writes were applied are passing: gates
/// make it safe to retry.
pub(super) fn refused(status: Status) -> StoreError {
    match status.code() {
        Code::AlreadyExists => StoreError::AlreadyExists,
        Code::InvalidArgument | Code::OutOfRange => StoreError::Invalid(Box::new(status)),
        Code::PermissionDenied
        | Code::Unauthenticated
        | Code::NotFound
        | Code::FailedPrecondition
        | Code::Unimplemented => StoreError::Deployment(Box::new(status)),
        Code::Aborted => StoreError::Contention(Box::new(status)),
        Code::Ok
        | Code::Cancelled
        | Code::DataLoss
        | Code::DeadlineExceeded
        | Code::Internal
        | Code::ResourceExhausted
        | Code::Unavailable
        | Code::Unknown => StoreError::Passing(Box::new(status)),
    }
}

/// What `status` means as the answer to a commit that deletes documents as they were found: a missing
/// one is not found, and a changed one fails its condition. If the database is missing instead, the
/// read that follows says so.
pub(super) fn refused_as_found(status: Status) -> StoreError {
    match status.code() {
        Code::NotFound | Code::FailedPrecondition => StoreError::Changed,
        _ => refused(status),
    }
}

/// The connection failed.
pub(super) fn not_connected(error: ConnectError) -> StoreError {
    StoreError::Passing(Box::new(error))
}

/// There was no answer in time.
pub(super) fn no_answer(elapsed: Elapsed) -> StoreError {
    StoreError::Passing(Box::new(elapsed))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn meaning(code: Code) -> &'static str {
        match refused(Status::new(code, "")) {
            StoreError::AlreadyExists => "exists",
            StoreError::Changed => "changed",
            StoreError::Passing(_) => "passing",
            StoreError::Contention(_) => "contention",
            StoreError::Invalid(_) => "invalid",
            StoreError::Deployment(_) => "deployment",
        }
    }

    #[test]
    fn each_code_leads_to_retry_quarantine_or_waiting() {
        let cases = [
            (Code::AlreadyExists, "exists"),
            (Code::Aborted, "contention"),
            (Code::Unavailable, "passing"),
            (Code::DeadlineExceeded, "passing"),
            (Code::Cancelled, "passing"),
            (Code::Internal, "passing"),
            (Code::Unknown, "passing"),
            (Code::ResourceExhausted, "passing"),
            (Code::InvalidArgument, "invalid"),
            (Code::OutOfRange, "invalid"),
            (Code::PermissionDenied, "deployment"),
            (Code::Unauthenticated, "deployment"),
            (Code::NotFound, "deployment"),
            (Code::FailedPrecondition, "deployment"),
        ];
        for (code, expected) in cases {
            assert_eq!(meaning(code), expected, "{code:?}");
        }
    }

    #[test]
    fn the_cause_is_kept() {
        let error = refused(Status::unavailable("moved"));
        let cause = error.source().expect("a passing error has a cause");
        assert!(cause.to_string().contains("moved"));
    }
}
