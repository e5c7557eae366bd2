//! Google's official emulators, started for a run and stopped with it, however it ends.

mod error;
mod install;
mod port;
mod process;
mod service;

use tokio::sync::OnceCell;

pub use self::error::EmulatorError;
pub use self::port::free_port;
pub use self::process::Emulator;
pub use self::service::Service;

/// Both emulators, each on a port of its own.
#[derive(Debug)]
pub struct Emulators {
    pubsub: Emulator,
    firestore: Emulator,
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

    /// The two that all tests of this process share, started by the first. Tests stay apart by
    /// their [`project`].
    ///
    /// # Panics
    /// With the reason, when they do not start.
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
