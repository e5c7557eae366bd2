//! The shape of Google Cloud on a laptop: both emulators, the real gateway and the real worker,
//! until Ctrl-C.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use common::{program, signal};
use e2e::deployment::Cloud;
use e2e::emulators::Emulators;
use e2e::relay::Faults;
use thiserror::Error;

/// Starts the official emulators of Pub/Sub and Firestore, creates topic and subscriptions, runs
/// the gateway and the worker as they are deployed with a push relay between them, and stops all of
/// it on Ctrl-C. Settings of the gateway and the worker are read from the environment.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The port of the gateway; 0 takes a free one.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    port: u16,
}

#[derive(Debug, Error)]
#[error("the cloud's shape could not be started")]
struct StartError(#[source] Box<dyn Error>);

#[tokio::main]
async fn main() -> ExitCode {
    program::ended(run(Args::parse()).await.map_err(StartError))
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    eprintln!("Building gateway and worker, starting the emulators …");
    let emulators = Emulators::start().await?;
    let settings = vec![("PORT", args.port.to_string())];
    let cloud = Cloud::on(&emulators, settings, Faults::default()).await?;
    println!("The cloud's shape listens on {}.", cloud.gateway().url());
    println!("  worker     {}", cloud.worker().url());
    println!("  Pub/Sub    {}", emulators.pubsub_host());
    println!("  Firestore  {}", emulators.firestore_host());
    signal::stop_requested().await;
    eprintln!("Stopping …");
    Ok(cloud.terminate().await?)
}
