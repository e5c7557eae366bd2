//! The archive's subscription: writes messages to disk, then acknowledges them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use common::backoff::{Backoff, Waits};
use common::broker::embedded::{Archivable, EmbeddedQueue, QueueError};
use common::message::attribute;
use common::metrics::ARCHIVE_FAILURES;
use common::program::chain;
use thiserror::Error;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::writer::{Blocked, WriteError, Writer};

/// How many messages are written at once.
const MOST_MESSAGES: usize = 4_096;
/// About how many bytes are written at once.
const MOST_BYTES: usize = 8 << 20;
/// Fewer messages than these wait for others.
const FEW: usize = 1_024;
/// How long few messages wait for others that they can share an fsync with.
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
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("a write to the archive was interrupted")]
    BrokenOff(#[from] JoinError),
}

impl Archiver {
    /// Archives new messages. Returns after a stop, when nothing is being written; the rest stays in
    /// the queue.
    pub(crate) async fn run(self) {
        let mut waits = BACKOFF.waits();
        while !self.stopping.is_cancelled() {
            let Err(error) = self.archive(&mut waits).await else { return };
            ARCHIVE_FAILURES.inc();
            tracing::error!(error = chain(&error), "cannot archive; retrying later");
            self.pause(waits.next_wait()).await;
        }
    }

    /// Archives until it is stopped or fails. Each call first removes lines that a crash left half
    /// written.
    async fn archive(&self, waits: &mut Waits) -> Result<(), ArchiveError> {
        let mut progress = Progress::default();
        let mut writer = Writer::new(self.root.clone(), self.original);
        writer = spawn_blocking(move || writer.repair().map(|()| writer)).await??;
        while !self.stopping.is_cancelled() {
            let changed = self.queue.changed();
            let from = progress.next(Instant::now());
            let read = self.queue.to_archive(from.clone(), MOST_MESSAGES, MOST_BYTES).await?;
            let is_all = read.is_empty() && from.tenant.is_none();
            let messages = progress.take(&from, read);
            if is_all {
                let is_packing;
                (writer, is_packing) = spawn_blocking(|| pack_next(writer)).await?;
                if !is_packing {
                    let due = progress
                        .next_try()
                        .map_or(writer.pack_at(), |due| due.min(writer.pack_at()));
                    self.idle(changed, due).await;
                }
            } else if !messages.is_empty() {
                let are_few = messages.len() < FEW;
                writer = self.write(writer, messages, &mut progress).await?;
                waits.reset();
                if are_few {
                    self.pause(GATHER).await;
                }
            }
        }
        Ok(())
    }

    /// Writes and acknowledges messages. If a tenant's messages cannot be written, that tenant has
    /// to wait.
    async fn write(
        &self,
        mut writer: Writer,
        messages: Vec<Archivable>,
        progress: &mut Progress,
    ) -> Result<Writer, ArchiveError> {
        let (replayed, messages): (Vec<_>, Vec<_>) = messages.into_iter().partition(is_replayed);
        let append = move || writer.append(messages).map(|appended| (writer, appended));
        let (writer, appended) = spawn_blocking(append).await??;
        let ids = replayed.iter().map(|message| message.id).chain(appended.written);
        self.queue.archived(ids.collect()).await?;
        for Blocked { tenant, first, error } in appended.blocked {
            ARCHIVE_FAILURES.inc();
            tracing::error!(
                error = chain(&error),
                "cannot archive a tenant's messages; they wait, but those of other tenants do not"
            );
            progress.hold(tenant, first, Instant::now());
        }
        appended.stopped.map_or(Ok(writer), |error| Err(error.into()))
    }

    /// Waits until the queue has changed or something is due, and then for more messages.
    async fn idle(&self, changed: impl Future<Output = ()>, due: Instant) {
        self.stopping.run_until_cancelled(timeout_at(due, changed)).await;
        self.pause(GATHER).await;
    }

    async fn pause(&self, how_long: Duration) {
        self.stopping.run_until_cancelled(tokio::time::sleep(how_long)).await;
    }
}

/// Packs the next file, and returns whether there was one.
fn pack_next(mut writer: Writer) -> (Writer, bool) {
    let was_one = writer.pack_next();
    (writer, was_one)
}

/// Whether a message was archived when it first arrived.
fn is_replayed(message: &Archivable) -> bool {
    message.message.attributes.contains_key(attribute::REPLAY)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use common::broker::embedded::{EmbeddedBroker, QueueOptions, Unarchived};
    use common::broker::{Broker as _, Message};
    use common::message::flow;

    use super::super::inputs;
    use super::*;

    fn queue(folder: &Path) -> Arc<EmbeddedQueue> {
        let ack_deadline = Duration::from_secs(600);
        let options = QueueOptions::unbounded(ack_deadline, flow);
        EmbeddedQueue::open(folder, options).expect("a queue")
    }

    async fn publish(queue: &Arc<EmbeddedQueue>, tenant: &str, count: usize) {
        let attributes = [("tenant_id", tenant), ("received_at", "2026-03-01T00:00:00Z")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let message = Message { data: b"x".to_vec(), attributes: attributes.into() };
        let results = EmbeddedBroker(Arc::clone(queue)).publish(vec![message; count]).await;
        results.into_iter().for_each(|result| result.expect("published"));
    }

    /// The numbers of the archived messages of a tenant, in order.
    fn archived(root: &Path, tenant: &str) -> Vec<i64> {
        let mut ids = Vec::new();
        for input in inputs(&root.join(tenant)).unwrap_or_default() {
            input.read(|line| ids.extend(line.ok().and_then(|line| line.id)));
        }
        ids
    }

    async fn until(what: impl Fn() -> bool) {
        let met = async {
            while !what() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), met).await.expect("it happens");
    }

    #[tokio::test]
    async fn more_messages_of_a_blocked_tenant_than_are_read_at_once_hold_up_no_other_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (queue, root) = (queue(folder.path()), folder.path().join("archive"));
        std::fs::create_dir(&root).expect("a folder");
        std::fs::write(root.join("blocked"), b"in the way").expect("written");
        publish(&queue, "blocked", 2 * MOST_MESSAGES + 1).await;
        publish(&queue, "free", 1).await;
        let stopping = CancellationToken::new();
        let archiver = Archiver {
            queue: Arc::clone(&queue),
            root: root.clone(),
            original: true,
            stopping: stopping.clone(),
        };
        let running = tokio::spawn(archiver.run());
        until(|| archived(&root, "free").len() == 1).await;
        std::fs::remove_file(root.join("blocked")).expect("removed");
        let all: Vec<i64> = (1..=2 * MOST_MESSAGES as i64 + 1).collect();
        until(|| archived(&root, "blocked").len() >= all.len()).await;
        assert_eq!(archived(&root, "blocked"), all);
        stopping.cancel();
        running.await.expect("it ends");
        let left = queue.to_archive(Unarchived::default(), 1, 1).await.expect("read");
        assert!(left.is_empty());
    }
}
