//! Why a message is not stored.

use common::message::MessageError;
use common::quarantine::Reason;
use common::store::StoreError;
use thiserror::Error;

use crate::committer::CommitError;

/// Why a message is not stored.
#[derive(Debug, Error)]
pub(crate) enum ProcessError {
    /// The message is not a record. Permanent: quarantine it.
    #[error(transparent)]
    BadMessage(#[from] MessageError),
    /// The data does not fit the kind. Permanent: quarantine the message.
    #[error("the message's data does not fit its kind")]
    BadData(#[from] serde_json::Error),
    /// The store did not take it.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The work on the text took longer than it may. Nothing was done.
    #[error("it took too long")]
    TooSlow,
    /// The worker is stopping. Nothing was done: give the message back.
    #[error("the worker is stopping")]
    Stopping,
}

impl From<StoreError> for ProcessError {
    fn from(error: StoreError) -> Self {
        Self::Commit(error.into())
    }
}

impl ProcessError {
    /// The reason to quarantine the message, if another try cannot help.
    pub(crate) fn reason(&self) -> Option<Reason> {
        match self {
            Self::BadMessage(_) | Self::BadData(_) => Some(Reason::BadMessage),
            Self::Commit(CommitError::Store(error)) => match **error {
                StoreError::Invalid(_) => Some(Reason::Invalid),
                _ => None,
            },
            Self::Commit(CommitError::Stopped) | Self::TooSlow | Self::Stopping => None,
        }
    }

    /// Whether a last try that fails like this sends the message to quarantine: the store reported
    /// a fault that may pass, or the work took too long.
    pub(crate) fn is_final_for_a_dead_letter(&self) -> bool {
        matches!(self, Self::TooSlow)
            || matches!(self, Self::Commit(CommitError::Store(error)) if error.is_passing())
    }
}
