//! The shape of Google Cloud on a laptop: both emulators, the real gateway and the real worker,
//! until Ctrl-C.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

use clap::Parser;
use common::{program, signal};
use e2e::binaries::Binaries;
use e2e::deployment::{Cloud, CloudError};
use e2e::emulators::{EmulatorError, Emulators};
use e2e::relay::Faults;
use thiserror::Error;

/// Starts Google's emulators of Pub/Sub and Firestore, creates the topic and its subscriptions,
/// runs the gateway and the worker with a push relay between them, and stops everything on Ctrl-C.
/// Settings of the gateway and the worker are read from the environment.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The port of the gateway; 0 picks a free one. The worker and the emulators use free ports.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    port: u16,
}

/// Why it does not start, or does not end well.
#[derive(Debug, Error)]
enum CloudShapeError {
    #[error("cannot listen on 127.0.0.1:{port}: choose another port with --port or PORT (0: any)")]
    Port { port: u16, source: io::Error },
    #[error(transparent)]
    Emulators(#[from] EmulatorError),
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error("the gateway and the worker could not be stopped")]
    Stop(#[source] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    program::ended(run(Args::parse()).await)
}

/// Steps that fail fast come first, because a build takes minutes.
async fn run(Args { port }: Args) -> Result<(), CloudShapeError> {
    check(port)?;
    eprintln!("Starting the emulators …");
    let emulators = Emulators::start().await?;
    eprintln!("Building the gateway and the worker …");
    Binaries::shared().await;
    eprintln!("Starting the gateway and the worker …");
    let settings = vec![("PORT", port.to_string())];
    let cloud = Cloud::on(&emulators, settings, Faults::default()).await?;
    println!("The cloud's shape listens on {}.", cloud.gateway().url());
    println!("  worker     {}", cloud.worker().url());
    println!("  Pub/Sub    {}", emulators.pubsub_host());
    println!("  Firestore  {}", emulators.firestore_host());
    signal::stop_requested().await;
    eprintln!("Stopping …");
    cloud.terminate().await.map_err(CloudShapeError::Stop)
}

/// Whether the gateway will be able to listen on `port`.
fn check(port: u16) -> Result<(), CloudShapeError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    listener.map(drop).map_err(|source| CloudShapeError::Port { port, source })
}
