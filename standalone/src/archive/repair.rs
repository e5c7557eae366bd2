//! Removes from the archive's files what a crash or a power cut has left half written.

use std::fs::{self, File, OpenOptions};
use std::io::{
    self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _,
};
use std::path::Path;

use super::folders::sync_folder;
use super::reader::{EXTENSION, Input, inputs};

/// Repairs the files of a tenant.
pub(super) fn repair_below(folder: &Path) {
    let files = inputs(folder).unwrap_or_else(|error| {
        tracing::warn!(path = %folder.display(), %error, "cannot look for files to repair");
        Vec::new()
    });
    for Input { path, .. } in files.into_iter().filter(|file| is_own(&file.path)) {
        if let Err(error) = cut_torn(&path) {
            tracing::warn!(path = %path.display(), %error, "cannot repair a file");
        }
    }
}

/// Whether the file is one of the archive's own; others are left alone.
pub(super) fn is_own(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == EXTENSION)
}

/// Removes what follows the last whole line.
pub(super) fn cut_torn(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let whole = end_of_lines(&mut file, length)?;
    if whole < length {
        tracing::warn!(path = %path.display(), bytes = length - whole, "removed a half-written last line");
        file.set_len(whole)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Removes the lines that contain zero bytes. If the power fails during an append, any part of what was being
/// appended may be zeros, even in front of whole lines. JSON never contains a zero byte.
pub(super) fn remove_holes(path: &Path) -> io::Result<()> {
    if !has_zeros(path)? {
        return Ok(());
    }
    let repaired = path.with_extension("repaired");
    let removed = copy_whole_lines(path, &repaired)?;
    fs::rename(&repaired, path)?;
    sync_folder(path.parent().unwrap_or(path))?;
    tracing::warn!(path = %path.display(), lines = removed, "removed half-written lines");
    Ok(())
}

fn has_zeros(path: &Path) -> io::Result<bool> {
    let mut blocks = BufReader::with_capacity(64 << 10, File::open(path)?);
    loop {
        let block = blocks.fill_buf()?;
        if block.is_empty() || block.contains(&0) {
            return Ok(!block.is_empty());
        }
        let length = block.len();
        blocks.consume(length);
    }
}

/// Writes the lines without zeros to a new file, syncs it, and returns how many lines had some.
fn copy_whole_lines(from: &Path, to: &Path) -> io::Result<usize> {
    let mut lines = BufReader::new(File::open(from)?);
    let mut whole = BufWriter::new(File::create(to)?);
    let (mut line, mut removed) = (Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        if line.contains(&0) {
            removed += 1
        } else {
            whole.write_all(&line)?
        }
        line.clear();
    }
    whole.into_inner()?.sync_all()?;
    Ok(removed)
}

/// Where the last whole line ends; searches backwards.
fn end_of_lines(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut block = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let block = &mut block[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
