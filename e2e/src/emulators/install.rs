//! Finds Java, and the emulators in the Google Cloud SDK.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::EmulatorError;
use super::service::Service;

/// The Java that is on the path.
pub(super) fn java() -> Result<PathBuf, EmulatorError> {
    on_path("java").ok_or(EmulatorError::NoJava)
}

/// The arguments with which Java runs the emulator of `service`.
pub(super) fn program(service: Service) -> Result<Vec<String>, EmulatorError> {
    let folder = sdk()?.join("platform").join(match service {
        Service::Pubsub => "pubsub-emulator/lib",
        Service::Firestore => "cloud-firestore-emulator",
    });
    let jar = jar_in(&folder).ok_or_else(|| EmulatorError::NoJar(folder.display().to_string()))?;
    let jar = jar.display().to_string();
    Ok(match service {
        Service::Pubsub => vec!["-jar".to_owned(), jar],
        // The archive's own main class needs more arguments.
        Service::Firestore => vec![
            "-cp".to_owned(),
            jar,
            "com.google.cloud.datastore.emulator.firestore.CloudFirestore".to_owned(),
        ],
    })
}

/// The SDK's root folder. `gcloud` on the path is often a link into it.
fn sdk() -> Result<PathBuf, EmulatorError> {
    if let Some(root) = env::var_os("CLOUDSDK_ROOT_DIR") {
        return Ok(root.into());
    }
    on_path("gcloud")
        .and_then(|gcloud| gcloud.canonicalize().ok())
        .and_then(|gcloud| Some(gcloud.parent()?.parent()?.to_owned()))
        .ok_or(EmulatorError::NoSdk)
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn jar_in(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|file| file.extension().is_some_and(|extension| extension == "jar"))
}
