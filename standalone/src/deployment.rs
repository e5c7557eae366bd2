//! Which deployment a command works on: a data folder, or, where the program was built with the
//! feature `gcp`, a project on Google Cloud.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use common::broker::embedded::{Inbox, QueueError};
use common::broker::{Broker, PublishError};
#[cfg(feature = "gcp")]
use common::config::GoogleServices;
use common::store::embedded::EmbeddedStore;
use common::store::{DocumentStore, StoreError};
use common::{data_folder, message};
use thiserror::Error;

use crate::data_dir;

/// Where the data folder is that nobody names.
const DEFAULT_DATA_DIR: &str = "./spillway-data";

#[derive(Args, Clone, Debug)]
pub(crate) struct DeploymentArgs {
    /// The data folder, while its server runs or not [default: ./spillway-data].
    #[arg(long, env = "DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// The project on Google Cloud, in place of a data folder.
    #[cfg(feature = "gcp")]
    #[arg(long, env = "GOOGLE_CLOUD_PROJECT")]
    google_cloud_project: Option<String>,

    #[cfg(feature = "gcp")]
    #[command(flatten)]
    services: GoogleServices,
}

/// Why a deployment cannot be worked on.
#[derive(Debug, Error)]
pub(crate) enum DeploymentError {
    #[error("both a data folder (DATA_DIR) and a project (GOOGLE_CLOUD_PROJECT) are named")]
    #[cfg_attr(not(feature = "gcp"), expect(dead_code, reason = "there are no projects"))]
    TwoPlaces,
    #[error("there is no store in {0}; name its folder by --data-dir")]
    NoStore(PathBuf),
    #[error("the data folder {0} cannot be made")]
    Folder(PathBuf, #[source] io::Error),
    #[error("the queue cannot be opened")]
    Queue(#[from] QueueError),
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    #[error("there are no credentials for Pub/Sub")]
    Credentials(#[from] PublishError),
}

impl DeploymentError {
    /// Whether what was asked for is not there, or makes no sense.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::TwoPlaces | Self::NoStore(_))
    }
}

/// Where a deployment is.
pub(crate) enum Deployment {
    Folder(PathBuf),
    #[cfg(feature = "gcp")]
    Project(String, GoogleServices),
}

impl DeploymentArgs {
    /// The one that is named. Of two, neither is taken: what is published cannot be taken back.
    pub(crate) fn chosen(&self) -> Result<Deployment, DeploymentError> {
        #[cfg(feature = "gcp")]
        if let Some(project) = self.google_cloud_project.clone() {
            if self.data_dir.is_some() {
                return Err(DeploymentError::TwoPlaces);
            }
            // For TLS; it fails only where a provider is installed already, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
            return Ok(Deployment::Project(project, self.services.clone()));
        }
        let folder = self.data_dir.clone().unwrap_or_else(|| DEFAULT_DATA_DIR.into());
        Ok(Deployment::Folder(folder))
    }
}

impl Deployment {
    /// Its broker; a folder's queue is made where it is missing.
    pub(crate) async fn broker(&self) -> Result<Box<dyn Broker>, DeploymentError> {
        match self {
            Self::Folder(folder) => {
                let made = std::fs::create_dir_all(folder);
                made.map_err(|error| DeploymentError::Folder(folder.clone(), error))?;
                Ok(Box::new(Inbox::open(folder, message::flow)?))
            }
            #[cfg(feature = "gcp")]
            Self::Project(project, services) => Ok(Box::new(services.broker(project).await?)),
        }
    }

    /// Its store, which has to be there.
    pub(crate) fn store(&self) -> Result<Box<dyn DocumentStore>, DeploymentError> {
        match self {
            Self::Folder(folder) if !has_store(folder) => {
                Err(DeploymentError::NoStore(folder.clone()))
            }
            Self::Folder(folder) => Ok(Box::new(EmbeddedStore::open(folder)?)),
            #[cfg(feature = "gcp")]
            Self::Project(project, services) => Ok(Box::new(services.store(project))),
        }
    }

    /// Whether somebody works on what is published: on Google Cloud always, soon.
    pub(crate) fn is_served(&self) -> bool {
        match self {
            Self::Folder(folder) => data_dir::is_held(folder),
            #[cfg(feature = "gcp")]
            Self::Project(..) => true,
        }
    }
}

fn has_store(folder: &Path) -> bool {
    folder.join(data_folder::DOCUMENTS).is_file()
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "the data folder {}", folder.display()),
            #[cfg(feature = "gcp")]
            Self::Project(project, _) => write!(f, "the project {project}"),
        }
    }
}
