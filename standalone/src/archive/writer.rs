//! Appends lines to the archive's files and syncs them to disk.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{
    self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _,
};
use std::path::{Path, PathBuf};

use common::broker::embedded::Archivable;
use common::message::flow;
use common::metrics::{ARCHIVE_FILES, ARCHIVED};
use thiserror::Error;

use super::line::Line;
use super::place;
use super::reader::{EXTENSION, Input, inputs};

/// The size in bytes after which a new file is started.
const LARGE: u64 = 64 << 20;
/// How many files are open at once.
const MOST_OPEN: usize = 64;

/// The archive's only writer.
pub(super) struct Writer {
    root: PathBuf,
    original: bool,
    /// The open file of each folder.
    open: BTreeMap<PathBuf, File>,
}

/// A place that cannot be written.
#[derive(Debug, Error)]
#[error("cannot write to {}", path.display())]
pub(super) struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// What became of a batch of messages.
#[derive(Default)]
pub(super) struct Appended {
    /// The messages that are on disk.
    pub(super) written: Vec<i64>,
    /// The folders that cannot be written.
    pub(super) blocked: Vec<Blocked>,
    /// Why no folder can be written. Some messages were not tried then.
    pub(super) stopped: Option<WriteError>,
}

/// A folder that cannot be written. None of its messages is in [`Appended::written`].
pub(super) struct Blocked {
    pub(super) tenant: String,
    /// The first of its messages.
    pub(super) first: i64,
    pub(super) error: WriteError,
}

impl Writer {
    /// A writer that redacts texts unless `original`.
    pub(super) fn new(root: PathBuf, original: bool) -> Self {
        Self { root, original, open: BTreeMap::new() }
    }

    /// Removes half-written last lines that a crash left. A file that cannot be repaired is left as
    /// it is: nothing is appended to it, and readers skip the broken line.
    pub(super) fn repair(&self) -> Result<(), WriteError> {
        if !self.root.exists() {
            return Ok(());
        }
        let failed = |source| WriteError { path: self.root.clone(), source };
        for tenant in fs::read_dir(&self.root).map_err(failed)? {
            repair_below(&tenant.map_err(failed)?.path());
        }
        Ok(())
    }

    /// Writes the messages, each folder on its own. After a failure, some of the messages may be in
    /// the archive, and a last line may be half written: the next call for that file removes it.
    pub(super) fn append(&mut self, messages: Vec<Archivable>) -> Result<Appended, WriteError> {
        let mut appended = Appended::default();
        for (folder, chunk) in self.chunks(messages)? {
            let Err(source) = self.write(&folder, &chunk) else {
                appended.written.extend(chunk.ids);
                continue;
            };
            let is_everywhere = is_of_disk(source.kind()) || !self.root.is_dir();
            let error = WriteError { path: folder, source };
            if is_everywhere {
                appended.stopped = Some(error);
                break;
            }
            appended.blocked.push(Blocked { tenant: chunk.tenant, first: chunk.ids[0], error });
        }
        Ok(appended)
    }

    /// The messages of each folder.
    fn chunks(&self, messages: Vec<Archivable>) -> Result<BTreeMap<PathBuf, Chunk>, WriteError> {
        let mut chunks: BTreeMap<PathBuf, Chunk> = BTreeMap::new();
        for message in messages {
            let (id, attributes) = (message.id, &message.message.attributes);
            let folder = self.root.join(place::folder(attributes));
            let tenant = || Chunk { tenant: flow(attributes).tenant, ..Chunk::default() };
            let chunk = chunks.entry(folder.clone()).or_insert_with(tenant);
            let line = serde_json::to_writer(&mut chunk.lines, &Line::of(message, self.original));
            line.map_err(|error| WriteError { path: folder, source: error.into() })?;
            chunk.lines.push(b'\n');
            chunk.ids.push(id);
        }
        Ok(chunks)
    }

    fn write(&mut self, folder: &Path, chunk: &Chunk) -> io::Result<()> {
        let mut file = match self.open.remove(folder) {
            Some(file) => file,
            None => open(&self.root, folder, chunk.ids[0])?,
        };
        file.write_all(&chunk.lines)?;
        file.sync_data()?;
        ARCHIVED.inc_by(chunk.ids.len() as u64);
        if file.metadata()?.len() < LARGE {
            if self.open.len() == MOST_OPEN {
                self.open.pop_first();
            }
            self.open.insert(folder.to_owned(), file);
        }
        Ok(())
    }
}

/// The lines for one folder.
#[derive(Default)]
struct Chunk {
    tenant: String,
    ids: Vec<i64>,
    lines: Vec<u8>,
}

/// Whether an error comes from the disk, so that any other folder would have it too.
fn is_of_disk(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(kind, QuotaExceeded | ReadOnlyFilesystem | StorageFull)
}

/// Repairs the files of a tenant.
fn repair_below(folder: &Path) {
    let files = inputs(folder).unwrap_or_else(|error| {
        tracing::warn!(path = %folder.display(), %error, "cannot look for files to repair");
        Vec::new()
    });
    for Input { path, .. } in files {
        if let Err(error) = cut_torn(&path) {
            tracing::warn!(path = %path.display(), %error, "cannot repair a file");
        }
    }
}

/// Opens the folder's last file, or a new one if that is large. A file is named by the number of its
/// first message, so names sort by arrival.
fn open(root: &Path, folder: &Path, first: i64) -> io::Result<File> {
    make(root, folder)?;
    if let Some(last) = last_file(folder)? {
        cut_torn(&last)?;
        // What a power cut has damaged is in the queue still, so its folder is opened again.
        remove_holes(folder, &last)?;
        let file = OpenOptions::new().append(true).open(last)?;
        if file.metadata()?.len() < LARGE {
            return Ok(file);
        }
    }
    let path = folder.join(format!("{first:019}.{EXTENSION}"));
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    sync_folder(folder)?;
    ARCHIVE_FILES.inc();
    Ok(file)
}

/// Creates the archive's folder, so that it can be read from the start.
pub(crate) fn prepare(root: &Path) -> io::Result<()> {
    make(root, root)
}

/// Creates `folder` and its parents below `root`, and syncs each to disk before its children.
fn make(root: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|_| folder != root);
    if let Some(parent) = parent {
        make(root, parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(folder.parent().unwrap_or(root)),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a relative path of one name is the empty path.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

fn last_file(folder: &Path) -> io::Result<Option<PathBuf>> {
    let mut last = None;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_own(&path) {
            last = last.max(Some(path));
        }
    }
    Ok(last)
}

/// Whether the file is one of the archive's own; others are left alone.
fn is_own(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == EXTENSION)
}

/// Removes what follows the last whole line.
fn cut_torn(path: &Path) -> io::Result<()> {
    if !is_own(path) {
        return Ok(());
    }
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
fn remove_holes(folder: &Path, path: &Path) -> io::Result<()> {
    if !has_zeros(path)? {
        return Ok(());
    }
    let repaired = path.with_extension("repaired");
    let removed = copy_whole_lines(path, &repaired)?;
    fs::rename(&repaired, path)?;
    sync_folder(folder)?;
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

#[cfg(test)]
mod tests {
    use common::broker::Message;
    use common::program::chain;
    use tempfile::TempDir;

    use super::*;

    fn message(id: i64, tenant: &str) -> Archivable {
        let attributes = [("tenant_id", tenant), ("received_at", "2026-03-01T00:00:00Z")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let data = format!("text {id}").into_bytes();
        Archivable { id, message: Message { data, attributes: attributes.into() } }
    }

    fn folder() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("archive");
        (folder, root)
    }

    fn lines(path: &Path) -> Vec<i64> {
        let text = fs::read_to_string(path).expect("a file");
        let id =
            |line: &str| serde_json::from_str::<Line>(line).expect("a line").id.expect("an id");
        text.lines().map(id).collect()
    }

    #[test]
    fn messages_are_filed_by_tenant_and_day_and_the_file_goes_on_after_a_restart() {
        let (_folder, root) = folder();
        let mut writer = Writer::new(root.clone(), true);
        writer.append(vec![message(1, "a"), message(2, "b"), message(3, "a")]).expect("written");
        writer.append(vec![message(4, "a")]).expect("written");
        let mut writer = Writer::new(root.clone(), true);
        writer.append(vec![message(5, "a")]).expect("written");
        let a = root.join("a/2026-03-01/0000000000000000001.ndjson");
        assert_eq!(lines(&a), [1, 3, 4, 5]);
        assert_eq!(lines(&root.join("b/2026-03-01/0000000000000000002.ndjson")), [2]);
    }

    #[test]
    fn a_half_written_last_line_is_removed_before_anything_is_appended() {
        let (_folder, root) = folder();
        Writer::new(root.clone(), true).append(vec![message(1, "a")]).expect("written");
        let path = root.join("a/2026-03-01/0000000000000000001.ndjson");
        for torn in [&b"{\"id\":2"[..], &vec![b'x'; 10_000]] {
            let mut file = OpenOptions::new().append(true).open(&path).expect("the file");
            file.write_all(torn).expect("written");
            Writer::new(root.clone(), true).repair().expect("repaired");
            assert_eq!(lines(&path), [1]);
        }
        fs::write(&path, b"{\"id\":1").expect("written");
        Writer::new(root.clone(), true).append(vec![message(1, "a")]).expect("written");
        assert_eq!(lines(&path), [1]);
    }

    #[test]
    fn lines_with_zeros_are_removed_before_anything_is_appended() {
        let (_folder, root) = folder();
        Writer::new(root.clone(), true).append(vec![message(1, "a")]).expect("written");
        let path = root.join("a/2026-03-01/0000000000000000001.ndjson");
        let first = fs::read_to_string(&path).expect("a line");
        let second = first.replace("\"id\":1", "\"id\":2");
        let large = [&[0; 5_000], &vec![b'x'; 70_000][..], b"\n"].concat();
        for hole in [&b"\0\0}\n"[..], b"{\"id\":\0}\n\0\n", &large] {
            let damaged = [first.as_bytes(), hole, second.as_bytes(), b"{\"id\":\0"].concat();
            fs::write(&path, damaged).expect("written");
            Writer::new(root.clone(), true).append(vec![message(3, "a")]).expect("written");
            assert_eq!(lines(&path), [1, 2, 3]);
        }
    }

    #[test]
    fn a_tenant_whose_folder_cannot_be_written_costs_no_other_one() {
        let (_folder, root) = folder();
        prepare(&root).expect("a folder");
        fs::write(root.join("a"), b"in the way").expect("written");
        let mut writer = Writer::new(root.clone(), true);
        let batch = || vec![message(1, "a"), message(2, "b"), message(3, "a")];
        let Appended { written, blocked, stopped } = writer.append(batch()).expect("tried");
        assert!(written == [2] && stopped.is_none());
        let [Blocked { tenant, first: 1, error }] = &blocked[..] else { panic!("it is blocked") };
        assert_eq!((tenant.as_str(), &error.path), ("a", &root.join("a/2026-03-01")));
        assert!(chain(error).ends_with("Not a directory (os error 20)"), "{}", chain(error));
        fs::remove_file(root.join("a")).expect("removed");
        assert_eq!(writer.append(batch()).expect("tried").written, [1, 3, 2]);
        assert_eq!(lines(&root.join("a/2026-03-01/0000000000000000001.ndjson")), [1, 3]);
    }

    #[test]
    fn without_the_archives_own_folder_nothing_more_is_tried() {
        let (_folder, root) = folder();
        fs::write(&root, b"in the way").expect("written");
        let mut writer = Writer::new(root.clone(), true);
        writer.repair().expect_err("a file is in the way");
        let appended = writer.append(vec![message(1, "a"), message(2, "b")]).expect("tried");
        assert!(appended.stopped.is_some() && appended.blocked.is_empty());
        fs::remove_file(&root).expect("removed");
        assert_eq!(writer.append(vec![message(1, "a")]).expect("tried").written, [1]);
        assert_eq!(lines(&root.join("a/2026-03-01/0000000000000000001.ndjson")), [1]);
    }

    #[test]
    fn there_may_be_more_folders_than_open_files() {
        let (_folder, root) = folder();
        let mut writer = Writer::new(root.clone(), true);
        for round in 0..2 {
            let batch = (1..=100).map(|n| message(round * 100 + n, &format!("t{n}"))).collect();
            writer.append(batch).expect("written");
        }
        assert!(writer.open.len() <= MOST_OPEN);
        assert_eq!(lines(&root.join("t100/2026-03-01/0000000000000000100.ndjson")), [100, 200]);
    }
}
