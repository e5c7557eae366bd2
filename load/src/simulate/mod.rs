//! `spillway simulate`: several customers send access logs, the server is killed on the way, and in
//! the end its counts are compared with the command's own.

mod args;
mod body;
mod count;
mod error;
mod read;
mod report;
mod scenario;
mod send;
mod server;
mod simulation;

#[cfg(test)]
mod peer;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use common::{program, signal};
use tokio::time::Instant;

pub use args::SimulateArgs;
pub use server::{Server, Url};

use crate::setup::SetupError;

use error::SimulateError;
use report::Report;
use simulation::Simulation;

/// The exit code after Ctrl-C, by the shell's convention: 128 plus the signal's number.
const INTERRUPTED: u8 = 130;

/// Simulates, prints the report, and returns the exit code that the command's help promises. `S` is
/// the server that it starts if no deployment is named.
pub async fn run<S: Server>(args: SimulateArgs) -> ExitCode {
    tokio::select! {
        biased;
        () = signal::stop_requested() => ExitCode::from(INTERRUPTED),
        result = simulate::<S>(&args) => result.map_or_else(fail, |report| print(&report)),
    }
}

fn print(report: &Report) -> ExitCode {
    print!("{report}");
    if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn fail(error: SimulateError) -> ExitCode {
    let is_usage = matches!(error, SimulateError::Setup(SetupError::Usage(_)));
    let failure = program::ended(Err(error));
    if is_usage { ExitCode::from(2) } else { failure }
}

async fn simulate<S: Server>(args: &SimulateArgs) -> Result<Report, SimulateError> {
    let began = Instant::now();
    let report = match args.target() {
        Some(target) => Simulation::new(args, target)?.run(None::<&mut S>).await?,
        None => on_its_own::<S>(args).await?,
    };
    Ok(Report { took: began.elapsed(), ..report })
}

/// Starts a server, simulates, and ends it. Its data is kept if something is wrong.
async fn on_its_own<S: Server>(args: &SimulateArgs) -> Result<Report, SimulateError> {
    let mut server = S::start().await.map_err(SimulateError::Start)?;
    let url = server.url().clone();
    let report = Simulation::new(args, &url)?.run(Some(&mut server)).await?;
    let kept = (!report.is_well()).then(|| server.keep());
    Ok(Report { kept, ..report })
}
