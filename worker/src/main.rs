//! The deployed worker: pushes from Pub/Sub, documents in Firestore.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use common::config::{GoogleArgs, LogArgs};
use common::first_contact::first_contact;
use common::store::DocumentStore;
use common::{program, signal, telemetry};
use thiserror::Error;
use worker::app::Application;
use worker::auth::{Guard, GuardError, PushArgs};
use worker::{Worker, WorkerSettings};

/// Spillway's private half: takes pushes from Pub/Sub, processes each record, and stores it once.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The address to listen on.
    #[arg(long, env = "HOST", default_value = "0.0.0.0")]
    host: String,

    /// The port to listen on; 0 picks a free one.
    #[arg(long, env = "PORT", default_value_t = 8081)]
    port: u16,

    #[command(flatten)]
    google: GoogleArgs,

    #[command(flatten)]
    push: PushArgs,

    #[command(flatten)]
    work: WorkerSettings,

    #[command(flatten)]
    log: LogArgs,
}

/// Why the worker could not start, or stopped.
#[derive(Debug, Error)]
enum StartError {
    #[error("the push check cannot be set up")]
    Guard(#[from] GuardError),
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
    let Args { host, port, google, push, work, .. } = args;
    let GoogleArgs { google_cloud_project: project, services } = google;
    let guard = Guard::new(&push, services.firestore_emulator_host.is_some())?;
    let store = services.store(&project);
    let store: Arc<dyn DocumentStore> = Arc::new(store);
    tokio::spawn(report(store.clone()));
    let worker = Worker::new(store, work);
    let application = Application::build(Arc::new(worker), guard, &host, port)
        .map_err(|error| StartError::Listen(host, port, error))?;
    println!("The worker listens on http://{}.", application.address());
    application.run_until_stopped(signal::stop_requested()).await.map_err(StartError::Server)
}

/// Logs why Firestore cannot be used, until it can.
async fn report(store: Arc<dyn DocumentStore>) {
    first_contact("Firestore", || store.probe()).await;
}
