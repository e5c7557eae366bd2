//! Where `./dev clients` has put the clients.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// What a client is part of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Package {
    /// A package of npm.
    Npm(&'static str),
    /// A package of PyPI.
    Pypi(&'static str),
    /// A package of Debian 12, by its version there.
    Debian(&'static str, &'static str),
    /// Python itself.
    Python,
}

/// The folder of the clients.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/clients")
}

/// A file or folder of theirs.
///
/// # Errors
/// If it is not installed.
pub(crate) fn place(path: &str) -> Result<PathBuf, String> {
    let place = folder().join(path);
    if place.exists() {
        return Ok(place);
    }
    Err(format!("{} is missing; `./dev clients` installs it", place.display()))
}

impl Package {
    /// Its name, as its registry has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Npm(name) | Self::Pypi(name) | Self::Debian(name, _) => name,
            Self::Python => "logging.handlers",
        }
    }

    /// Its registry and version.
    ///
    /// # Errors
    /// If it is not installed.
    pub(crate) fn version(self) -> Result<String, String> {
        match self {
            Self::Npm(name) => Ok(format!("npm {}", of_npm(name)?)),
            Self::Pypi(name) => Ok(format!("PyPI {}", of_pypi(name)?)),
            Self::Debian(_, version) => Ok(format!("Debian 12, {version}")),
            Self::Python => Ok("Python 3".to_owned()),
        }
    }
}

fn of_npm(name: &str) -> Result<String, String> {
    let package = std::fs::read(place(&format!("node_modules/{name}/package.json"))?);
    let package: Value = serde_json::from_slice(&package.map_err(|error| error.to_string())?)
        .map_err(|error| error.to_string())?;
    package["version"].as_str().map(str::to_owned).ok_or(format!("{name} has no version"))
}

fn of_pypi(name: &str) -> Result<String, String> {
    let pinned = std::fs::read_to_string(place("requirements.txt")?);
    let pinned = pinned.map_err(|error| error.to_string())?;
    let version = pinned.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("=="));
    version.map(str::to_owned).ok_or(format!("{name} is not pinned"))
}
