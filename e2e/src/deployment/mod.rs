//! Spillway as it is deployed, in both modes, behind one face: so that a promise is tested once.

use crate::service::{Service, ServiceError};

mod cloud;
mod embedded;
mod shared;

pub use self::cloud::{Cloud, CloudError};
pub use self::embedded::Embedded;
pub use self::shared::{cloud, embedded};

/// Environment variables for every program of a deployment.
pub type Settings = Vec<(&'static str, String)>;

/// A running Spillway.
pub enum Deployment {
    /// One process, one folder.
    Embedded(Box<Embedded>),
    /// Gateway, worker, emulators, and the relay between them.
    Cloud(Box<Cloud>),
}

impl Deployment {
    /// The embedded mode in a fresh folder.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn embedded(settings: Settings) -> Self {
        let embedded = Embedded::start(settings).await;
        Self::Embedded(Box::new(embedded.unwrap_or_else(|error| panic!("{error}"))))
    }

    /// The shape of Google Cloud, on the emulators, in a fresh project.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn cloud(settings: Settings) -> Self {
        let cloud = Cloud::start(settings).await;
        Self::Cloud(Box::new(cloud.unwrap_or_else(|error| panic!("{error}"))))
    }

    /// Where the API is.
    pub fn url(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.service().url(),
            Self::Cloud(cloud) => cloud.gateway().url(),
        }
    }

    /// Where the metrics of the work are.
    pub fn worker_url(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.service().url(),
            Self::Cloud(cloud) => cloud.worker().url(),
        }
    }

    /// Kills the process that works with SIGKILL, and starts it again.
    pub async fn crash_worker(&mut self) -> Result<(), ServiceError> {
        match self {
            Self::Embedded(embedded) => embedded.crash().await,
            Self::Cloud(cloud) => cloud.crash_worker().await,
        }
    }

    /// Kills the process that takes requests with SIGKILL, and starts it again at the same
    /// address.
    pub async fn crash_gateway(&mut self) -> Result<(), ServiceError> {
        match self {
            Self::Embedded(embedded) => embedded.crash().await,
            Self::Cloud(cloud) => cloud.crash_gateway().await,
        }
    }
}

/// Kills `service`, and starts `again` what took its place.
async fn replace(
    slot: &mut Option<Service>,
    again: impl AsyncFnOnce() -> Result<Service, ServiceError>,
) -> Result<(), ServiceError> {
    if let Some(service) = slot.take() {
        service.kill().await?;
    }
    *slot = Some(again().await?);
    Ok(())
}
