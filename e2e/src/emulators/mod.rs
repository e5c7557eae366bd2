//! Google's official emulators, started for a run and stopped with it, however it ends.

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

/// Which emulator.
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
    /// Neither `CLOUDSDK_ROOT_DIR` nor `gcloud` on the path leads to the Google Cloud SDK.
    #[error("the Google Cloud SDK was not found; {INSTALL}")]
    NoSdk,
    /// The SDK is there, the emulator is not.
    #[error("there is no emulator in {0}; {INSTALL}")]
    NoJar(String),
    /// There is no Java.
    #[error("java was not found; {INSTALL}")]
    NoJava,
    /// It ended, or did not answer in time.
    #[error("the {service:?} emulator did not start; it said:\n{log}")]
    NotReady {
        /// Which one.
        service: Service,
        /// What it wrote.
        log: String,
    },
    /// The system refused a process, a port or a file.
    #[error("the emulator could not be run")]
    System(#[from] io::Error),
}

impl Emulators {
    /// Starts both, and waits until both answer: about three seconds.
    pub async fn start() -> Result<Self, EmulatorError> {
        let (pubsub, firestore) = tokio::try_join!(
            Emulator::start(Service::Pubsub),
            Emulator::start(Service::Firestore)
        )?;
        Ok(Self { pubsub, firestore })
    }

    /// The two that all tests of this process share, started by the first; panics with the reason
    /// where they do not start. Tests stay apart by their [`project`].
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Emulators> = OnceCell::const_new();
        match SHARED.get_or_try_init(Self::start).await {
            Ok(emulators) => emulators,
            Err(error) => panic!("{error}"),
        }
    }

    /// Where the Pub/Sub emulator listens, as `host:port`.
    pub fn pubsub_host(&self) -> &str {
        self.pubsub.host()
    }

    /// Where the Firestore emulator listens, as `host:port`.
    pub fn firestore_host(&self) -> &str {
        self.firestore.host()
    }
}

/// A project id that nobody else has. Each test takes one: it sees nothing of the others, and the
/// emulator's queries do not slow down with what they wrote.
pub fn project() -> String {
    format!("test-{:016x}", rand::random::<u64>())
}

/// A port of this machine that nobody listens on at the moment.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
