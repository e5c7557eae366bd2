//! Images as the Dockerfiles describe them, built by Buildah without a daemon. The base image, which a registry
//! has, is put together from Debian's packages; the programs are built already.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// The repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Where the stage that builds leaves the programs.
const BUILT: &str = "src/target/release";
/// What the base image has of Debian, besides its certificates.
const PACKAGES: &str = "base-files,libc6,libgcc-s1";

/// A place for images, which is removed with all in it.
pub(crate) struct Store {
    folder: TempDir,
}

/// An image, and its files.
pub(crate) struct Image {
    pub(crate) folder: PathBuf,
    pub(crate) user: String,
    pub(crate) entrypoint: Vec<String>,
    pub(crate) layers: usize,
}

impl Store {
    /// A place with the base image `name` in it.
    pub(crate) fn with_base(name: &str) -> Self {
        let store = Self { folder: tempfile::tempdir().expect("a folder") };
        let base = store.folder.path().join("base");
        succeed(
            Command::new("mmdebstrap").args(["--variant=extract", "--include", PACKAGES]).args([
                "--format=directory",
                "trixie",
                &base.display().to_string(),
            ]),
        );
        for (file, text) in [
            ("etc/hosts", ""),
            ("etc/resolv.conf", ""),
            ("etc/nsswitch.conf", "hosts: files dns\n"),
            ("etc/ssl/certs/ca-certificates.crt", ""),
        ] {
            let path = base.join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        std::fs::write(store.folder.path().join("Dockerfile"), "FROM scratch\nCOPY base /\n")
            .expect("a file");
        let folder = store.folder.path().display().to_string();
        succeed(store.buildah().args(["build", "--isolation", "chroot", "--tag", name, &folder]));
        store
    }

    /// Builds the last stage of the program's Dockerfile; `built` stands for the stage before.
    pub(crate) fn build(&self, name: &str, program: &Path) -> Image {
        let (file, built) = (self.folder.path().join(name), self.folder.path().join("built"));
        std::fs::create_dir_all(built.join(BUILT)).expect("a folder");
        std::fs::copy(program, built.join(BUILT).join(name)).expect("a copy");
        std::fs::write(&file, last_stage(name)).expect("a file");
        succeed(
            self.buildah()
                .args(["build", "--isolation", "chroot", "--pull=never", "--tag", name])
                .arg(format!("--build-context=builder={}", built.display()))
                .arg("--file")
                .args([&file, &built]),
        );
        let described = succeed(self.buildah().args(["inspect", "--type", "image", name]));
        let described: Value = serde_json::from_str(&described).expect("JSON");
        let image = &described["OCIv1"];
        let container = succeed(self.buildah().args(["from", "--pull=never", name]));
        let entrypoint = image["config"]["Entrypoint"].as_array().expect("an entry point");
        Image {
            folder: succeed(self.buildah().args(["mount", container.trim()])).trim().into(),
            user: image["config"]["User"].as_str().expect("a user").to_owned(),
            entrypoint: entrypoint.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            layers: image["rootfs"]["diff_ids"].as_array().expect("layers").len(),
        }
    }

    fn buildah(&self) -> Command {
        let mut buildah = Command::new("buildah");
        buildah.args(["--storage-driver", "vfs", "--root"]).arg(self.folder.path().join("images"));
        buildah.arg("--runroot").arg(self.folder.path().join("running"));
        buildah
    }
}

/// The part of a Dockerfile that is deployed.
fn last_stage(program: &str) -> String {
    let file = std::fs::read_to_string(format!("{ROOT}/Dockerfile.{program}")).expect("a file");
    let start = file.rfind("\nFROM ").expect("a stage");
    file[start + 1..].to_owned()
}

/// The base image of a program's Dockerfile.
pub(crate) fn base(program: &str) -> String {
    let stage = last_stage(program);
    let line = stage.lines().next().expect("a line");
    line.strip_prefix("FROM ").expect("a base").to_owned()
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}
