//! `spillway serve`: everything in one process, until Ctrl-C or SIGTERM.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use common::broker::embedded::{
    EmbeddedBroker, EmbeddedQueue, MIN_FREE_BYTES, QueueError, QueueOptions,
};
use common::config::LogArgs;
use common::data_folder::{ARCHIVE, REPORT};
use common::store::StoreError;
use common::store::embedded::EmbeddedStore;
use common::{message, signal, telemetry};
use gateway::{Application, Gateway, GatewaySettings};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use worker::{Worker, WorkerSettings};

use crate::aggregate::Live;
use crate::archive::{self, Archiver};
use crate::data_dir::{DataDir, DataDirError};
use crate::dispatcher::Dispatcher;

/// How long commits on their way may take to end after the process was told to stop. What does
/// not end by then is delivered again after the next start.
const GRACE: Duration = Duration::from_secs(5);

/// How often other processes' messages are looked for.
const ADOPT_EVERY: Duration = Duration::from_secs(1);

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// The address to listen on.
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    host: String,

    /// The port to listen on; 0 takes a free one.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    port: u16,

    /// The folder that holds everything.
    #[arg(long, env = "DATA_DIR", default_value = "./spillway-data")]
    data_dir: PathBuf,

    /// Texts in work at once, shared fairly between tenants.
    #[arg(long, env = "WORK_CONCURRENCY", default_value_t = 512,
        value_parser = clap::value_parser!(u32).range(1..))]
    work_concurrency: u32,

    /// Seconds after which a message that is not acknowledged is delivered again.
    #[arg(long, env = "ACK_DEADLINE_SECONDS", default_value_t = 600,
        value_parser = clap::value_parser!(u32).range(1..))]
    ack_deadline_seconds: u32,

    /// Failed deliveries after which a message goes to quarantine.
    #[arg(long, env = "MAX_DELIVERY_ATTEMPTS", default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..))]
    max_delivery_attempts: u32,

    /// Seconds between two aggregations of the archive into `analytics/report.json`; 0 for none.
    #[arg(long, env = "AGGREGATE_SECONDS", default_value_t = 60)]
    aggregate_seconds: u32,

    #[command(flatten)]
    gateway: GatewaySettings,

    #[command(flatten)]
    work: WorkerSettings,

    #[command(flatten)]
    log: LogArgs,
}

/// Why the server could not start, or ended.
#[derive(Debug, Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error("the queue cannot be opened")]
    Queue(#[from] QueueError),
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    #[error("cannot listen on {host}:{port}; choose another port with PORT")]
    Listen {
        host: String,
        port: u16,
        #[source]
        source: io::Error,
    },
    #[error("the server failed")]
    Server(#[source] io::Error),
}

/// Runs until the process is told to stop: then gives back what is not done, and returns.
pub(crate) async fn serve(args: ServeArgs) -> Result<(), ServeError> {
    telemetry::init(args.log.log_format);
    let folder = DataDir::hold(&args.data_dir)?;
    let ack_deadline = Duration::from_secs(args.ack_deadline_seconds.into());
    let options =
        QueueOptions { ack_deadline, min_free_bytes: MIN_FREE_BYTES, flow: message::flow };
    let queue = EmbeddedQueue::open(folder.path(), options)?;
    let store = Arc::new(EmbeddedStore::open(folder.path())?);
    let dispatcher = Dispatcher {
        queue: Arc::clone(&queue),
        worker: Arc::new(Worker::new(store.clone(), args.work)),
        work_concurrency: args.work_concurrency as usize,
        ack_deadline,
        max_attempts: args.max_delivery_attempts,
        stopping: CancellationToken::new(),
    };
    let archiver = archiver(&args, folder.path(), &queue, dispatcher.stopping.clone());
    let gateway =
        Gateway::new(Arc::new(EmbeddedBroker(Arc::clone(&queue))), store, args.gateway.clone());
    let application = Application::build(gateway, &args.host, args.port).map_err(|source| {
        ServeError::Listen { host: args.host.clone(), port: args.port, source }
    })?;
    greet(application.address(), &args.data_dir);
    // Neither has anything that must be finished: they end with the process.
    tokio::spawn(adopt(queue));
    tokio::spawn(aggregate(args.aggregate_seconds, folder.path().to_owned()));
    run(application, dispatcher, archiver).await
}

fn archiver(
    args: &ServeArgs,
    folder: &Path,
    queue: &Arc<EmbeddedQueue>,
    stopping: CancellationToken,
) -> Archiver {
    let root = folder.join(ARCHIVE);
    if let Err(error) = archive::prepare(&root) {
        tracing::error!(%error, "the archive's folder cannot be made; archiving will try again");
    }
    Archiver { queue: Arc::clone(queue), root, original: args.work.store_original, stopping }
}

/// Keeps `analytics/report.json` up to date, every so many seconds; never, where that is 0.
async fn aggregate(seconds: u32, folder: PathBuf) {
    let live = Live {
        archive: folder.join(ARCHIVE),
        report: folder.join(REPORT),
        every: Duration::from_secs(seconds.into()),
    };
    if seconds > 0 {
        live.run().await;
    }
}

/// Takes up what `spillway replay` puts into the queue.
async fn adopt(queue: Arc<EmbeddedQueue>) {
    let mut tick = tokio::time::interval(ADOPT_EVERY);
    loop {
        tick.tick().await;
        match queue.adopt().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "messages from another process"),
            Err(error) => tracing::warn!(%error, "the queue could not be looked at"),
        }
    }
}

async fn run(
    application: Application,
    dispatcher: Dispatcher,
    archiver: Archiver,
) -> Result<(), ServeError> {
    let (stopping, worker) = (dispatcher.stopping.clone(), Arc::clone(&dispatcher.worker));
    let stop = async move {
        signal::stop_requested().await;
        tracing::info!("stopping: what is not done is given back");
        stopping.cancel();
        worker.stop();
    };
    let (delivering, archiving) = (tokio::spawn(dispatcher.run()), tokio::spawn(archiver.run()));
    application.run_until_stopped(stop).await.map_err(ServeError::Server)?;
    let ended = async { futures::join!(delivering, archiving) };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("some writes did not end in time; they are tried again at the next start");
    }
    Ok(())
}

fn greet(address: SocketAddr, data_dir: &Path) {
    println!("Spillway listens on http://{address} and keeps its data in {}.", data_dir.display());
    println!(
        "Try:\n  curl -i http://{address}/ingest -H 'Content-Type: application/json' \\\n    \
         -d '{{\"tenant_id\":\"acme\",\"log_id\":\"123\",\"text\":\"User 555-0199 accessed...\"}}'\n  \
         curl http://{address}/tenants/acme/processed_logs/123"
    );
}
