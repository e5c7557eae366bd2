//! Why a simulation has no report.

use common::broker::Cause;
use thiserror::Error;

use super::read::ReadError;
use crate::setup::SetupError;

/// Why there is no report.
#[derive(Debug, Error)]
pub(super) enum SimulateError {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error("cannot start a server")]
    Start(#[source] Cause),
    #[error("cannot start the server again after it was killed")]
    Crash(#[source] Cause),
    #[error("cannot read the counts")]
    Read(#[from] ReadError),
}
