//! How each program ends.

use std::process::ExitCode;

/// Says on stderr what went wrong, with its causes, and fails; or succeeds.
pub fn ended(result: Result<(), impl std::error::Error>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
