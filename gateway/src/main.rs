//! The deployed gateway: publishes to Pub/Sub and reads from Firestore.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgAction, Parser};
use common::broker::{Broker, PublishError};
use common::config::{GoogleArgs, LogArgs};
use common::first_contact::first_contact;
use common::store::DocumentStore;
use common::{program, signal, telemetry};
use gateway::{Application, Gateway, GatewaySettings, LogRequests};
use thiserror::Error;

/// Spillway's public HTTP API: accepts records, publishes them, and serves every read.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The address to listen on.
    #[arg(long, env = "HOST", default_value = "0.0.0.0")]
    host: String,

    /// The port to listen on; 0 picks a free one.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    port: u16,

    #[command(flatten)]
    google: GoogleArgs,

    /// Whether original texts are kept, as the worker's STORE_ORIGINAL says. If not, digests are
    /// keyed, so that nobody can guess an original from them.
    #[arg(long, env = "STORE_ORIGINAL", default_value_t = true, action = ArgAction::Set)]
    store_original: bool,

    #[command(flatten)]
    settings: GatewaySettings,

    #[command(flatten)]
    log: LogArgs,
}

/// Why the gateway did not start, or stopped.
#[derive(Debug, Error)]
enum StartError {
    #[error("cannot connect to Pub/Sub")]
    Broker(#[from] PublishError),
    #[error("cannot listen on {0}:{1}")]
    Listen(String, u16, #[source] io::Error),
    #[error("the server failed")]
    Server(#[source] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    telemetry::init_on_google_cloud(args.log.log_format, &args.google.google_cloud_project);
    program::ended(run(args).await)
}

async fn run(args: Args) -> Result<(), StartError> {
    let Args { host, port, google, store_original, settings, .. } = args;
    let GoogleArgs { google_cloud_project: project, services } = google;
    let (broker, store) = (services.broker(&project).await?, services.store(&project));
    let (broker, store): (Arc<dyn Broker>, Arc<dyn DocumentStore>) =
        (Arc::new(broker), Arc::new(store));
    tokio::spawn(report(Arc::clone(&broker), Arc::clone(&store)));
    // Cloud Run logs requests itself.
    let settings = settings.or_log_requests(LogRequests::Off);
    let gateway = Gateway::new(broker, store, settings).keying_digests(!store_original);
    let application = Application::build(gateway, &host, port)
        .map_err(|error| StartError::Listen(host, port, error))?;
    println!("The gateway listens on http://{}.", application.address());
    application.run_until_stopped(signal::stop_requested()).await.map_err(StartError::Server)
}

/// Logs why Pub/Sub or Firestore cannot be used, until both can.
async fn report(broker: Arc<dyn Broker>, store: Arc<dyn DocumentStore>) {
    let broker = first_contact("Pub/Sub", || broker.probe());
    let store = first_contact("Firestore", || store.probe());
    futures::join!(broker, store);
}
