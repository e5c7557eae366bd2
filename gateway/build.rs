//! Compresses what browsers load, so that it is compiled in as it travels.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// The folder of the files. Each is served as it is.
const ASSETS: &str = "assets";
/// The API's description, which is committed where people look for it.
const OPENAPI: &str = "../docs/openapi.json";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={ASSETS}");
    println!("cargo::rerun-if-changed={OPENAPI}");
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    compress_all(Path::new(ASSETS), &out)?;
    compress(Path::new(OPENAPI), &out.join("openapi.json.gz"))
}

/// Writes `{out}/{folder}/…/{file}.gz` for every file below `folder`.
fn compress_all(folder: &Path, out: &Path) -> io::Result<()> {
    fs::create_dir_all(out.join(folder))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            compress_all(&path, out)?;
        } else {
            compress(&path, &out.join(format!("{}.gz", path.display())))?;
        }
    }
    Ok(())
}

fn compress(from: &Path, to: &Path) -> io::Result<()> {
    let mut gzip = GzEncoder::new(File::create(to)?, Compression::best());
    gzip.write_all(&fs::read(from)?)?;
    gzip.finish()?.flush()
}
