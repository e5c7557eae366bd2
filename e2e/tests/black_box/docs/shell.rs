//! A shell in which the commands of the documents run as they are printed.

use std::path::PathBuf;
use std::process::Output;

use e2e::api::PATIENCE;
use e2e::binaries::Binaries;
use e2e::deployment::Embedded;
use regex::Regex;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use super::servers::Server;

/// Where the documents say that Spillway listens.
const PRINTED: &str = r"(localhost|127\.0\.0\.1):8080";
/// How long the documents let a flood last. Here a short one shows the same.
const DURATION: &str = r"--duration \w+";
const SHORT: &str = "--duration 2s";

/// `cargo run -- …` runs the program that was built already. What sends records by default to the
/// default port sends them to the port of the test.
const CARGO: &str = r#"
cargo() {
  while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
  shift
  case "$*" in
    *--target*) ;;
    flood*|generate*|site*|export*|forget*) set -- "$@" --target "http://$SPILLWAY_ADDRESS" ;;
  esac
  spillway "$@"
}
set -e
"#;

/// A shell in an empty folder, beside the data of a running Spillway.
pub(super) struct Shell {
    folder: TempDir,
    address: String,
    /// The servers that the document starts.
    others: Vec<Server>,
    programs: PathBuf,
}

impl Shell {
    pub(super) async fn beside(embedded: &Embedded, others: Vec<Server>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("spillway-data");
        std::os::unix::fs::symlink(embedded.folder(), data).expect("a link to the data");
        let address = embedded.service().url().trim_start_matches("http://").to_owned();
        let program = Binaries::shared().await.path("spillway");
        let programs = program.parent().expect("a folder").to_owned();
        Self { folder, address, others, programs }
    }

    /// Runs a script of the documents, and returns what it prints.
    ///
    /// # Panics
    /// If it fails, or does not end in time.
    pub(super) async fn run(&self, script: &str) -> String {
        let output = self.output(script);
        let output = timeout(PATIENCE, output).await.unwrap_or_else(|_| panic!("{script} hangs"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "$ {script}\nfails with {}:\n{errors}", output.status);
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    async fn output(&self, script: &str) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        Command::new("bash")
            .args(["-c", &format!("{CARGO}{}", self.adapted(script))])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.programs.display()))
            .env("SPILLWAY_ADDRESS", &self.address)
            .kill_on_drop(true)
            .output()
            .await
            .expect("bash")
    }

    fn adapted(&self, script: &str) -> String {
        let pattern = |text: &str| Regex::new(text).expect("a pattern");
        let here = pattern(PRINTED).replace_all(script, self.address.as_str()).into_owned();
        let others = self.others.iter();
        let here = others.fold(here, |here, it| here.replace(&it.printed, &it.address()));
        pattern(DURATION).replace_all(&here, SHORT).into_owned()
    }
}
