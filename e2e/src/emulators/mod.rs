//! Google's official emulators: started for a run of the tests, and stopped however it ends.

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
