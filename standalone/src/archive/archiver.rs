//! The archive's subscription: writes messages to disk, then acknowledges them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use common::backoff::{Backoff, Waits};
use common::broker::embedded::{Archivable, EmbeddedQueue, QueueError};
use common::message::attribute;
use common::metrics::ARCHIVE_FAILURES;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::writer::Writer;

/// How many messages are written at once.
const MOST_MESSAGES: usize = 4_096;
/// About how many bytes are written at once.
const MOST_BYTES: usize = 8 << 20;
/// How long to wait for more messages after the first, so that they share an fsync.
const GATHER: Duration = Duration::from_millis(20);
/// How long to wait after a failure.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// Archives messages until it is stopped.
pub(crate) struct Archiver {
    pub(crate) queue: Arc<EmbeddedQueue>,
    /// The archive's folder.
    pub(crate) root: PathBuf,
    /// Whether texts are archived unredacted.
    pub(crate) original: bool,
    /// Once this is cancelled, nothing new is written.
    pub(crate) stopping: CancellationToken,
}

/// Why archiving failed; the messages stay in the queue.
#[derive(Debug, Error)]
enum ArchiveError {
    #[error("cannot write to the archive")]
    Write(#[from] io::Error),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl Archiver {
    /// Archives new messages. Returns after a stop, when nothing is being written; the rest stays in
    /// the queue.
    pub(crate) async fn run(self) {
        let mut waits = BACKOFF.waits();
        while !self.stopping.is_cancelled() {
            let Err(error) = self.archive(&mut waits).await else { return };
            ARCHIVE_FAILURES.inc();
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot archive; retrying later"
            );
            self.pause(waits.next_wait()).await;
        }
    }

    /// Archives until it is stopped or fails. Each call first removes what a crash left half written.
    async fn archive(&self, waits: &mut Waits) -> Result<(), ArchiveError> {
        let mut writer = Writer::new(self.root.clone(), self.original);
        writer = blocking(move || writer.repair().map(|()| writer)).await?;
        while !self.stopping.is_cancelled() {
            let changed = self.queue.changed();
            let messages = self.queue.to_archive(MOST_MESSAGES, MOST_BYTES).await?;
            if messages.is_empty() {
                self.stopping.run_until_cancelled(changed).await;
                self.pause(GATHER).await;
                continue;
            }
            let ids = messages.iter().map(|message| message.id).collect();
            writer = blocking(move || append(writer, messages)).await?;
            self.queue.archived(ids).await?;
            waits.reset();
        }
        Ok(())
    }

    async fn pause(&self, how_long: Duration) {
        self.stopping.run_until_cancelled(tokio::time::sleep(how_long)).await;
    }
}

/// Replayed messages are left out: they were archived when they first came.
fn append(mut writer: Writer, mut messages: Vec<Archivable>) -> io::Result<Writer> {
    messages.retain(|message| !message.message.attributes.contains_key(attribute::REPLAY));
    writer.append(messages)?;
    Ok(writer)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
