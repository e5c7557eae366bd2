//! Which file of a crate imports which, and where files import each other in a loop.
//!
//! A file imports another one when its code names something that is defined there: in a `use`, in
//! an inline path, in a macro's arguments or in an attribute. A name that a module only re-exports
//! counts for the file that defines it. Neither `mod x;` nor code under `#[cfg(test)]` counts.

mod drawing;
mod loops;
mod read;
mod resolve;
mod tokens;
mod uses;

use std::fs;
use std::path::{Path, PathBuf};

pub use self::drawing::Drawing;
pub use self::read::ReadError;

/// The drawings of all crates of the workspace at `root`: one for each library and each binary.
///
/// # Errors
/// When a source file cannot be read, or is not Rust.
pub fn workspace(root: &Path) -> Result<Vec<Drawing>, ReadError> {
    let mut crates = Vec::new();
    for folder in read::sorted(root)?.into_iter().filter(|folder| is_crate(folder)) {
        // A crate may hold others that only serve it.
        crates.extend(read::sorted(&folder)?.into_iter().filter(|inner| is_crate(inner)));
        crates.push(folder);
    }
    let roots = crates.iter().flat_map(|folder| crate_roots(&folder.join("src")));
    roots.map(|file| Drawing::of(root, &file)).collect()
}

fn is_crate(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file() && folder.join("src").is_dir()
}

/// The files at which a compiler begins: the library, the binary, and the ones in `bin/`.
fn crate_roots(source: &Path) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> =
        ["lib.rs", "main.rs"].iter().map(|name| source.join(name)).collect();
    if let Ok(entries) = fs::read_dir(source.join("bin")) {
        roots.extend(entries.flatten().map(|entry| entry.path()));
    }
    roots.retain(|root| root.extension().is_some_and(|extension| extension == "rs"));
    roots.retain(|root| root.is_file());
    roots.sort();
    roots
}
