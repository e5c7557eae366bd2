//! A PostgreSQL of its own: a new cluster with the settings that it has by default.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::BenchError;
use crate::process::{Process, free_port};

/// PostgreSQL does not run as root; this user exists where it is installed.
const USER: &str = "postgres";

pub(crate) struct Postgres {
    process: Process,
}

impl Postgres {
    pub(crate) fn start(folder: &Path) -> Result<Self, BenchError> {
        let folder = folder.join("postgres");
        std::fs::create_dir(&folder)?;
        run(Command::new("chmod").arg("a+rx").arg(folder.parent().unwrap_or(&folder)))?;
        if is_root() {
            run(Command::new("chown").arg(USER).arg(&folder))?;
        }
        let data = folder.join("data");
        let mut initdb = program("initdb");
        run(initdb.current_dir(&folder).args(["-A", "trust", "-U", USER, "-D"]).arg(&data))?;
        let port = free_port()?;
        let mut command = program("postgres");
        command.current_dir(&folder).arg("-D").arg(&data).arg("-k").arg(&folder);
        command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        Ok(Self {
            process: Process::start(
                "postgres",
                &mut command,
                port,
                folder.parent().unwrap_or(&folder),
            )?,
        })
    }

    pub(crate) fn is_there() -> bool {
        bin().is_some()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}@{}/postgres", self.process.address)
    }
}

/// The folder of its programs; Debian's is not on the path.
fn bin() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    std::env::split_paths(&path).chain(debian).find(|folder| folder.join("initdb").is_file())
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

fn program(name: &str) -> Command {
    let file = bin().unwrap_or_default().join(name);
    if !is_root() {
        return Command::new(file);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(file);
    command
}

fn run(command: &mut Command) -> Result<(), BenchError> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(BenchError::Failed(command.get_program().display().to_string(), said))
}
