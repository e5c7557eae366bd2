//! What can go wrong in the bench itself.

use std::io;

use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum BenchError {
    #[error("{0} did not start:\n{1}")]
    NotStarted(String, String),
    #[error("{0} failed: {1}")]
    Failed(String, String),
    #[error("an answer could not be read: {0}")]
    Answer(String),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("there is no case and row of these names")]
    NothingToDo,
}
