//! The CSV files of Plausible's export: in its archive, in a folder, or named one by one.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::super::rows::Rows;

/// What an archive begins with.
const ZIP: &[u8] = b"PK\x03\x04";

/// A CSV file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CsvFile {
    /// Without its folder.
    pub(super) name: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    File(PathBuf),
    /// A part of an archive.
    Packed {
        archive: PathBuf,
        start: u64,
        length: u64,
        is_deflated: bool,
    },
}

/// The CSV files of archives, folders and files, in the order of their names.
pub(super) fn find(paths: &[PathBuf]) -> io::Result<Vec<CsvFile>> {
    let found: io::Result<Vec<Vec<CsvFile>>> = paths.iter().map(|path| of_path(path)).collect();
    let mut files: Vec<CsvFile> = found?.into_iter().flatten().collect();
    files.retain(|file| file.name.contains(".csv"));
    files.sort();
    Ok(files)
}

fn of_path(path: &Path) -> io::Result<Vec<CsvFile>> {
    if path.is_dir() {
        let entries: io::Result<Vec<_>> = fs::read_dir(path)?.collect();
        return Ok(entries?.into_iter().map(|entry| of_file(entry.path())).collect());
    }
    if is_archive(path)? { of_archive(path) } else { Ok(vec![of_file(path.to_owned())]) }
}

fn of_file(path: PathBuf) -> CsvFile {
    CsvFile { name: base_name(&path.to_string_lossy()), place: Place::File(path) }
}

fn is_archive(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    File::open(path)?.take(ZIP.len() as u64).read_to_end(&mut beginning)?;
    Ok(beginning == ZIP)
}

fn of_archive(path: &Path) -> io::Result<Vec<CsvFile>> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?))?;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index)?;
        let (name, start) = (base_name(&entry.name()?), entry.data_start().unwrap_or_default());
        let (archive, length) = (path.to_owned(), entry.compressed_size());
        let is_deflated = match entry.compression() {
            CompressionMethod::Stored => false,
            // A pattern would need the crate's own unpacking, which this build leaves out.
            other if other == CompressionMethod::DEFLATE => true,
            _ => return Err(io::Error::other(format!("{name} is packed in an unknown way"))),
        };
        files.push(CsvFile { name, place: Place::Packed { archive, start, length, is_deflated } });
    }
    Ok(files)
}

fn base_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

impl CsvFile {
    pub(super) fn rows(&self) -> io::Result<Rows> {
        match &self.place {
            Place::File(path) => Rows::open(path),
            Place::Packed { archive, start, length, is_deflated } => {
                let mut file = File::open(archive)?;
                file.seek(SeekFrom::Start(*start))?;
                let packed = BufReader::new(file).take(*length);
                let text: Box<dyn Read> = if *is_deflated {
                    Box::new(DeflateDecoder::new(packed))
                } else {
                    Box::new(packed)
                };
                Rows::of(text)
            }
        }
    }
}
