//! Why a simulation has no report.

use common::broker::Cause;
use thiserror::Error;

use super::read::ReadError;
use crate::http::{ClientError, NobodyThere};

/// Why there is no report.
#[derive(Debug, Error)]
pub(super) enum SimulateError {
    /// An option is not valid.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    NobodyThere(#[from] NobodyThere),
    #[error("reading from {target} is not allowed ({status}); pass its READ_TOKEN with --token")]
    NotAllowed { target: String, status: u16 },
    #[error("cannot start a server")]
    Start(#[source] Cause),
    #[error("cannot start the server again after it was killed")]
    Crash(#[source] Cause),
    #[error("cannot read the counts")]
    Read(#[from] ReadError),
}
