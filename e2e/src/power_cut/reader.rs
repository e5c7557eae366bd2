//! Follows the calls of a trace: which file each is about, and what it does to the disk.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::call::{Call, Span};
use super::disk::{Disk, ROOT};
use super::error::TraceError;
use super::escape::unquote;
use super::folder::Naming;
use super::survivors::Change;

/// A path for people ends so when its file was removed.
const DELETED: &str = " (deleted)";

/// The state between two calls.
pub(super) struct Reader {
    folder: PathBuf,
    disk: Disk,
    paths: HashMap<PathBuf, usize>,
    /// By the number of the descriptor.
    open: HashMap<u64, Open>,
    lengths: HashMap<usize, usize>,
    places: BTreeMap<String, Vec<usize>>,
}

/// An open file or folder.
#[derive(Clone)]
struct Open {
    node: usize,
    path: PathBuf,
    at: usize,
    appends: bool,
}

impl Reader {
    pub(super) fn of(folder: &Path) -> Self {
        let paths = HashMap::from([(folder.to_owned(), ROOT)]);
        let (disk, open) = (Disk::default(), HashMap::new());
        let (lengths, places) = (HashMap::new(), BTreeMap::new());
        Self { folder: folder.to_owned(), disk, paths, open, lengths, places }
    }

    /// When a call takes effect here: what it returns is known at its end, and what it writes may be
    /// on the disk from its beginning.
    pub(super) fn time_of(call: &Call) -> usize {
        let returns = ["open", "openat", "lseek"].contains(&call.name.as_str());
        if returns { call.span.ended } else { call.span.begun }
    }

    /// The disk, and the lines at which things happened.
    pub(super) fn read(self) -> (Disk, BTreeMap<String, Vec<usize>>) {
        (self.disk, self.places)
    }

    pub(super) fn take(&mut self, call: &Call) -> Result<(), TraceError> {
        if call.has_failed() {
            return Ok(());
        }
        let arguments = call.arguments();
        let given = |n: usize| arguments.get(n).copied().unwrap_or_default();
        match call.name.as_str() {
            "open" => self.opened(call, self.path("", given(0)), given(1)),
            "openat" => self.opened(call, self.path(given(0), given(1)), given(2)),
            "mkdir" => self.made(call, self.path("", given(0))),
            "mkdirat" => self.made(call, self.path(given(0), given(1))),
            "unlink" | "rmdir" => self.removed(call, self.path("", given(0))),
            "unlinkat" => self.removed(call, self.path(given(0), given(1))),
            "rename" => self.renamed(call, self.path("", given(0)), self.path("", given(1))),
            "renameat" | "renameat2" => {
                let (from, to) = (self.path(given(0), given(1)), self.path(given(2), given(3)));
                self.renamed(call, from, to)
            }
            "creat" | "truncate" | "link" | "linkat" | "symlink" | "symlinkat" | "sendfile"
            | "copy_file_range" => self.refused(call, &arguments),
            _ => self.used(call, &arguments),
        }
    }

    /// No program here does these to its files; if one begins to, this must learn to follow them.
    fn refused(&self, call: &Call, arguments: &[&str]) -> Result<(), TraceError> {
        let folder = self.folder.to_string_lossy();
        let is_ours = arguments.iter().any(|argument| argument.contains(&*folder));
        if is_ours { Err(unknown(call, &call.name)) } else { Ok(()) }
    }

    /// Takes a call about an open file.
    fn used(&mut self, call: &Call, arguments: &[&str]) -> Result<(), TraceError> {
        let Some(number) = self.descriptor(call, arguments[0])? else { return Ok(()) };
        let given = |n: usize| arguments.get(n).copied().unwrap_or_default();
        match call.name.as_str() {
            "lseek" => self.moved(number, call),
            "write" | "writev" => self.written(number, call, None, given(1))?,
            "pwrite64" => self.written(number, call, Some(number_in(call, given(3))?), given(1))?,
            "ftruncate" => {
                let length = number_in(call, given(1))?;
                self.changed(number, call.span, Change::Length(length));
            }
            "fsync" | "fdatasync" => self.synced(number, call),
            other => return Err(unknown(call, other)),
        }
        Ok(())
    }

    /// The path of a file below the data folder.
    fn path(&self, base: &str, path: &str) -> Option<PathBuf> {
        let base = base.split_once('<').and_then(|(_, shown)| shown.strip_suffix('>'));
        let path = String::from_utf8(unquote(path)?.0).ok()?;
        let path = Path::new(base.unwrap_or_default()).join(path);
        self.is_followed(&path).then_some(path)
    }

    /// SQLite makes its `-shm` files anew.
    fn is_followed(&self, path: &Path) -> bool {
        path.starts_with(&self.folder) && !path.to_string_lossy().ends_with("-shm")
    }

    /// The number of an open file below the data folder.
    fn descriptor(&self, call: &Call, argument: &str) -> Result<Option<u64>, TraceError> {
        let Some((number, shown)) = Call::descriptor(argument) else { return Ok(None) };
        let shown = Path::new(shown.trim_end_matches(DELETED));
        if !self.is_followed(shown) {
            return Ok(None);
        }
        let open = self.open.get(&number).filter(|open| open.path == shown);
        open.map(|_| Some(number)).ok_or(TraceError::NotOpen(call.span.begun + 1))
    }

    fn opened(
        &mut self,
        call: &Call,
        path: Option<PathBuf>,
        flags: &str,
    ) -> Result<(), TraceError> {
        let (Some(path), Some(number)) = (path, call.returned()) else { return Ok(()) };
        let node = match self.paths.get(&path) {
            Some(node) => *node,
            None => self.created(call, &path)?,
        };
        let has = |flag| flags.split('|').any(|given| given == flag);
        if has("O_TRUNC") && self.lengths.get(&node).is_some_and(|length| *length > 0) {
            self.lengths.insert(node, 0);
            self.disk.change(node, call.span, Change::Length(0));
        }
        self.open.insert(number, Open { node, path, at: 0, appends: has("O_APPEND") });
        Ok(())
    }

    fn created(&mut self, call: &Call, path: &Path) -> Result<usize, TraceError> {
        let node = self.disk.add_file();
        self.add(call, path, node)?;
        Ok(node)
    }

    fn made(&mut self, call: &Call, path: Option<PathBuf>) -> Result<(), TraceError> {
        let Some(path) = path else { return Ok(()) };
        let node = self.disk.add_folder();
        self.add(call, &path, node)
    }

    fn add(&mut self, call: &Call, path: &Path, node: usize) -> Result<(), TraceError> {
        let (folder, name) = self.place(call, path)?;
        self.disk.name(folder, call.span, Naming::Add(name, node));
        self.paths.insert(path.to_owned(), node);
        self.note("create", path, call.span);
        Ok(())
    }

    fn removed(&mut self, call: &Call, path: Option<PathBuf>) -> Result<(), TraceError> {
        let Some(path) = path else { return Ok(()) };
        let (folder, name) = self.place(call, &path)?;
        self.disk.name(folder, call.span, Naming::Remove(name));
        self.paths.remove(&path);
        self.note("remove", &path, call.span);
        Ok(())
    }

    fn renamed(
        &mut self,
        call: &Call,
        from: Option<PathBuf>,
        to: Option<PathBuf>,
    ) -> Result<(), TraceError> {
        let (Some(from), Some(to)) = (from, to) else { return Ok(()) };
        let ((folder, old), (same, new)) = (self.place(call, &from)?, self.place(call, &to)?);
        let node = self.paths.remove(&from).filter(|_| folder == same);
        let node = node.ok_or_else(|| unknown(call, &call.name))?;
        self.disk.name(folder, call.span, Naming::Rename(old, new));
        self.note("rename", &to, call.span);
        self.paths.insert(to, node);
        Ok(())
    }

    /// The folder of a path, and the name in it.
    fn place(&self, call: &Call, path: &Path) -> Result<(usize, String), TraceError> {
        let folder = path.parent().and_then(|folder| self.paths.get(folder)).copied();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        folder.zip(name).ok_or_else(|| unknown(call, &path.display().to_string()))
    }

    fn moved(&mut self, number: u64, call: &Call) {
        if let (Some(open), Some(at)) = (self.open.get_mut(&number), call.returned()) {
            open.at = usize::try_from(at).unwrap_or(usize::MAX);
        }
    }

    fn written(
        &mut self,
        number: u64,
        call: &Call,
        at: Option<usize>,
        data: &str,
    ) -> Result<(), TraceError> {
        let mut bytes = call.bytes(data)?;
        let taken = call.returned().and_then(|taken| usize::try_from(taken).ok());
        bytes.truncate(taken.unwrap_or(usize::MAX));
        let at = at.unwrap_or_else(|| self.advance(number, bytes.len()));
        self.changed(number, call.span, Change::Write { at, bytes });
        Ok(())
    }

    /// Where the next bytes are written.
    fn advance(&mut self, number: u64, by: usize) -> usize {
        let Some(open) = self.open.get_mut(&number) else { return 0 };
        if open.appends {
            open.at = self.lengths.get(&open.node).copied().unwrap_or(0);
        }
        open.at += by;
        open.at - by
    }

    fn changed(&mut self, number: u64, span: Span, change: Change) {
        let Some(Open { node, path, .. }) = self.open.get(&number).cloned() else { return };
        let length = self.lengths.entry(node).or_default();
        let verb = match &change {
            Change::Write { at, bytes } => {
                *length = (*length).max(at + bytes.len());
                "write"
            }
            Change::Length(to) => {
                *length = *to;
                "cut off"
            }
        };
        self.disk.change(node, span, change);
        self.note(verb, &path, span);
    }

    fn synced(&mut self, number: u64, call: &Call) {
        let Some(Open { node, path, .. }) = self.open.get(&number).cloned() else { return };
        if call.returned() == Some(0) {
            self.disk.sync(node, call.span);
        }
        let verb = if call.is_skipped() { "skip" } else { "sync" };
        self.note(verb, &path, call.span);
    }

    /// Notes that something happened to a file; those of the archive are one.
    fn note(&mut self, verb: &str, path: &Path, span: Span) {
        let below = path.strip_prefix(&self.folder).unwrap_or(path);
        let first = below.components().next().map(|name| name.as_os_str().to_string_lossy());
        let place = format!("{verb} {}", first.as_deref().unwrap_or("the folder"));
        self.places.entry(place).or_default().push(span.begun);
    }
}

fn number_in(call: &Call, argument: &str) -> Result<usize, TraceError> {
    argument.parse().map_err(|_| TraceError::Line(call.span.begun + 1))
}

fn unknown(call: &Call, what: &str) -> TraceError {
    TraceError::Unknown(call.span.begun + 1, what.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::survivors::Survivors;
    use super::super::trace::Trace;
    use super::*;

    /// The files, with their contents, that a cut after all lines leaves of what was synced.
    fn synced(trace: &str) -> BTreeMap<String, String> {
        let trace = Trace::parse(trace, Path::new("/d")).expect("a trace");
        let folder = tempfile::tempdir().expect("a folder");
        let rebuilt = trace.disk().rebuild(usize::MAX, &mut Survivors::none(), folder.path());
        rebuilt.expect("rebuilt");
        let mut files = BTreeMap::new();
        list(folder.path(), "", &mut files);
        files
    }

    fn list(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                list(&path, &format!("{prefix}{name}/"), files);
            } else {
                let content = fs::read_to_string(&path).expect("a text");
                files.insert(format!("{prefix}{name}"), content);
            }
        }
    }

    fn files(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
        expected.iter().map(|(name, content)| ((*name).into(), (*content).into())).collect()
    }

    const CREATED: &str = "1 openat(AT_FDCWD</>, \"/d/a\", O_RDWR|O_CREAT, 0600) = 3</d/a>\n\
         1 openat(AT_FDCWD</>, \"/d\", O_RDONLY|O_CLOEXEC) = 4</d>\n\
         1 fsync(4</d>) = 0\n";

    #[test]
    fn what_was_written_and_synced_is_there() {
        let trace = "1 pwrite64(3</d/a>, \"456\", 3, 3) = 3\n\
             1 write(3</d/a>, \"12\", 2) = 2\n\
             1 write(3</d/a>, \"3\", 1) = 1\n\
             1 lseek(3</d/a>, 5, SEEK_SET) = 5\n\
             1 writev(3</d/a>, [{iov_base=\"6\", iov_len=1}, {iov_base=\"78\", iov_len=2}], 2) = 3\n\
             1 ftruncate(3</d/a>, 7) = 0\n\
             1 fdatasync(3</d/a>) = 0\n\
             1 write(3</d/a>, \"later\", 5) = 5\n";
        assert_eq!(synced(&format!("{CREATED}{trace}")), files(&[("a", "1234567")]));
    }

    #[test]
    fn a_write_that_ends_after_the_sync_began_is_not_synced_and_neither_is_a_skipped_one() {
        let trace = "1 write(3</d/a>, \"12\", 2) = 2\n\
             2 fsync(3</d/a> <unfinished ...>\n\
             1 write(3</d/a>, \"34\", 2) = 2\n\
             2 <... fsync resumed>) = 0\n\
             2 fsync(3</d/a>) = 0 (INJECTED)\n";
        assert_eq!(synced(&format!("{CREATED}{trace}")), files(&[("a", "12")]));
    }

    #[test]
    fn a_name_needs_a_sync_of_its_folder() {
        let trace = "1 openat(AT_FDCWD</d>, \"b\", O_RDWR|O_CREAT, 0600) = 5</d/b>\n\
             1 write(5</d/b>, \"1\", 1) = 1\n\
             1 fsync(5</d/b>) = 0\n";
        assert_eq!(synced(&format!("{CREATED}{trace}")), files(&[("a", "")]));
        let trace = format!("{CREATED}{trace}1 fsync(4</d>) = 0\n");
        assert_eq!(synced(&trace), files(&[("a", ""), ("b", "1")]));
        let gone = format!("{trace}1 unlink(\"/d/a\") = 0\n1 rename(\"/d/b\", \"/d/c\") = 0\n");
        assert_eq!(synced(&gone), files(&[("a", ""), ("b", "1")]));
        assert_eq!(synced(&format!("{gone}1 fsync(4</d>) = 0\n")), files(&[("c", "1")]));
    }

    #[test]
    fn a_file_that_is_appended_to_goes_on_at_its_end_and_a_number_is_used_again() {
        let trace = "1 mkdir(\"/d/f\", 0777) = 0\n1 fsync(4</d>) = 0\n\
             1 openat(AT_FDCWD</>, \"/d/f/b\", O_WRONLY|O_CREAT|O_APPEND, 0600) = 3</d/f/b>\n\
             1 write(3</d/f/b>, \"1\", 1) = 1\n\
             1 openat(AT_FDCWD</>, \"/d/f/b\", O_WRONLY|O_APPEND) = 5</d/f/b>\n\
             1 write(5</d/f/b>, \"2\", 1) = 1\n\
             1 fsync(5</d/f/b>) = 0\n\
             1 openat(AT_FDCWD</>, \"/d/f\", O_RDONLY) = 5</d/f>\n1 fsync(5</d/f>) = 0\n";
        assert_eq!(synced(&format!("{CREATED}{trace}")), files(&[("a", ""), ("f/b", "12")]));
    }

    #[test]
    fn other_files_and_memory_are_left_out() {
        let trace = "1 openat(AT_FDCWD</>, \"/d/a-shm\", O_RDWR|O_CREAT, 0600) = 5</d/a-shm>\n\
             1 write(5</d/a-shm>, \"1\", 1) = 1\n1 write(1<pipe:[7]>, \"2\", 1) = 1\n\
             1 unlink(\"/elsewhere\") = 0\n1 fsync(4</d>) = 0\n";
        assert_eq!(synced(&format!("{CREATED}{trace}")), files(&[("a", "")]));
    }

    #[test]
    fn what_cannot_be_followed_is_an_error() {
        let error = |line: &str| {
            let trace = Trace::parse(&format!("{CREATED}{line}\n"), Path::new("/d"));
            trace.expect_err("it cannot be followed")
        };
        let unopened = error("1 write(9</d/a>, \"1\", 1) = 1");
        assert!(matches!(unopened, TraceError::NotOpen(4)), "{unopened}");
        for line in [
            "1 fallocate(3</d/a>, 0, 0, 9) = 0",
            "1 link(\"/d/a\", \"/d/b\") = 0",
            "1 copy_file_range(9</x>, NULL, 3</d/a>, NULL, 9, 0) = 9",
            "1 rename(\"/d/none\", \"/d/b\") = 0",
        ] {
            let error = error(line);
            assert!(matches!(error, TraceError::Unknown(4, _)), "{line}: {error}");
        }
    }
}
