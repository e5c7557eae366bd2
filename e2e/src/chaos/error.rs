//! Why the long run ends before its time.

use thiserror::Error;

use crate::deployment::CloudError;
use crate::service::ServiceError;

/// Why a run did not come to its end.
#[derive(Debug, Error)]
pub enum ChaosError {
    /// A program does not run, or does not start again after it was killed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The emulators or the programs on them do not run.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The line to an emulator does not exist.
    #[error("the line to an emulator cannot be opened")]
    Line(#[from] std::io::Error),
    /// The load ended before its time.
    #[error("a client gave up: its record was refused for good, or it panicked")]
    Client(#[from] tokio::task::JoinError),
}
