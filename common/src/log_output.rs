//! Where log lines go: to stderr. A separate thread writes the lines about requests, so that no
//! request waits for stderr; if that thread falls behind, lines are dropped and counted. All other
//! lines are written at once, so that none is lost when the process ends.

use std::io::{self, Write, stderr};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::metrics::LOG_LINES_DROPPED;
use crate::trace;

/// The target of the lines about requests.
pub const REQUESTS: &str = "requests";

/// How many lines may wait to be written: a few megabytes.
const WAITING: usize = 16_384;
/// How long the end of the process waits for them.
const LONGEST_FLUSH: Duration = Duration::from_secs(1);
/// How long a line waits for others, so that many requests a second do not wake the thread for each.
const GATHERED_FOR: Duration = Duration::from_millis(5);

static THREAD: LazyLock<SyncSender<Entry>> = LazyLock::new(|| {
    let (sender, lines) = sync_channel(WAITING);
    // Without the thread, the channel is closed and lines are dropped, which is counted.
    let _ = thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&lines));
    sender
});

enum Entry {
    Line(Vec<u8>),
    /// Reports that everything before it is written.
    Flush(SyncSender<()>),
}

/// Waits until the lines about requests are written, at most a second.
pub fn flush() {
    let (done, written) = sync_channel(1);
    if THREAD.try_send(Entry::Flush(done)).is_ok() {
        // When the process ends, there is nobody to tell that it took too long.
        let _ = written.recv_timeout(LONGEST_FLUSH);
    }
}

fn write_all(entries: &Receiver<Entry>) {
    while let Ok(first) = entries.recv() {
        thread::sleep(GATHERED_FOR);
        // One write for all waiting lines.
        let mut lines = Vec::new();
        let mut done = Vec::new();
        for entry in std::iter::once(first).chain(entries.try_iter().take(WAITING)) {
            match entry {
                Entry::Line(line) => lines.extend_from_slice(&line),
                Entry::Flush(sender) => done.push(sender),
            }
        }
        // If stderr is closed, there is no place left to say so.
        let _ = stderr().write_all(&lines);
        for sender in done {
            // The caller may have stopped waiting.
            let _ = sender.try_send(());
        }
    }
}

/// Makes a writer for each line.
pub(crate) struct Output;

/// Writes one line.
pub(crate) enum Line {
    Now,
    Later,
}

impl MakeWriter<'_> for Output {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line::Now
    }

    fn make_writer_for(&self, meta: &Metadata<'_>) -> Line {
        if meta.target() == REQUESTS { Line::Later } else { Line::Now }
    }
}

impl Write for Line {
    /// `line` is a whole line: the formatter writes each in one call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let marked = trace::mark(line);
        match self {
            Self::Now => stderr().write_all(marked.as_deref().unwrap_or(line))?,
            Self::Later => {
                let line = marked.unwrap_or_else(|| line.to_owned());
                if THREAD.try_send(Entry::Line(line)).is_err() {
                    LOG_LINES_DROPPED.inc();
                }
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
