//! Files of the archive to which nothing is appended any more are compressed by Zstandard: `1.ndjson` becomes
//! `1.ndjson.zst`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::folders::sync_folder;

/// What the name of a packed file ends with, after the name of the file itself.
const PACKED: &str = "zst";
/// The extension of a packed file that is not complete yet.
const PARTIAL: &str = "packing";
/// Messages are mostly names that repeat and ids that do not: level 6 takes five times as long for 4% less.
const LEVEL: i32 = 1;
/// The longest header of a frame, in bytes.
const HEADER: u64 = 18;

/// Replaces a file by its packed form. If this is interrupted, the file is there, or its packed form, or
/// both.
pub(crate) fn pack(path: &Path) -> io::Result<()> {
    let packed = packed(path);
    if !packed.exists() {
        let partial = path.with_extension(PARTIAL);
        compress(path, &partial).inspect_err(|_| drop(fs::remove_file(&partial)))?;
        fs::rename(&partial, &packed)?;
        sync_folder(path.parent().unwrap_or(path))?;
    }
    fs::remove_file(path)
}

fn compress(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut encoder = zstd::Encoder::new(File::create(to)?, LEVEL)?;
    // The header tells the length, which readers need before they read the file.
    encoder.set_pledged_src_size(Some(from.metadata()?.len()))?;
    encoder.include_checksum(true)?;
    io::copy(&mut from, &mut encoder)?;
    encoder.finish()?.sync_all()
}

/// The name of the packed form of a file.
pub(super) fn packed(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(PACKED);
    name.into()
}

/// The name of the file that is packed here, if one is.
pub(super) fn unpacked(path: &Path) -> Option<PathBuf> {
    (path.extension() == Some(OsStr::new(PACKED))).then(|| path.with_extension(""))
}

/// The length of the file that is packed here, in bytes; `None` if the header is damaged.
pub(super) fn unpacked_bytes(path: &Path) -> io::Result<Option<u64>> {
    let mut header = Vec::new();
    File::open(path)?.take(HEADER).read_to_end(&mut header)?;
    Ok(zstd::zstd_safe::get_frame_content_size(&header).ok().flatten())
}

/// Reads the file that is packed here.
pub(super) fn open(path: &Path) -> io::Result<impl BufRead + use<>> {
    Ok(BufReader::new(zstd::Decoder::new(File::open(path)?)?))
}

#[cfg(test)]
mod tests {
    use super::super::reader::inputs;
    use super::*;

    #[test]
    fn an_interrupted_packing_leaves_one_of_the_two_and_can_be_done_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("1.ndjson");
        let found = || {
            let inputs = inputs(folder.path()).expect("files").into_iter();
            inputs.map(|input| (input.unpacked().into_owned(), input.bytes)).collect::<Vec<_>>()
        };
        fs::write(&path, "a line\n").expect("written");
        fs::write(path.with_extension(PARTIAL), "half").expect("written");
        assert_eq!(found(), [(path.clone(), 7)]);
        pack(&path).expect("packed");
        assert_eq!(found(), [(path.clone(), 7)]);

        fs::write(&path, "a line\n").expect("the file is there again");
        assert_eq!(found(), [(path.clone(), 7)]);
        assert_eq!(inputs(folder.path()).expect("files")[0].path, packed(&path));
        pack(&path).expect("packed");
        assert!(!path.exists() && packed(&path).exists());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_packed_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("1.ndjson");
        fs::write(&path, "a line\n").expect("written");
        fs::create_dir(path.with_extension(PARTIAL)).expect("a folder in the way");
        pack(&path).expect_err("something is in the way");
        assert_eq!(fs::read_to_string(&path).expect("the file"), "a line\n");
    }
}
