//! Why an emulator does not run, and what to do about it.

use std::io;

use thiserror::Error;

use super::service::Service;

/// How to get what is missing.
const INSTALL: &str =
    "`./dev setup` installs it on Debian and Ubuntu. Elsewhere, install Java 17 or \
later, and
    gcloud components install pubsub-emulator cloud-firestore-emulator";

/// Why an emulator does not run.
#[derive(Debug, Error)]
pub enum EmulatorError {
    /// Neither `CLOUDSDK_ROOT_DIR` nor `gcloud` on the path leads to the Google Cloud SDK.
    #[error("the Google Cloud SDK was not found. {INSTALL}")]
    NoSdk,
    /// The SDK is installed without the emulator.
    #[error("there is no emulator in {0}. {INSTALL}")]
    NoJar(String),
    /// Java is not installed.
    #[error("java was not found. {INSTALL}")]
    NoJava,
    /// The emulator ended, or did not answer in time.
    #[error("the {service:?} emulator did not start; it printed:\n{log}")]
    NotReady {
        /// Which emulator.
        service: Service,
        /// What it printed.
        log: String,
    },
    /// The system refused a process, a port or a file.
    #[error("the emulator could not be run")]
    System(#[from] io::Error),
}
