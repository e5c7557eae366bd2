//! How a program reports an error, and how it ends.

use std::error::Error;
use std::process::ExitCode;

/// Exits with success, or prints the error and its causes to stderr and exits with failure.
pub fn ended(result: Result<(), impl Error>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error}");
    causes(&error).for_each(|cause| eprintln!("  because: {cause}"));
    ExitCode::FAILURE
}

/// The error and its causes in one line, without causes that an error repeats in its own text.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    for cause in causes(error).map(ToString::to_string) {
        if !line.ends_with(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

fn causes<'a>(error: &'a dyn Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("no answer")]
    struct Cause;

    #[derive(Debug, Error)]
    enum Failure {
        #[error("the store cannot be reached")]
        Apart(#[source] Cause),
        #[error("no key: {0}")]
        Repeated(#[source] Cause),
    }

    #[test]
    fn a_chain_names_each_cause_once() {
        assert_eq!(chain(&Failure::Apart(Cause)), "the store cannot be reached: no answer");
        assert_eq!(chain(&Failure::Repeated(Cause)), "no key: no answer");
    }
}
