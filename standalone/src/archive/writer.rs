//! Appends lines to the archive's files, and has them on disk when it returns.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use common::broker::embedded::Archivable;
use common::metrics::{ARCHIVE_FILES, ARCHIVED};

use super::line::Line;
use super::place;
use super::reader::{EXTENSION, Input, inputs};

/// A file larger than this is followed by another.
const LARGE: u64 = 64 << 20;
/// Files open at once.
const MOST_OPEN: usize = 64;

/// The archive as its only writer has it.
pub(super) struct Writer {
    root: PathBuf,
    original: bool,
    /// The file that each folder's messages go to.
    open: BTreeMap<PathBuf, File>,
}

impl Writer {
    /// A writer that keeps texts as they are where `original`, else redacted.
    pub(super) fn new(root: PathBuf, original: bool) -> Self {
        Self { root, original, open: BTreeMap::new() }
    }

    /// Cuts what a crash left of last lines, in all files. One that cannot be mended is left to
    /// the readers, who pass over what is no line; nothing is ever appended to it.
    pub(super) fn mend(&self) -> io::Result<()> {
        if !self.root.exists() {
            return Ok(());
        }
        for Input { path, .. } in inputs(&self.root)? {
            if let Err(error) = cut_torn(&path) {
                tracing::warn!(path = %path.display(), %error, "a file cannot be mended");
            }
        }
        Ok(())
    }

    /// Writes the messages; all are on disk when this returns `Ok`. After an error some may be,
    /// and a last line may be torn: the next call for its file cuts it.
    pub(super) fn append(&mut self, messages: Vec<Archivable>) -> io::Result<()> {
        let mut chunks: BTreeMap<PathBuf, Chunk> = BTreeMap::new();
        for message in messages {
            let folder = self.root.join(place::folder(&message.message.attributes));
            let first = message.id;
            let chunk = chunks.entry(folder).or_insert_with(|| Chunk { first, ..Chunk::default() });
            serde_json::to_writer(&mut chunk.lines, &Line::of(message, self.original))?;
            chunk.lines.push(b'\n');
            chunk.count += 1;
        }
        let written = chunks.iter().try_for_each(|(folder, chunk)| self.write(folder, chunk));
        if written.is_err() {
            self.open.clear();
        }
        written
    }

    fn write(&mut self, folder: &Path, chunk: &Chunk) -> io::Result<()> {
        let mut file = match self.open.remove(folder) {
            Some(file) => file,
            None => open(&self.root, folder, chunk.first)?,
        };
        file.write_all(&chunk.lines)?;
        file.sync_data()?;
        ARCHIVED.inc_by(chunk.count);
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
    first: i64,
    count: u64,
    lines: Vec<u8>,
}

/// The folder's last file, unless it is large: then a new one, named by its first message, so
/// that the order of names is that of arrival.
fn open(root: &Path, folder: &Path, first: i64) -> io::Result<File> {
    make(root, folder)?;
    if let Some(last) = last_file(folder)? {
        cut_torn(&last)?;
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

/// Makes the archive's own folder, so that it can be read from the first moment on.
pub(crate) fn prepare(root: &Path) -> io::Result<()> {
    make(root, root)
}

/// Makes `folder` with all above it down from `root`, each on disk before what is in it.
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

/// Other files in the archive's folders are left alone.
fn is_own(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == EXTENSION)
}

/// Cuts what stands after the last line's end.
fn cut_torn(path: &Path) -> io::Result<()> {
    if !is_own(path) {
        return Ok(());
    }
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let whole = end_of_lines(&mut file, length)?;
    if whole < length {
        tracing::warn!(path = %path.display(), bytes = length - whole, "a torn last line is cut");
        file.set_len(whole)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Looks backwards for the last end of a line.
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
    fn messages_lie_by_tenant_and_day_in_a_file_that_goes_on_after_a_restart() {
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
    fn a_torn_last_line_is_cut_before_anything_is_appended() {
        let (_folder, root) = folder();
        Writer::new(root.clone(), true).append(vec![message(1, "a")]).expect("written");
        let path = root.join("a/2026-03-01/0000000000000000001.ndjson");
        for torn in [&b"{\"id\":2"[..], &vec![b'x'; 10_000]] {
            let mut file = OpenOptions::new().append(true).open(&path).expect("the file");
            file.write_all(torn).expect("written");
            Writer::new(root.clone(), true).mend().expect("mended");
            assert_eq!(lines(&path), [1]);
        }
        fs::write(&path, b"{\"id\":1").expect("written");
        Writer::new(root.clone(), true).append(vec![message(1, "a")]).expect("written");
        assert_eq!(lines(&path), [1]);
    }

    #[test]
    fn after_a_failure_the_same_batch_can_be_written() {
        let (_folder, root) = folder();
        fs::write(&root, b"in the way").expect("written");
        let mut writer = Writer::new(root.clone(), true);
        writer.append(vec![message(1, "a")]).expect_err("no folder");
        fs::remove_file(&root).expect("removed");
        writer.append(vec![message(1, "a")]).expect("written");
        assert_eq!(lines(&root.join("a/2026-03-01/0000000000000000001.ndjson")), [1]);
    }

    #[test]
    fn more_folders_than_files_may_be_open_are_no_matter() {
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
