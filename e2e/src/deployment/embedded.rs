//! The embedded mode: one process with a data folder of its own.

use std::path::Path;

use tempfile::TempDir;

use super::restart::replace;
use super::settings::Settings;
use crate::binaries::Binaries;
use crate::last_will::LastWill;
use crate::service::{Service, ServiceError};

/// One process and its data folder, which is removed with it.
pub struct Embedded {
    service: Option<Service>,
    folder: TempDir,
    _last_will: LastWill,
    settings: Settings,
}

impl Embedded {
    /// Starts with a new data folder.
    pub async fn start(settings: Settings) -> Result<Self, ServiceError> {
        Self::start_in(tempfile::tempdir()?, settings).await
    }

    /// Starts with this data folder.
    pub async fn start_in(folder: TempDir, settings: Settings) -> Result<Self, ServiceError> {
        let last_will = LastWill::remove(folder.path())?;
        let service = Some(start(folder.path(), &settings).await?);
        Ok(Self { service, folder, _last_will: last_will, settings })
    }

    /// The process.
    pub fn service(&self) -> &Service {
        self.service.as_ref().expect("it was started")
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills the process and starts it again at the same address.
    pub async fn crash(&mut self) -> Result<(), ServiceError> {
        let port = self.service().port();
        let settings = at_port(&self.settings, port);
        let folder = self.folder.path().to_owned();
        replace(&mut self.service, async || start(&folder, &settings).await).await
    }

    /// Asks the process to end, and waits until it has.
    pub async fn terminate(&mut self) -> std::io::Result<std::process::ExitStatus> {
        self.service.take().expect("it was started").terminate().await
    }

    /// Changes the settings for the next start.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Starts again after [`Embedded::terminate`].
    pub async fn start_again(&mut self) -> Result<(), ServiceError> {
        self.service = Some(start(self.folder.path(), &self.settings).await?);
        Ok(())
    }
}

/// `settings` with this port.
pub(super) fn at_port(settings: &Settings, port: u16) -> Settings {
    let mut settings = settings.clone();
    settings.push(("PORT", port.to_string()));
    settings
}

async fn start(folder: &Path, settings: &Settings) -> Result<Service, ServiceError> {
    let mut settings = settings.clone();
    settings.push(("DATA_DIR", folder.display().to_string()));
    Service::start(Binaries::shared().await.path("spillway"), &settings).await
}
