//! Appends lines to the archive's files and syncs them to disk.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::Utc;
use common::broker::embedded::Archivable;
use common::message::flow;
use common::metrics::{ARCHIVE_FILES, ARCHIVED};
use thiserror::Error;
use tokio::time::Instant;

use super::folders::{make, sync_folder};
use super::line::Line;
use super::pack::{pack, packed};
use super::packer::{LARGE, Packer};
use super::place;
use super::reader::EXTENSION;
use super::repair::{cut_torn, is_own, remove_holes, repair_below};

/// How many files are open at once.
const MOST_OPEN: usize = 64;
/// How many names are tried for a new file.
const MOST_TRIES: usize = 1_000;

/// The archive's only writer.
pub(super) struct Writer {
    root: PathBuf,
    original: bool,
    /// The open file of each folder.
    open: BTreeMap<PathBuf, File>,
    packer: Packer,
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
        Self { packer: Packer::new(root.clone()), root, original, open: BTreeMap::new() }
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
        } else {
            drop(file);
            last_file(folder)?.iter().for_each(|full| replace(full));
        }
        Ok(())
    }

    /// Packs a file of a day that is over, and returns whether there may be more.
    pub(super) fn pack_next(&mut self) -> bool {
        let Some(path) = self.packer.next(Instant::now(), Utc::now().date_naive()) else {
            return false;
        };
        if let Some(folder) = path.parent() {
            self.open.remove(folder);
        }
        replace(&path);
        true
    }

    /// When there may be something to pack again.
    pub(super) fn pack_at(&self) -> Instant {
        self.packer.look_at()
    }
}

/// Packs a file. If that fails, the file stays as it is, and is tried again later.
fn replace(path: &Path) {
    if let Err(error) = repair(path).and_then(|()| pack(path)) {
        tracing::warn!(path = %path.display(), %error, "cannot compress a file of the archive");
    }
}

/// Removes from a file what a crash or a power cut left half written. What was damaged is in the queue still.
fn repair(path: &Path) -> io::Result<()> {
    cut_torn(path)?;
    remove_holes(path)
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

/// Opens the folder's last file, or a new one if that is full. A file is named by the number of its
/// first message, so names sort by arrival; if a file of that name is packed already, by a later number.
fn open(root: &Path, folder: &Path, first: i64) -> io::Result<File> {
    make(root, folder)?;
    if let Some(last) = last_file(folder)? {
        repair(&last)?;
        let file = OpenOptions::new().append(true).open(last)?;
        if file.metadata()?.len() < LARGE {
            return Ok(file);
        }
    }
    let names = (first..).map(|number| folder.join(format!("{number:019}.{EXTENSION}")));
    let path = names.take(MOST_TRIES).find(|path| !packed(path).exists());
    let path = path.ok_or(io::ErrorKind::AlreadyExists)?;
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    sync_folder(folder)?;
    ARCHIVE_FILES.inc();
    Ok(file)
}

/// The folder's last file that is not packed.
fn last_file(folder: &Path) -> io::Result<Option<PathBuf>> {
    let mut last = None;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !is_own(&path) {
            continue;
        }
        if packed(&path).exists() {
            // Its packing was interrupted at the end. Nothing may be added to it any more.
            pack(&path)?;
        } else {
            last = last.max(Some(path));
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use common::broker::Message;
    use common::program::chain;
    use tempfile::TempDir;

    use super::super::folders::prepare;
    use super::super::reader::inputs;
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

    /// The numbers of all messages that readers find.
    fn found(root: &Path) -> Vec<i64> {
        let mut ids = Vec::new();
        for input in inputs(root).expect("files") {
            input.read(|line| ids.extend(line.expect("a line").id));
        }
        ids
    }

    #[test]
    fn a_full_file_is_packed_and_the_next_message_begins_another() {
        let (_folder, root) = folder();
        let day = root.join("a/2026-03-01");
        make(&root, &day).expect("a folder");
        let line = |id: u64, length: usize| {
            let data = "x".repeat(length);
            format!("{{\"id\":{id},\"attributes\":{{}},\"data\":\"{data}\"}}\n")
        };
        let most: String = (1..64).map(|id| line(id, 1 << 20)).collect();
        let rest = LARGE as usize - most.len() - line(64, 0).len() - 1;
        let full = most + &line(64, rest);
        let path = day.join("0000000000000000001.ndjson");
        fs::write(&path, &full).expect("written");
        let mut writer = Writer::new(root.clone(), true);
        writer.append(vec![message(65, "a")]).expect("written");
        assert!(!path.exists() && packed(&path).exists());
        writer.append(vec![message(66, "a")]).expect("written");
        assert_eq!(lines(&day.join("0000000000000000066.ndjson")), [66]);
        assert_eq!(found(&root), (1..=66).collect::<Vec<_>>());
    }

    #[test]
    fn a_late_message_is_added_to_no_packed_file() {
        let (_folder, root) = folder();
        let mut late = message(3, "a");
        let long = |id| {
            let mut long = message(id, "a");
            long.message.data = vec![b'x'; 8 << 10];
            long
        };
        let path = root.join("a/2026-03-01/0000000000000000001.ndjson");
        let mut writer = Writer::new(root.clone(), true);
        writer.append(vec![long(1), long(2)]).expect("written");
        let plain = fs::read(&path).expect("a file");
        while writer.pack_next() {}
        assert!(!path.exists() && packed(&path).exists());

        // As after a crash before the file was removed.
        fs::write(&path, plain).expect("written");
        writer.append(vec![late]).expect("written");
        assert!(!path.exists());
        assert_eq!(found(&root), [1, 2, 3]);

        // The queue's numbers may begin again.
        fs::remove_file(root.join("a/2026-03-01/0000000000000000003.ndjson")).expect("removed");
        late = message(1, "a");
        Writer::new(root.clone(), true).append(vec![late]).expect("written");
        assert_eq!(found(&root), [1, 2, 1]);
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
