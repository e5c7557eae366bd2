//! The messages to count: files that are read in parallel, each message with its own position.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::broker::embedded::Archivable;
use common::data_folder::QUEUE;

use crate::archive::{Corrupt, Input, Line, inputs};

/// A message's position: the file's number, and the message's number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    file: u32,
    message: u32,
}

/// All messages to count. It stays the same while the archive grows, so it can be read twice.
pub(super) struct Source {
    files: Vec<Input>,
    /// The messages that wait for the archive; they count as a last file.
    queued: Vec<Line>,
}

impl Source {
    /// The archive at `root` as it is now, and the messages that wait for it.
    pub(super) fn new(root: &Path, queued: Vec<Archivable>) -> io::Result<Self> {
        let queued = queued.into_iter().map(|message| Line::of(message, true)).collect();
        Ok(Self { files: inputs(root)?, queued })
    }

    /// The archive's files.
    pub(super) fn files(&self) -> &[Input] {
        &self.files
    }

    /// The length of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|input| input.bytes).sum()
    }

    /// The file's path, for people.
    pub(super) fn path(&self, at: Position) -> String {
        let file = self.files.get(at.file as usize);
        file.map_or_else(|| QUEUE.to_owned(), |file| file.path.display().to_string())
    }

    /// Whether the message still waits for the archive.
    pub(super) fn is_queued(&self, at: Position) -> bool {
        at.file as usize == self.files.len()
    }

    /// Gives every message to `take`, with one state for each of the `threads`, and returns the
    /// states. Calls `done` after each file.
    pub(super) fn read<S: Send>(
        &self,
        threads: usize,
        new: impl Fn() -> S + Sync,
        take: impl Fn(&mut S, Position, Result<Line, Corrupt>) + Sync,
        done: impl Fn(&Input) + Sync,
    ) -> Vec<S> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut state = new();
            while let Some(file) = self.file(next.fetch_add(1, Ordering::Relaxed)) {
                file.read(|at, item| take(&mut state, at, item));
                file.input.iter().for_each(|input| done(input));
            }
            state
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let join = |worker: std::thread::ScopedJoinHandle<'_, S>| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            workers.into_iter().map(join).collect()
        })
    }

    fn file(&self, number: usize) -> Option<Numbered<'_>> {
        let input = self.files.get(number);
        let is_last = number == self.files.len();
        let queued = if is_last { self.queued.as_slice() } else { &[] };
        let number = u32::try_from(number).ok()?;
        (input.is_some() || is_last).then_some(Numbered { number, input, queued })
    }
}

/// A file, or the waiting messages.
struct Numbered<'a> {
    number: u32,
    input: Option<&'a Input>,
    queued: &'a [Line],
}

impl Numbered<'_> {
    fn read(&self, mut take: impl FnMut(Position, Result<Line, Corrupt>)) {
        let mut message = 0;
        let mut place = |item| {
            take(Position { file: self.number, message }, item);
            message += 1;
        };
        self.input.iter().for_each(|input| input.read(&mut place));
        self.queued.iter().for_each(|line| place(Ok(line.clone())));
    }
}
