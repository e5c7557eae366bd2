//! The real programs, built once per run with everything that any test needs of them.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};

use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// Where the binaries lie.
#[derive(Debug)]
pub struct Binaries {
    paths: HashMap<String, PathBuf>,
}

impl Binaries {
    /// The binaries of this workspace as they are now. Built by the first call.
    ///
    /// # Panics
    /// Where they do not build: then there is nothing to test.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Binaries> = OnceCell::const_new();
        SHARED.get_or_init(Self::build).await
    }

    /// The two programs that are deployed, built by the command that builds their images: an
    /// optimized build takes minutes. Built by the first call.
    ///
    /// # Panics
    /// Where they do not build: then there is nothing to test.
    pub async fn deployed() -> &'static Self {
        static DEPLOYED: OnceCell<Binaries> = OnceCell::const_new();
        DEPLOYED.get_or_init(async || Self { paths: build(&build_of_the_images()).await }).await
    }

    /// The path of `gateway`, `worker` or `spillway`.
    pub fn path(&self, name: &str) -> &PathBuf {
        self.paths.get(name).unwrap_or_else(|| panic!("there is no binary {name}"))
    }

    /// One build of all three: builds with different features would compile most dependencies
    /// several times. `spillway` has the feature `gcp`, for the operator's commands.
    async fn build() -> Self {
        let packages = ["-p", "gateway", "-p", "worker", "-p", "standalone"];
        let features = "gateway/gcp,worker/gcp,standalone/gcp";
        let arguments = [&["build", "--locked"][..], &packages, &["--features", features]].concat();
        let mut paths = build(&arguments).await;
        let spillway = set_apart(&paths["spillway"], "spillway");
        paths.insert("spillway".to_owned(), spillway);
        Self { paths }
    }
}

/// The arguments of the one `cargo build` in the Dockerfiles.
fn build_of_the_images() -> Vec<String> {
    let dockerfile = concat!(env!("CARGO_MANIFEST_DIR"), "/../Dockerfile.gateway");
    let dockerfile = std::fs::read_to_string(dockerfile).expect("the Dockerfile");
    let mut commands = dockerfile.lines().filter_map(|line| line.strip_prefix("RUN cargo "));
    let build = commands.find(|command| command.starts_with("build "));
    build.expect("a build").split_whitespace().map(str::to_owned).collect()
}

/// Copies a program to where no other build replaces it: `cargo run` makes another `spillway`.
fn set_apart(program: &Path, name: &str) -> PathBuf {
    let folder = program.with_file_name("e2e");
    std::fs::create_dir_all(&folder).expect("a folder beside the program");
    let (fresh, place) = (folder.join(format!("{name}.{}", process::id())), folder.join(name));
    std::fs::copy(program, &fresh).expect("a copy of the program");
    // In one step: another run may be starting the one that is there.
    std::fs::rename(fresh, &place).expect("the copy in its place");
    place
}

async fn build<A: AsRef<OsStr> + Debug>(arguments: &[A]) -> HashMap<String, PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // Cargo tells each test about its package in variables that build scripts watch. A build that
    // inherits them compiles half the dependencies again, and so does the next build from a shell.
    for (name, _) in std::env::vars_os().filter(|(name, _)| tells_of_a_package(name)) {
        command.env_remove(name);
    }
    // Progress and errors go to the terminal. `output()` would catch them.
    let cargo = command
        .args(arguments)
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("cargo runs");
    let output = cargo.wait_with_output().await.expect("cargo ends");
    assert!(output.status.success(), "cargo {arguments:?} failed: see the errors above");
    let lines = output.stdout.split(|byte| *byte == b'\n');
    lines.filter_map(|line| executable(&serde_json::from_slice(line).ok()?)).collect()
}

fn tells_of_a_package(variable: &OsStr) -> bool {
    let variable = variable.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|told| variable.starts_with(told))
}

fn executable(message: &Value) -> Option<(String, PathBuf)> {
    let name = message["target"]["name"].as_str()?;
    Some((name.to_owned(), message["executable"].as_str()?.into()))
}
