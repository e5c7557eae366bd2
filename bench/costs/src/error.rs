//! Why a path could not be followed.

use std::io;

use common::record::RecordIdError;
use common::store::StoreError;
use common::tenant::TenantError;
use thiserror::Error;

/// Why a path could not be followed.
#[derive(Debug, Error)]
pub(crate) enum PathError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Message(#[from] common::message::MessageError),
    #[error(transparent)]
    Tenant(#[from] TenantError),
    #[error(transparent)]
    RecordId(#[from] RecordIdError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("not answered 202 or not acknowledged: {0}")]
    Refused(String),
}
