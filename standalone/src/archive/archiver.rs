//! The archive's subscription: messages from the queue to the disk, then the acknowledgement.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use common::broker::embedded::{Archivable, EmbeddedQueue, QueueError};
use common::message::attribute;
use common::metrics::ARCHIVE_FAILURES;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::writer::Writer;

/// Messages written at once.
const MOST_MESSAGES: usize = 4_096;
/// Bytes written at once, about.
const MOST_BYTES: usize = 8 << 20;
/// How long more messages are waited for when one has come: they share an fsync.
const GATHER: Duration = Duration::from_millis(20);
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);

/// Archives until it is stopped.
pub(crate) struct Archiver {
    pub(crate) queue: Arc<EmbeddedQueue>,
    /// The archive's folder.
    pub(crate) root: PathBuf,
    /// Whether texts are kept unredacted.
    pub(crate) original: bool,
    /// Says when to begin no more.
    pub(crate) stopping: CancellationToken,
}

/// Why messages are not archived yet.
#[derive(Debug, Error)]
enum ArchiveError {
    #[error("the archive cannot be written")]
    Write(#[from] io::Error),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl Archiver {
    /// Archives what comes, and returns when it was stopped and nothing is being written. What is
    /// not archived by then stays in the queue.
    pub(crate) async fn run(self) {
        let mut back_off = FIRST_BACK_OFF;
        while !self.stopping.is_cancelled() {
            let Err(error) = self.archive(&mut back_off).await else { return };
            ARCHIVE_FAILURES.inc();
            tracing::error!(error = &error as &dyn std::error::Error, "archiving waits");
            self.pause(back_off).await;
            back_off = (back_off * 2).min(LONGEST_BACK_OFF);
        }
    }

    /// Archives until it is stopped, or fails. Each call begins with mending.
    async fn archive(&self, back_off: &mut Duration) -> Result<(), ArchiveError> {
        let mut writer = Writer::new(self.root.clone(), self.original);
        writer = blocking(move || writer.mend().map(|()| writer)).await?;
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
            *back_off = FIRST_BACK_OFF;
        }
        Ok(())
    }

    async fn pause(&self, how_long: Duration) {
        self.stopping.run_until_cancelled(tokio::time::sleep(how_long)).await;
    }
}

/// Replays were archived when they first came.
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
