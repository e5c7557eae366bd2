//! Google's official emulators: started for a run of the tests, and stopped however it ends.

mod install;
mod process;

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use thiserror::Error;
use tokio::sync::OnceCell;

pub use self::process::Emulator;

/// How to get what is missing.
const INSTALL: &str = "install the emulators with
    apt-get install google-cloud-cli-pubsub-emulator google-cloud-cli-firestore-emulator \
default-jre-headless
or, where the SDK was not installed with apt, Java 17 or later and
    gcloud components install pubsub-emulator cloud-firestore-emulator";

/// The service that an emulator stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The broker.
    Pubsub,
    /// The store.
    Firestore,
}

/// Both emulators, each on a port of its own.
#[derive(Debug)]
pub struct Emulators {
    pubsub: Emulator,
    firestore: Emulator,
}

/// Why an emulator does not run.
#[derive(Debug, Error)]
pub enum EmulatorError {
    /// Neither `CLOUDSDK_ROOT_DIR` nor a `gcloud` on the path leads to the Google Cloud SDK.
    #[error("the Google Cloud SDK was not found; {INSTALL}")]
    NoSdk,
    /// The SDK has no such emulator.
    #[error("there is no emulator in {0}; {INSTALL}")]
    NoJar(String),
    /// There is no Java on the path.
    #[error("java was not found; {INSTALL}")]
    NoJava,
    /// It ended, or did not answer in time.
    #[error("the {service:?} emulator did not start; it printed:\n{log}")]
    NotReady {
        /// Which one.
        service: Service,
        /// What it printed.
        log: String,
    },
    /// The system did not give it a process, a port or a file.
    #[error("the emulator could not be started")]
    System(#[from] io::Error),
}

impl Emulators {
    /// Starts both, and waits until they answer, about three seconds.
    pub async fn start() -> Result<Self, EmulatorError> {
        let (pubsub, firestore) = tokio::try_join!(
            Emulator::start(Service::Pubsub),
            Emulator::start(Service::Firestore)
        )?;
        Ok(Self { pubsub, firestore })
    }

    /// The two that all tests of this process share; the first call starts them. Tests stay apart
    /// by their [`project`].
    ///
    /// # Panics
    /// If they do not start, with the reason.
    pub async fn shared() -> &'static Self {
        Self::try_shared().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Like [`Emulators::shared`], but returns the reason as an error.
    pub async fn try_shared() -> Result<&'static Self, EmulatorError> {
        static SHARED: OnceCell<Emulators> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// The address of the Pub/Sub emulator, as `host:port`.
    pub fn pubsub_host(&self) -> &str {
        self.pubsub.host()
    }

    /// The address of the Firestore emulator, as `host:port`.
    pub fn firestore_host(&self) -> &str {
        self.firestore.host()
    }
}

/// A new project id. Each test takes one, so that it sees nothing of the others, and so that their
/// documents do not slow down its queries.
pub fn project() -> String {
    format!("test-{:016x}", rand::random::<u64>())
}

/// A port of this machine that is free at the moment.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
