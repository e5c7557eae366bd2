//! A project of Google Cloud on this machine.

use std::io;

use thiserror::Error;

use super::authority::{Authority, AuthorityError};
use super::front::Front;
use super::metadata_server::MetadataServer;
use crate::emulators::{self, EmulatorError, Emulators};

/// A project of its own.
#[derive(Debug)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Who signs the certificates of Pub/Sub and Firestore.
    pub authority: Authority,
    /// Who gives tokens.
    pub metadata: MetadataServer,
    /// Pub/Sub.
    pub pubsub: Front,
    /// Firestore.
    pub firestore: Front,
}

/// Why it does not run.
#[derive(Debug, Error)]
pub enum ProjectError {
    /// The emulators do not run.
    #[error(transparent)]
    Emulators(#[from] EmulatorError),
    /// There is no certificate.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A server cannot listen.
    #[error("a server cannot listen")]
    Io(#[from] io::Error),
}

impl Project {
    /// Starts all of it, in front of the emulators that this process shares.
    pub async fn start() -> Result<Self, ProjectError> {
        let (behind, authority) = (Emulators::try_shared().await?, Authority::new()?);
        let metadata = MetadataServer::start().await?;
        let front = async |host| -> Result<Front, ProjectError> {
            Ok(Front::start(host, authority.server()?, metadata.tokens().clone()).await?)
        };
        let (pubsub, firestore) =
            (front(behind.pubsub_host()).await?, front(behind.firestore_host()).await?);
        Ok(Self { id: emulators::project(), authority, metadata, pubsub, firestore })
    }
}
