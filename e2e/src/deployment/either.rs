//! A deployment of either mode.

use super::cloud::Cloud;
use super::embedded::Embedded;
use super::settings::Settings;
use crate::service::ServiceError;

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
    /// When it does not start.
    pub async fn embedded(settings: Settings) -> Self {
        let embedded = Embedded::start(settings).await;
        Self::Embedded(Box::new(embedded.unwrap_or_else(|error| panic!("{error}"))))
    }

    /// The shape of Google Cloud, on the emulators, in a fresh project.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn cloud(settings: Settings) -> Self {
        let cloud = Cloud::start(settings).await;
        Self::Cloud(Box::new(cloud.unwrap_or_else(|error| panic!("{error}"))))
    }

    /// The base URL of the API.
    pub fn url(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.service().url(),
            Self::Cloud(cloud) => cloud.gateway().url(),
        }
    }

    /// The base URL of the metrics of the work.
    pub fn worker_url(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.service().url(),
            Self::Cloud(cloud) => cloud.worker().url(),
        }
    }

    /// Kills the worker with SIGKILL, and starts it again.
    pub async fn crash_worker(&mut self) -> Result<(), ServiceError> {
        match self {
            Self::Embedded(embedded) => embedded.crash().await,
            Self::Cloud(cloud) => cloud.crash_worker().await,
        }
    }

    /// Kills the gateway with SIGKILL, and starts it again at the same
    /// address.
    pub async fn crash_gateway(&mut self) -> Result<(), ServiceError> {
        match self {
            Self::Embedded(embedded) => embedded.crash().await,
            Self::Cloud(cloud) => cloud.crash_gateway().await,
        }
    }
}
