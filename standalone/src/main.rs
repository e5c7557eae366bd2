//! Spillway on one machine: gateway, queue, worker and store in one process and one folder, and
//! the operator's commands.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use common::program;
use load::flood::{self, FloodArgs};
use load::generate::{self, GenerateArgs};

mod aggregate;
mod archive;
mod data_dir;
mod deployment;
mod dispatcher;
mod redrive;
mod replay;
mod republish;
mod serve;

use aggregate::AggregateArgs;
use redrive::RedriveArgs;
use replay::ReplayArgs;
use serve::ServeArgs;

/// A multi-tenant backend for logs and web analytics: takes a flood, loses nothing, counts nothing
/// twice.
#[derive(Parser)]
#[command(name = "spillway", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    serve: Box<ServeArgs>,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything in this process (what no command does too).
    Serve(Box<ServeArgs>),
    /// Send texts to a deployment at a fixed rate, read them back, and report what is wrong.
    Flood(Box<FloodArgs>),
    // Its help stands at its arguments.
    Generate(GenerateArgs),
    /// Count everything again from the raw archive, and compare it with the live store.
    Aggregate(AggregateArgs),
    /// Publish archived messages again: what is stored stays as it is, what is missing comes back.
    Replay(ReplayArgs),
    // Its help stands at its arguments.
    Redrive(RedriveArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => program::ended(serve::serve(*args).await),
        Command::Flood(args) => flood::run(*args).await,
        Command::Generate(args) => generate::run(args).await,
        Command::Aggregate(args) => aggregate::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Redrive(args) => redrive::run(args).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_version_is_that_of_spillway() {
        let expected = format!("spillway {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(Cli::command().render_version(), expected);
    }
}
