//! What a command needs before it can send: valid options, a client, and a server that answers and
//! lets it read.

use thiserror::Error;

use crate::http::{ClientError, NobodyThere};

/// Why a command cannot begin.
#[derive(Debug, Error)]
pub(crate) enum SetupError {
    /// The options make no sense, alone or together.
    #[error("{0}")]
    Usage(String),
    /// The HTTP client could not be built.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No server answers at the target.
    #[error(transparent)]
    NobodyThere(#[from] NobodyThere),
    /// Reads need a token, or another one.
    #[error("reading from {target} is not allowed ({status}); pass its READ_TOKEN with --token")]
    NotAllowed { target: String, status: u16 },
}
