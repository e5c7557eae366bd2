//! A deployment in either mode.

use std::sync::Arc;

use common::store::DocumentStore;
use common::store::embedded::EmbeddedStore;

use super::cloud::{Cloud, CloudError};
use super::embedded::Embedded;
use super::settings::Settings;
use crate::service::ServiceError;

/// A running Spillway.
pub enum Deployment {
    /// One process, one folder.
    Embedded(Box<Embedded>),
    /// The gateway and the worker, the emulators, and the relay between them.
    Cloud(Box<Cloud>),
}

impl Deployment {
    /// The embedded mode, with a new data folder.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn embedded(settings: Settings) -> Self {
        Self::try_embedded(settings).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The shape of Google Cloud: a new project on the emulators.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn cloud(settings: Settings) -> Self {
        Self::try_cloud(settings).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) async fn try_embedded(settings: Settings) -> Result<Self, ServiceError> {
        Embedded::start(settings).await.map(Box::new).map(Self::Embedded)
    }

    pub(super) async fn try_cloud(settings: Settings) -> Result<Self, CloudError> {
        Cloud::start(settings).await.map(Box::new).map(Self::Cloud)
    }

    /// The base URL of the API.
    pub fn url(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.service().url(),
            Self::Cloud(cloud) => cloud.gateway().url(),
        }
    }

    /// The base URL of the worker, which has the metrics of its work.
    pub fn worker_url(&self) -> String {
        match self {
            Self::Embedded(embedded) => embedded.service().url(),
            Self::Cloud(cloud) => cloud.worker().url(),
        }
    }

    /// A client of the store that bypasses the API.
    ///
    /// # Panics
    /// If the embedded store cannot be opened.
    pub fn store(&self) -> Arc<dyn DocumentStore> {
        match self {
            Self::Embedded(embedded) => {
                Arc::new(EmbeddedStore::open(embedded.folder()).expect("a store"))
            }
            Self::Cloud(cloud) => Arc::new(cloud.store()),
        }
    }

    /// Kills the worker's process with SIGKILL and starts it again.
    pub async fn crash_worker(&mut self) -> Result<(), ServiceError> {
        match self {
            Self::Embedded(embedded) => embedded.crash().await,
            Self::Cloud(cloud) => cloud.crash_worker().await,
        }
    }

    /// Kills the gateway's process with SIGKILL and starts it again at the same address.
    pub async fn crash_gateway(&mut self) -> Result<(), ServiceError> {
        match self {
            Self::Embedded(embedded) => embedded.crash().await,
            Self::Cloud(cloud) => cloud.crash_gateway().await,
        }
    }
}
