//! Spillway on one machine: gateway, queue, worker and store in one process and one folder, and the
//! operator's commands.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use common::program;
use load::flood::{self, FloodArgs};
use load::generate::{self, GenerateArgs};
use load::import::{self, ImportArgs};
use load::simulate::SimulateArgs;
use mimalloc::MiMalloc;

mod aggregate;
mod archive;
mod command_line;
mod completions;
mod config_file;
mod databases;
mod deployment;
mod dispatcher;
mod export;
mod forget;
mod greeting;
mod held_folder;
mod listen;
mod man;
mod redrive;
mod remove_expired;
mod replay;
mod republish;
mod serve;
mod server;
mod simulate;
mod site;

use aggregate::AggregateArgs;
use completions::CompletionsArgs;
use export::ExportArgs;
use forget::ForgetArgs;
use man::ManArgs;
use redrive::RedriveArgs;
use replay::ReplayArgs;
use serve::ServeArgs;
use site::SiteArgs;

/// A flood allocates on all threads at once, which takes the system's allocator twice as long.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A multi-tenant backend for logs and web analytics: it takes a flood, loses nothing and counts
/// nothing twice.
///
/// Without a command it serves: the API, the queue, the worker and the store in one process and one
/// data folder. Each option below is also an environment variable, shown in brackets, and a setting of
/// the file that --config names. An option wins over its variable, and the variable over the file.
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
    /// Run everything in this process; this is the default.
    Serve(Box<ServeArgs>),
    // The help of the commands below is in their arguments' comments.
    Flood(Box<FloodArgs>),
    Generate(GenerateArgs),
    Simulate(SimulateArgs),
    Aggregate(AggregateArgs),
    Replay(ReplayArgs),
    Redrive(RedriveArgs),
    Site(SiteArgs),
    Export(ExportArgs),
    Forget(ForgetArgs),
    Import(ImportArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

fn command() -> clap::Command {
    command_line::with_config(Cli::command())
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli: Cli = match command_line::parse(command(), std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => {
            program::ended(Err(error));
            return ExitCode::from(2);
        }
    };
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => program::ended(serve::serve(*args).await),
        Command::Flood(args) => flood::run(*args).await,
        Command::Generate(args) => generate::run(args).await,
        Command::Simulate(args) => simulate::run(args).await,
        Command::Aggregate(args) => aggregate::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Redrive(args) => redrive::run(args).await,
        Command::Site(args) => site::run(args).await,
        Command::Export(args) => export::run(args).await,
        Command::Forget(args) => forget::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::Completions(args) => completions::run(&args, command()),
        Command::Man(args) => man::run(&args, command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_names_spillway() {
        let expected = format!("spillway {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(command().render_version(), expected);
    }
}
