//! Terraform, in a copy of its folder, with a provider that keeps resources in memory.

use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;
use tokio::process::Command;

use super::provider::Provider;

/// The repository.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A copy of the folder, in a folder that was empty.
pub(crate) struct Folder {
    pub(crate) provider: Provider,
    folder: TempDir,
}

/// What a command printed, and how it ended.
pub(crate) struct Printed {
    pub(crate) status: Option<i32>,
    pub(crate) text: String,
}

impl Folder {
    /// Copies what Terraform reads, and starts the provider.
    pub(crate) async fn new() -> Self {
        let (from, folder) = (Path::new(ROOT).join("terraform"), tempfile::tempdir());
        let folder = folder.expect("a folder");
        let to = folder.path().join("terraform");
        std::fs::create_dir(&to).expect("a folder");
        for file in std::fs::read_dir(&from).expect("Terraform's folder") {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|extension| extension == "tf" || extension == "json") {
                let name = path.file_name().expect("a name");
                std::fs::copy(&path, to.join(name)).expect("a copy");
            }
        }
        Self { provider: Provider::start(&to).await, folder }
    }

    /// The folder around Terraform's.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Runs a script in it.
    ///
    /// # Panics
    /// If it cannot be run, or prints what is not text.
    pub(crate) async fn run(&self, script: &str) -> Printed {
        let mut command = Command::new("bash");
        command.args(["-e", "-o", "pipefail", "-c", script]);
        let Output { status, stdout, stderr } = command
            .current_dir(self.folder.path())
            .env("TF_REATTACH_PROVIDERS", self.provider.variable())
            // Its own wish to look for newer versions.
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_CLI_CONFIG_FILE")
            .env("TF_CLI_ARGS", "-no-color")
            .kill_on_drop(true)
            .output()
            .await
            .expect("bash");
        let text = [stdout, stderr].concat();
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(!text.contains("terraform: command not found"), "Terraform 1.11 is missing");
        Printed { status: status.code(), text }
    }
}
