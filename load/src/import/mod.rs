//! `spillway import`: the events that another web analytics exported, sent through the public API.

mod args;
mod draft;
mod goatcounter;
mod rows;
mod summary;
mod umami;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use common::backoff::Backoff;
use common::program;
use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use indicatif::ProgressBar;
use thiserror::Error;

pub use args::ImportArgs;

use crate::http;
use crate::progress::progress;
use crate::sender::{NotTaken, Sender};
use crate::setup::SetupError;

use args::Product;
use draft::{Draft, Unreadable};
use rows::{Row, Rows};
use summary::{Outcome, Summary};

/// How many requests are sent at the same time.
const AT_ONCE: usize = 64;
/// How often an event is sent at most: enough for a server that is gone for a minute.
const TRIES: u32 = 20;
/// How long to wait between the tries of one event.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Why not all rows were looked at.
#[derive(Debug, Error)]
enum ImportError {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error("cannot read {0}")]
    File(PathBuf, #[source] io::Error),
    #[error("{0} is not an export of {1}: the column {2} is missing")]
    NoColumn(PathBuf, &'static str, &'static str),
    /// Some events were sent; it is safe to send all of them again.
    #[error("the import stopped after {0} rows; started again, each event still counts once")]
    NotTaken(u64, #[source] NotTaken),
}

/// Some rows were not taken.
#[derive(Debug, Error)]
#[error("some rows were not taken; the others were, and count once if the file is imported again")]
struct Refusals;

/// Sends the events, prints a summary, and returns the exit code that the command's help promises.
pub async fn run(args: ImportArgs) -> ExitCode {
    match import(&args).await {
        Ok(summary) => {
            println!("{summary}");
            if summary.refused.is_empty() {
                ExitCode::SUCCESS
            } else {
                program::ended(Err(Refusals))
            }
        }
        Err(error) => {
            let is_usage = matches!(error, ImportError::NoColumn(..));
            let code = program::ended(Err(error));
            if is_usage { ExitCode::from(2) } else { code }
        }
    }
}

async fn import(args: &ImportArgs) -> Result<Summary, ImportError> {
    // Counted first, for the bar.
    let rows = rows(args)?.count();
    let sender = sender(args)?;
    sender.probe().await?;
    let bar = progress(rows, "importing");
    let sent = send_all(&sender, args, &bar).await;
    let looked_at = bar.position();
    bar.finish_and_clear();
    sent.map_err(|error| match error {
        Stop::File(error) => ImportError::File(args.file.clone(), error),
        Stop::NotTaken(error) => ImportError::NotTaken(looked_at, error),
    })
}

/// Why sending stopped.
enum Stop {
    File(io::Error),
    NotTaken(NotTaken),
}

fn rows(args: &ImportArgs) -> Result<Rows, ImportError> {
    let rows = Rows::open(&args.file);
    let rows = rows.map_err(|error| ImportError::File(args.file.clone(), error))?;
    let needed = args.product.columns().iter();
    match needed.copied().find(|name| !rows.has(name)) {
        Some(name) => Err(ImportError::NoColumn(args.file.clone(), args.product.name(), name)),
        None => Ok(rows),
    }
}

fn sender(args: &ImportArgs) -> Result<Sender, SetupError> {
    let client = http::client("spillway-import", &args.target, AT_ONCE, REQUEST_TIMEOUT)?;
    let base = http::base(&args.target);
    Ok(Sender { client, base, at_once: AT_ONCE, most_tries: TRIES, backoff: BACKOFF })
}

async fn send_all(sender: &Sender, args: &ImportArgs, bar: &ProgressBar) -> Result<Summary, Stop> {
    let rows = Rows::open(&args.file).map_err(Stop::File)?;
    let mut drafts = args.product.drafts();
    stream::iter(rows)
        .map(|row| row.map(|row| (row.line, drafts(&row))))
        .map(|row| async move {
            let (line, draft) = row.map_err(Stop::File)?;
            send(sender, args, line, draft).await.map_err(Stop::NotTaken)
        })
        .buffer_unordered(AT_ONCE)
        .inspect_ok(|_| bar.inc(1))
        .try_fold(Summary::default(), |summary, outcome| future::ok(summary.with(outcome)))
        .await
}

async fn send(
    sender: &Sender,
    args: &ImportArgs,
    line: u64,
    draft: Result<Option<Draft>, Unreadable>,
) -> Result<Outcome, NotTaken> {
    let event = match draft {
        Ok(Some(draft)) => draft.event(args.site.as_str()),
        Ok(None) => return Ok(Outcome::LeftOut),
        Err(why) => return Ok(Outcome::Refused(line, why.to_string())),
    };
    match sender.send(event).await {
        Ok(_) => Ok(Outcome::Taken),
        Err(error) if !error.is_passing => Ok(Outcome::Refused(line, error.answer)),
        Err(error) => Err(error),
    }
}

/// What makes an event of a row, if it is a visitor's.
type Drafts = dyn FnMut(&Row) -> Result<Option<Draft>, Unreadable>;

impl Product {
    /// What makes an event of each row, in the order of the rows.
    fn drafts(self) -> Box<Drafts> {
        match self {
            Self::Umami => Box::new(umami::draft),
            Self::Goatcounter => {
                let mut seen = goatcounter::Seen::default();
                Box::new(move |row| goatcounter::draft(row, &mut seen))
            }
        }
    }

    /// The columns that its export cannot be without.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Umami => &umami::COLUMNS,
            Self::Goatcounter => &goatcounter::COLUMNS,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Umami => "Umami",
            Self::Goatcounter => "GoatCounter",
        }
    }
}
