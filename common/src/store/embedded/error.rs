//! What SQLite's errors mean to the caller of the port.

use rusqlite::ErrorCode;

use crate::sqlite::SqliteError;
use crate::store::StoreError;

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        match error.code() {
            Some(ErrorCode::ConstraintViolation) => Self::AlreadyExists,
            Some(ErrorCode::TooBig | ErrorCode::TypeMismatch) => Self::Invalid(error.into()),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::OperationInterrupted
                | ErrorCode::OutOfMemory
                | ErrorCode::SystemIoFailure,
            ) => Self::Passing(error.into()),
            None if matches!(error, SqliteError::Undone | SqliteError::Closed) => {
                Self::Passing(error.into())
            }
            _ => Self::Deployment(error.into()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        SqliteError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn a_full_disk_is_a_passing_fault_wherever_sqlite_finds_it() {
        let full = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None);
        for error in [SqliteError::from(full), SqliteError::Undone] {
            assert!(matches!(StoreError::from(error), StoreError::Passing(_)));
        }
    }
}
