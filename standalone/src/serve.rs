//! `spillway serve`: everything in one process, until Ctrl-C or SIGTERM.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, MIN_FREE_BYTES, QueueOptions};
use common::config::LogArgs;
use common::metrics::QUEUE_BACKLOG;
use common::store::embedded::EmbeddedStore;
use common::{message, signal, telemetry};
use gateway::{Application, Gateway, GatewaySettings, LogRequests};
use thiserror::Error;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use worker::{Worker, WorkerSettings};

use crate::aggregate::KeptReport;
use crate::archive::{self, Archiver};
use crate::databases::{self, DatabaseError};
use crate::dispatcher::Dispatcher;
use crate::greeting::Greeting;
use crate::held_folder::{self, HeldFolder, HeldFolderError};
use crate::listen::{ListenError, listen};
use crate::remove_expired;

/// How long running commits may take to finish after the process is told to stop. Messages whose
/// commits do not finish are delivered again after the next start.
const GRACE: Duration = Duration::from_secs(5);

/// The most bytes of records on their way into the queue at once: few enough to be written in a
/// moment, so that a tenant that sends little does not wait for one that floods.
const PUBLISHED_AT_ONCE_BYTES: usize = 1 << 20;

/// How often the queue is checked for messages from other processes.
const ADOPT_EVERY: Duration = Duration::from_secs(1);

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// The address to listen on.
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    host: String,

    /// The port to listen on; 0 picks a free one.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    port: u16,

    /// The folder that holds everything; created if it is missing.
    #[arg(long, env = "DATA_DIR", default_value = held_folder::DEFAULT)]
    data_dir: PathBuf,

    /// How many texts are processed at once, shared fairly between tenants.
    #[arg(long, env = "WORK_CONCURRENCY", default_value_t = 512,
        value_parser = clap::value_parser!(u32).range(1..))]
    work_concurrency: u32,

    /// Seconds until an unacknowledged message is delivered again.
    #[arg(long, env = "ACK_DEADLINE_SECONDS", default_value_t = 600,
        value_parser = clap::value_parser!(u32).range(1..))]
    ack_deadline_seconds: u32,

    /// Seconds that an event or a batch of access logs may wait in the queue. While a tenant's have
    /// waited longer, further ones are refused with 503.
    #[arg(long, env = "MAX_QUEUE_SECONDS", default_value_t = 120,
        value_parser = clap::value_parser!(u32).range(1..))]
    max_queue_seconds: u32,

    /// How many deliveries of a message may fail before it goes to quarantine.
    #[arg(long, env = "MAX_DELIVERY_ATTEMPTS", default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..))]
    max_delivery_attempts: u32,

    /// Seconds between two recounts of the archive, written to `analytics/report.json` and as rows
    /// to `analytics/report.ndjson`; 0 turns them off.
    #[arg(long, env = "AGGREGATE_SECONDS", default_value_t = 60)]
    aggregate_seconds: u32,

    /// Stop when standard input ends: the program that started this one has ended.
    #[arg(long, hide = true)]
    until_stdin_ends: bool,

    #[command(flatten)]
    gateway: GatewaySettings,

    #[command(flatten)]
    worker: WorkerSettings,

    #[command(flatten)]
    log: LogArgs,
}

/// Why the server could not start, or why it ended.
#[derive(Debug, Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    HeldFolder(#[from] HeldFolderError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the server failed")]
    Server(#[source] io::Error),
}

/// Serves until the process is told to stop, then gives back unfinished work and returns.
pub(crate) async fn serve(args: ServeArgs) -> Result<(), ServeError> {
    telemetry::init(args.log.log_format);
    // This comes first, so that a start that fails here leaves no folder behind.
    let listeners = listen(&args.host, args.port)?;
    let folder = HeldFolder::hold(&args.data_dir)?;
    let queue = databases::queue(folder.path(), args.queue_options())?;
    let store = Arc::new(databases::store(folder.path())?);
    let dispatcher = args.dispatcher(&queue, Arc::clone(&store));
    let archiver = args.archiver(&folder, &queue, dispatcher.stopping.clone());
    let broker = Arc::new(EmbeddedBroker(Arc::clone(&queue)));
    let removing = remove_expired::run(Arc::clone(&store), Arc::clone(&queue));
    let gateway =
        Gateway::new(broker, store, args.gateway.clone().or_log_requests(LogRequests::All))
            .publishing_at_once(PUBLISHED_AT_ONCE_BYTES)
            .keying_digests(!args.worker.store_original);
    let application = Application::on(gateway, listeners).map_err(ServeError::Server)?;
    let (address, pages) = (application.address(), &args.gateway.pages);
    let needs_token = args.gateway.read_token.is_some();
    let greeting = Greeting { address, folder: folder.path(), pages, needs_token };
    // A program that wants to know the address may read one line and close the pipe.
    drop(write!(io::stdout(), "{greeting}"));
    // None of these has anything to finish, so they end with the process.
    tokio::spawn(adopt(queue));
    tokio::spawn(removing);
    args.kept_report(&folder).map(|report| tokio::spawn(report.run()));
    run(application, dispatcher, archiver, args.until_stdin_ends).await
}

impl ServeArgs {
    fn ack_deadline(&self) -> Duration {
        Duration::from_secs(self.ack_deadline_seconds.into())
    }

    fn queue_options(&self) -> QueueOptions {
        QueueOptions {
            min_free_bytes: MIN_FREE_BYTES,
            longest_wait: Duration::from_secs(self.max_queue_seconds.into()),
            ..QueueOptions::unbounded(self.ack_deadline(), message::flow)
        }
    }

    fn dispatcher(&self, queue: &Arc<EmbeddedQueue>, store: Arc<EmbeddedStore>) -> Dispatcher {
        Dispatcher {
            queue: Arc::clone(queue),
            worker: Arc::new(Worker::new(store, self.worker)),
            work_concurrency: self.work_concurrency as usize,
            ack_deadline: self.ack_deadline(),
            max_attempts: self.max_delivery_attempts,
            stopping: CancellationToken::new(),
        }
    }

    fn archiver(
        &self,
        folder: &HeldFolder,
        queue: &Arc<EmbeddedQueue>,
        stopping: CancellationToken,
    ) -> Archiver {
        let root = folder.archive();
        if let Err(error) = archive::prepare(&root) {
            tracing::error!(%error, "cannot create the archive's folder; archiving will retry");
        }
        Archiver { queue: Arc::clone(queue), root, original: self.worker.store_original, stopping }
    }

    /// `None` if it is turned off.
    fn kept_report(&self, folder: &HeldFolder) -> Option<KeptReport> {
        let every = Duration::from_secs(self.aggregate_seconds.into());
        let (archive, totals) = (folder.archive(), folder.running_totals());
        let (report, rows) = (folder.report(), folder.rows());
        let kept = KeptReport { archive, totals, report, rows, every };
        (!every.is_zero()).then_some(kept)
    }
}

/// Moves messages that `spillway replay` and `redrive` put into the queue to their subscription,
/// and keeps the backlog's metric up to date.
async fn adopt(queue: Arc<EmbeddedQueue>) {
    let mut tick = tokio::time::interval(ADOPT_EVERY);
    loop {
        tick.tick().await;
        QUEUE_BACKLOG.set(i64::try_from(queue.backlog()).unwrap_or(i64::MAX));
        match queue.adopt().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "messages from another process"),
            Err(error) => tracing::warn!(%error, "cannot check the queue for other processes"),
        }
    }
}

async fn run(
    application: Application,
    dispatcher: Dispatcher,
    archiver: Archiver,
    until_stdin_ends: bool,
) -> Result<(), ServeError> {
    let (stopping, worker) = (dispatcher.stopping.clone(), Arc::clone(&dispatcher.worker));
    let stop = async move {
        stop_requested(until_stdin_ends).await;
        tracing::info!("stopping: unfinished work goes back to the queue");
        stopping.cancel();
        worker.stop();
    };
    let (delivering, archiving) = (tokio::spawn(dispatcher.run()), tokio::spawn(archiver.run()));
    application.run_until_stopped(stop).await.map_err(ServeError::Server)?;
    let ended = async { futures::join!(delivering, archiving) };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("some writes did not finish in time; the next start retries them");
    }
    Ok(())
}

async fn stop_requested(until_stdin_ends: bool) {
    tokio::select! {
        () = signal::stop_requested() => {}
        () = stdin_ended(), if until_stdin_ends => {}
    }
}

/// Reads on a thread of its own, which ends with the process.
async fn stdin_ended() {
    let (reading, ended) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _reading = reading;
        io::copy(&mut io::stdin().lock(), &mut io::sink())
    });
    // The sender is dropped when the thread ends.
    drop(ended.await);
}

#[cfg(test)]
mod tests {
    use common::broker::{Broker as _, Message};

    use super::*;

    #[tokio::test]
    async fn the_backlog_counts_before_anything_is_delivered() {
        let folder = tempfile::tempdir().expect("a folder");
        let ack_deadline = Duration::from_secs(600);
        let options = QueueOptions::unbounded(ack_deadline, message::flow);
        let queue = databases::queue(folder.path(), options).expect("a queue");
        let broker = EmbeddedBroker(Arc::clone(&queue));
        for result in broker.publish(vec![Message::default(), Message::default()]).await {
            result.expect("published");
        }
        let adopting = tokio::spawn(adopt(queue));
        let counted = async {
            while QUEUE_BACKLOG.get() != 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(10 * ADOPT_EVERY, counted).await.expect("counted");
        adopting.abort();
    }
}
