//! `spillway flood`: sends at a fixed rate, reads everything back, and reports what is wrong.

mod args;
mod census;
mod findings;
mod plan;
mod readback;
mod reader;
mod render;
mod report;
mod send;
mod sighting;
mod text;

#[cfg(test)]
mod peer;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use common::backoff::Backoff;
use common::program;
use indicatif::ProgressBar;
use reqwest::header::HeaderValue;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use args::FloodArgs;

use crate::http::{NobodyThere, client};
use crate::progress::progress;
use crate::setup::SetupError;

use plan::Plan;
use readback::ReadBack;
use reader::{ReadError, Reader};
use report::{Report, Run};
use send::{Sender, Sending};

/// How long to wait between the tries of one request.
const RETRY: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));

/// How long to wait between two passes of the read-back.
const POLL: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));

/// How long a failing read is retried, even after the time for reading back is up.
const READ_GRACE: Duration = Duration::from_secs(15);

/// The exit code after Ctrl-C, by the shell's convention: 128 plus the signal's number.
const INTERRUPTED: u8 = 130;

/// Why there is no report.
#[derive(Debug, Error)]
enum FloodError {
    /// The flood cannot begin.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The server is not Spillway.
    #[error("{target} does not seem to be Spillway: {reason}")]
    Stranger { target: String, reason: ReadError },
    /// The report could not be written as JSON.
    #[error("cannot write the report")]
    Report(#[from] serde_json::Error),
}

/// A run that is ready to start.
struct Flood {
    args: FloodArgs,
    plan: Arc<Plan>,
    client: reqwest::Client,
    authorization: Option<HeaderValue>,
    retry: Backoff,
    poll: Backoff,
    read_grace: Duration,
}

/// Floods, reads back, prints the report, and returns the exit code that the command's help promises.
pub async fn run(args: FloodArgs) -> ExitCode {
    let (stop, end) = (CancellationToken::new(), CancellationToken::new());
    let listener = tokio::spawn(heed_ctrl_c(stop.clone(), end.clone()));
    let code = tokio::select! {
        biased;
        () = end.cancelled() => ExitCode::from(INTERRUPTED),
        result = flood_and_print(args, &stop) => result.unwrap_or_else(fail),
    };
    listener.abort();
    code
}

/// The first Ctrl-C stops the run, the second one ends the program.
async fn heed_ctrl_c(stop: CancellationToken, end: CancellationToken) {
    for token in [stop, end] {
        if tokio::signal::ctrl_c().await.is_ok() {
            token.cancel();
        }
    }
}

async fn flood_and_print(
    args: FloodArgs,
    stop: &CancellationToken,
) -> Result<ExitCode, FloodError> {
    let json = args.json();
    let report = Flood::new(args)?.run(stop).await?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{report}"),
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn fail(error: FloodError) -> ExitCode {
    let is_usage = matches!(error, FloodError::Setup(SetupError::Usage(_)));
    let failure = program::ended(Err(error));
    if is_usage { ExitCode::from(2) } else { failure }
}

impl Flood {
    fn new(args: FloodArgs) -> Result<Self, SetupError> {
        let run = format!("{:08x}", rand::random::<u32>());
        Ok(Self {
            plan: Arc::new(args.plan(run).map_err(SetupError::Usage)?),
            client: client(
                "spillway-flood",
                args.target(),
                args.connections(),
                args.request_timeout(),
            )?,
            authorization: args.authorization().map_err(SetupError::Usage)?,
            args,
            retry: RETRY,
            poll: POLL,
            read_grace: READ_GRACE,
        })
    }

    /// Sends everything, reads everything back, and makes the report.
    async fn run(&self, stop: &CancellationToken) -> Result<Report, FloodError> {
        self.probe().await?;
        let sending = self.send(stop).await;
        // A stop that ended the sending does not also cut the waiting short.
        let hurry = match stop.is_cancelled() {
            true => CancellationToken::new(),
            false => stop.clone(),
        };
        Ok(self.read_back(&sending, hurry).await)
    }

    /// Checks before the flood that a server is there and lets us read.
    async fn probe(&self) -> Result<(), FloodError> {
        let reader = self.reader(CancellationToken::new(), ProgressBar::hidden());
        let target = self.args.base();
        reader.probe(&self.plan.tenant(0)).await.map_err(|error| match error {
            ReadError::NoAnswer { error, .. } => {
                SetupError::from(NobodyThere::new(target, &error)).into()
            }
            ReadError::Refused { status: status @ (401 | 403), .. } => {
                SetupError::NotAllowed { target, status }.into()
            }
            reason => FloodError::Stranger { target, reason },
        })
    }

    async fn send(&self, stop: &CancellationToken) -> Sending {
        let bar = progress(self.plan.records, "sending");
        let sender = Sender {
            plan: Arc::clone(&self.plan),
            client: self.client.clone(),
            base: self.args.base(),
            in_flight: Arc::new(Semaphore::new(self.args.connections())),
            most_tries: self.args.tries(),
            backoff: self.retry,
            stop: stop.clone(),
        };
        let sending = send::send(Arc::new(sender), &bar).await;
        bar.finish_and_clear();
        sending
    }

    async fn read_back(&self, sending: &Sending, hurry: CancellationToken) -> Report {
        let began = Instant::now();
        let bar = progress(sending.promised(), "reading back");
        let read_back = ReadBack {
            reader: self.reader(hurry.clone(), bar.clone()),
            plan: &self.plan,
            outcomes: &sending.outcomes,
            verify: self.args.verify(),
            backoff: self.poll,
        };
        let found = read_back.run().await;
        bar.finish_and_clear();
        let run = Run {
            target: &self.args.base(),
            plan: &self.plan,
            reading_took: began.elapsed(),
            reading_stopped: hurry.is_cancelled(),
        };
        Report::new(&run, sending, &found)
    }

    fn reader(&self, hurry: CancellationToken, bar: ProgressBar) -> Reader {
        Reader {
            client: self.client.clone(),
            base: self.args.base(),
            authorization: self.authorization.clone(),
            backoff: self.retry,
            deadline: Instant::now() + self.args.read_back_timeout(),
            grace: self.read_grace,
            hurry,
            bar,
        }
    }
}
