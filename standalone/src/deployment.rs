//! The deployment that a command works on: a data folder, or a project on Google Cloud if the program
//! was built with the feature `gcp`.

use std::fmt;
use std::io;
use std::path::PathBuf;

use clap::Args;
use common::broker::{Broker, PublishError};
#[cfg(feature = "gcp")]
use common::config::GoogleServices;
use common::store::DocumentStore;
use thiserror::Error;

use crate::databases::{self, DatabaseError};
use crate::held_folder;

#[derive(Args, Clone, Debug)]
pub(crate) struct DeploymentArgs {
    /// The data folder; its server may be running [default: ./spillway-data].
    #[arg(long, env = "DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// The project on Google Cloud, instead of a data folder.
    #[cfg(feature = "gcp")]
    #[arg(long, env = "GOOGLE_CLOUD_PROJECT")]
    google_cloud_project: Option<String>,

    #[cfg(feature = "gcp")]
    #[command(flatten)]
    services: GoogleServices,
}

/// Why the deployment cannot be used.
#[derive(Debug, Error)]
pub(crate) enum DeploymentError {
    #[error("both DATA_DIR and GOOGLE_CLOUD_PROJECT are set; set only one of them")]
    #[cfg_attr(not(feature = "gcp"), expect(dead_code, reason = "there are no projects"))]
    TwoPlaces,
    #[error("there is no store in {0}; name its data folder with --data-dir")]
    NoStore(PathBuf),
    #[error("cannot create the data folder {0}")]
    Folder(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("cannot find credentials for Pub/Sub")]
    Credentials(#[from] PublishError),
}

impl DeploymentError {
    /// Whether the deployment does not exist, or the options make no sense together.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::TwoPlaces | Self::NoStore(_))
    }
}

/// Where the deployment is.
pub(crate) enum Deployment {
    Folder(PathBuf),
    #[cfg(feature = "gcp")]
    Project(String, GoogleServices),
}

impl DeploymentArgs {
    /// The deployment that is named. If two are named, neither is used: publishing cannot be
    /// undone.
    pub(crate) fn chosen(&self) -> Result<Deployment, DeploymentError> {
        #[cfg(feature = "gcp")]
        if let Some(project) = self.google_cloud_project.clone() {
            if self.data_dir.is_some() {
                return Err(DeploymentError::TwoPlaces);
            }
            // For TLS. Fails only if a provider is installed already, which is just as good.
            drop(rustls::crypto::ring::default_provider().install_default());
            return Ok(Deployment::Project(project, self.services.clone()));
        }
        let folder = self.data_dir.clone().unwrap_or_else(|| held_folder::DEFAULT.into());
        Ok(Deployment::Folder(folder))
    }
}

impl Deployment {
    /// The broker. A folder's queue is created if it is missing.
    pub(crate) async fn broker(&self) -> Result<Box<dyn Broker>, DeploymentError> {
        match self {
            Self::Folder(folder) => {
                let made = held_folder::prepare(folder);
                made.map_err(|error| DeploymentError::Folder(folder.clone(), error))?;
                Ok(Box::new(databases::inbox(folder)?))
            }
            #[cfg(feature = "gcp")]
            Self::Project(project, services) => Ok(Box::new(services.broker(project).await?)),
        }
    }

    /// The store, which must exist.
    pub(crate) fn store(&self) -> Result<Box<dyn DocumentStore>, DeploymentError> {
        match self {
            Self::Folder(folder) if !databases::has_store(folder) => {
                Err(DeploymentError::NoStore(folder.clone()))
            }
            Self::Folder(folder) => Ok(Box::new(databases::store(folder)?)),
            #[cfg(feature = "gcp")]
            Self::Project(project, services) => Ok(Box::new(services.store(project))),
        }
    }

    /// Whether published messages are processed now; on Google Cloud they always are.
    pub(crate) fn is_served(&self) -> bool {
        match self {
            Self::Folder(folder) => held_folder::is_held(folder),
            #[cfg(feature = "gcp")]
            Self::Project(..) => true,
        }
    }
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
