//! `spillway flood`: floods a deployment, reads everything back, and reports what is wrong.

mod args;
mod census;
mod duration;
mod plan;
mod readback;
mod reader;
mod report;
mod send;
mod text;

#[cfg(test)]
mod peer;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use reqwest::header::HeaderValue;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use args::FloodArgs;

use crate::backoff::Pace;
use crate::http::{ClientError, NobodyThere, client};
use crate::progress::progress;

use plan::Plan;
use readback::ReadBack;
use reader::{ReadError, Reader};
use report::{Report, Run};
use send::{Sender, Sending};

/// The pauses between the tries of one request.
const RETRY_PACE: Pace =
    Pace { first: Duration::from_millis(250), longest: Duration::from_secs(10) };

/// The pauses between two passes of the read-back.
const POLL_PACE: Pace = Pace { first: Duration::from_millis(500), longest: Duration::from_secs(5) };

/// How long a failing read is tried again, even when the time for the read-back is over.
const READ_GRACE: Duration = Duration::from_secs(15);

/// The exit code of a command that was interrupted, as shells have it: 128 and the signal's number.
const INTERRUPTED: u8 = 130;

/// Why there is no report.
#[derive(Debug, Error)]
enum FloodError {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
    /// There is no HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nobody answers at the target.
    #[error(transparent)]
    NobodyThere(#[from] NobodyThere),
    /// The reads need another token, or one at all.
    #[error("reading from {target} is not allowed ({status}): give its READ_TOKEN by --token")]
    NotAllowed { target: String, status: u16 },
    /// It answers, though not as Spillway does.
    #[error("{target} does not answer as Spillway does: {reason}")]
    Stranger { target: String, reason: ReadError },
    /// The report cannot be written as JSON.
    #[error("the report cannot be written")]
    Report(#[from] serde_json::Error),
}

/// One run, ready to begin.
struct Flood {
    args: FloodArgs,
    plan: Arc<Plan>,
    client: reqwest::Client,
    authorization: Option<HeaderValue>,
    retry_pace: Pace,
    poll_pace: Pace,
    read_grace: Duration,
}

/// Runs the command: floods, reads back, prints the report, and tells by its exit code whether
/// all is well.
pub async fn run(args: FloodArgs) -> ExitCode {
    let (stop, end) = (CancellationToken::new(), CancellationToken::new());
    let listener = tokio::spawn(heed_ctrl_c(stop.clone(), end.clone()));
    let code = tokio::select! {
        biased;
        () = end.cancelled() => ExitCode::from(INTERRUPTED),
        result = flood_and_print(args, &stop) => result.unwrap_or_else(|error| fail(&error)),
    };
    listener.abort();
    code
}

/// The first Ctrl-C asks to come to an end, the second one ends.
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

fn fail(error: &FloodError) -> ExitCode {
    let mut told = format!("spillway flood: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        told.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    eprintln!("{told}");
    match error {
        FloodError::Usage(_) => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}

impl Flood {
    fn new(args: FloodArgs) -> Result<Self, FloodError> {
        let run = format!("{:08x}", rand::random::<u32>());
        Ok(Self {
            plan: Arc::new(args.plan(run).map_err(FloodError::Usage)?),
            client: client(
                "spillway-flood",
                args.target(),
                args.connections(),
                args.request_timeout(),
            )?,
            authorization: args.authorization().map_err(FloodError::Usage)?,
            args,
            retry_pace: RETRY_PACE,
            poll_pace: POLL_PACE,
            read_grace: READ_GRACE,
        })
    }

    /// Sends all, reads all back, and puts the report together.
    async fn run(&self, stop: &CancellationToken) -> Result<Report, FloodError> {
        self.probe().await?;
        let sending = self.send(stop).await;
        // A stop that ended the sending does not end the waiting too.
        let hurry = match stop.is_cancelled() {
            true => CancellationToken::new(),
            false => stop.clone(),
        };
        Ok(self.read_back(&sending, hurry).await)
    }

    /// Finds out before the flood whether there is a server, and whether it lets us read.
    async fn probe(&self) -> Result<(), FloodError> {
        let reader = self.reader(CancellationToken::new(), ProgressBar::hidden());
        let target = self.args.base();
        reader.probe(&self.plan.tenant(0)).await.map_err(|error| match error {
            ReadError::NoAnswer { why, .. } => NobodyThere { target, why }.into(),
            ReadError::Refused { status: status @ (401 | 403), .. } => {
                FloodError::NotAllowed { target, status }
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
            pace: self.retry_pace,
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
            pace: self.poll_pace,
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
            pace: self.retry_pace,
            deadline: Instant::now() + self.args.read_back_timeout(),
            grace: self.read_grace,
            hurry,
            bar,
        }
    }
}
